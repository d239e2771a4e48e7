import Measures
import RunRecords

/// Runs as a comparison makes them: a minute long, with a sample a second, curves of latency, resources and evidence.
enum PageFixture {
    private static let messages = 800_000

    /// Of the systems of ``RunFixture/variants``, `repeats` runs each, in turns; no two alike, and always the same.
    static func comparison(systems: Range<Int> = 0..<4, repeats: Int = 6) throws -> [RunRecord] {
        var random = SplitMix64(seed: 42)
        var runs: [RunRecord] = []
        for index in 1...repeats {
            for system in systems {
                let noise = 1 + (Double.random(in: -1...1, using: &random)) * 0.04
                runs.append(try run(system, index, repeats, seconds: [70, 68, 61, 60][system] * noise, &random))
            }
        }
        return runs
    }

    private static func run(
        _ system: Int, _ index: Int, _ repeats: Int, seconds: Double, _ random: inout SplitMix64
    ) throws -> RunRecord {
        var run = try RunFixture.variant(
            system, lastReceived: 1000 + seconds, repeatIndex: index, repeats: repeats,
            deviceWriteBytes: UInt64(messages) * [11_400, 4_200, 80, 7][system])
        run.startedUnixSeconds = 1_795_000_000 + Double(index * 400 + system * 90)
        run.profile.messages = messages
        (run.generator.offered, run.generator.accepted) = (UInt64(messages), UInt64(messages))
        (run.sink.received, run.audit.acknowledged) = (UInt64(messages), UInt64(messages))
        run.sink.ledger?.unique = UInt64(messages)
        run.generator.runID = "0193a1b2c3d4e5\(index)\(system)"
        run.generator.header.usage.cpuUserSeconds = 28
        run.sink.header.usage.cpuUserSeconds = 12
        run.generator.lastAcceptedUnixSeconds = 999 + seconds
        run.generator.series = series(999 + seconds, &random)
        run.sink.series = series(1000 + seconds, &random)
        run.generator.transactionLatency = latency([4, 3.4, 2.6, 2.5][system], &random)
        run.sink.endToEndLatency = latency([9, 8, 6, 5.5][system], &random)
        run.resources = resources(seconds, system, &random)
        if system < 2 {
            run.evidence = DurabilityEvidence(
                method: "strace", messages: 20, syncs: SyncCounts(calls: ["fdatasync": system == 0 ? 20 : 0]),
                verdict: system == 0 ? .syncsEachMessage : .doesNotSync)
        }
        return run
    }

    private static func series(_ end: Double, _ random: inout SplitMix64) -> [IntervalSample] {
        stride(from: 1001.0, through: end, by: 1).map { second in
            let dip = Int(second) % 17 == 0 ? 0.6 : 1
            let messages = UInt64(12_000 * dip * Double.random(in: 0.85...1.15, using: &random))
            return IntervalSample(
                unixSeconds: second, messages: messages, bytes: messages * 10_500, failed: 0, connections: 20)
        }
    }

    private static func latency(_ median: Double, _ random: inout SplitMix64) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for _ in 0..<4_000 {
            let tail = Double.random(in: 0..<1, using: &random)
            let slow = 1 / max(1e-4, 1 - tail)
            let milliseconds = median * (0.6 + 0.4 * Double.random(in: 0..<1, using: &random)) * slow.squareRoot()
            histogram.record(nanoseconds: UInt64(milliseconds * 1e6))
        }
        return histogram
    }

    private static func resources(
        _ seconds: Double, _ system: Int, _ random: inout SplitMix64
    ) -> ResourceRecord {
        var record = ResourceRecord(method: "/proc, by tree of processes")
        for second in stride(from: 1001.0, through: 1000 + seconds, by: 1) {
            var sample = ResourceSample(unixSeconds: second)
            let share = Double.random(in: 0.9...1.1, using: &random)
            sample.cpuUserSeconds = ["system": 0.5 * share, "generator": 0.35 * share, "sink": 0.15]
            sample.cpuSystemSeconds = ["system": 0.4 * share, "generator": 0.2, "sink": 0.1 * share]
            record.samples.append(sample)
        }
        var usage = GroupUsage()
        (usage.cpuUserSeconds, usage.cpuSystemSeconds) = (36 - 3 * Double(system), 14)
        (usage.memoryPeakBytes, usage.diskWriteBytes) = (256 << 20, system < 2 ? 8_800_000_000 : 0)
        if system < 2 { usage.syncs = SyncCounts(calls: ["fdatasync": system == 0 ? 64_000 : 1]) }
        record[.system] = usage
        return record
    }
}
