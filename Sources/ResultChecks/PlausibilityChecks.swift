import Measures
import RunRecords

/// What no machine can do, and what two counters of the same thing have to agree on.
enum PlausibilityChecks {
    /// Seconds and shares by which the kernel's ticks and a sampler's clock may be off.
    private static let (slackSeconds, slackShare) = (0.2, 1.05)
    /// Bytes a second through one machine's memory: more than any loopback carries.
    private static let fastestBytesPerSecond = 200e9
    /// Seconds of CPU, of all programs together, below which nobody has taken in and passed on a message.
    private static let leastCPUPerMessage = 1e-6

    static func add(_ run: RunRecord, to findings: inout Findings) {
        findings.add(
            "plausible", speed(run) + latency(run) + memory(run) + ResourceChecks.commits(run),
            "nothing faster than a machine can be")
        guard let resources = run.resources else {
            if run.schema == RunRecord.schema {
                return findings.add("resources", ["the record has no resources by the kernel's account"], "")
            }
            return findings.skip("resources", "the record has no resources by the kernel's account")
        }
        findings.add(
            "resources", accounts(run, resources) + ResourceChecks.problems(run, resources),
            "the programs' accounts agree with the kernel's")
    }

    private static func speed(_ run: RunRecord) -> [String] {
        var problems = Problems()
        var cpu = 0.0
        for (name, header) in RecordForm.headers(run) {
            let wall = header.endedUnixSeconds - header.startedUnixSeconds
            cpu += header.usage.cpuSeconds
            let possible = Double(run.machine.cores) * wall * slackShare + slackSeconds
            problems.expect(
                header.usage.cpuSeconds <= possible,
                "\(name) used \(fixed(header.usage.cpuSeconds, 2)) s of CPU in \(fixed(wall, 2)) s on "
                    + "\(run.machine.cores) cores")
        }
        let messages = [
            ("generator", run.generator.accepted, run.generator.header), ("sink", run.sink.received, run.sink.header),
        ]
        for (name, count, header) in messages {
            problems.expect(
                header.usage.cpuSeconds >= Double(count) * leastCPUPerMessage,
                "\(name) used \(fixed(header.usage.cpuSeconds, 6)) s of CPU for \(count) messages")
        }
        if let system = run.resources?[.system], run.mta == nil { cpu += system.cpuSeconds }
        problems.expect(
            cpu + 0.02 >= Double(run.sink.received) * leastCPUPerMessage,
            "\(fixed(cpu, 6)) s of CPU for \(run.sink.received) messages")
        let seconds = run.sink.lastReceivedUnixSeconds - run.generator.firstOfferedUnixSeconds
        if run.sink.received > 0 {
            let rate = Double(run.sink.receivedBytes) / max(seconds, 1e-9)
            problems.expect(
                rate <= fastestBytesPerSecond,
                "\(run.sink.receivedBytes) bytes in \(fixed(seconds, 6)) s: more than a machine can move")
        }
        return problems.list
    }

    /// Little's law: no connection has more than two transactions in flight, or a request's messages, so the time that
    /// all of them took together fits into the connections' time.
    private static func latency(_ run: RunRecord) -> [String] {
        let generator = run.generator
        let histogram = generator.transactionLatency
        let spent = histogram.mean_ns / 1e9 * Double(histogram.count)
        let depth = max(generator.pipelining ? 2 : 1, generator.transport?.batchSize ?? 1)
        let possible = Double(generator.concurrency) * Double(depth) * generator.elapsedSeconds
        var problems = Problems()
        problems.expect(
            spent <= possible * slackShare + slackSeconds,
            "\(histogram.count) transactions took \(fixed(spent, 1)) s together, \(generator.concurrency) connections "
                + "had room for \(fixed(possible, 1)) s in \(fixed(generator.elapsedSeconds, 3)) s")
        let longest = Double(histogram.max_ns) / 1e9
        problems.expect(
            longest <= generator.elapsedSeconds + slackSeconds,
            "the longest transaction took \(fixed(longest, 3)) s, all of the run \(fixed(generator.elapsedSeconds, 3)) s"
        )
        return problems.list
    }

    private static func memory(_ run: RunRecord) -> [String] {
        RecordForm.headers(run).filter { $0.header.usage.memoryPeakBytes > run.machine.memoryBytes }.map {
            "\($0.name) had \($0.header.usage.memoryPeakBytes) bytes of memory, the machine has \(run.machine.memoryBytes)"
        }
    }

    // MARK: Two accounts of the same

    private static func accounts(_ run: RunRecord, _ resources: ResourceRecord) -> [String] {
        var problems = Problems()
        // A generator at the first message and a relay at its end are counted by both; small shares are ticks.
        let own: [(ResourceRecord.Group, ProcessUsage?)] = [
            (.generator, run.generator.header.usage), (.sink, run.sink.header.usage),
            (.system, run.mta?.header.usage),
        ]
        for (group, usage) in own {
            guard let usage, let outside = resources[group] else { continue }
            problems.expect(
                outside.cpuSeconds <= usage.cpuSeconds * slackShare + slackSeconds,
                "\(group.rawValue) reports \(fixed(usage.cpuSeconds, 2)) s of CPU, the kernel counted "
                    + "\(fixed(outside.cpuSeconds, 2)) s")
        }
        for group in ResourceRecord.Group.allCases {
            guard let usage = resources[group] else { continue }
            problems.expectSamples(group.rawValue, resources.samples, usage, slackSeconds, slackShare)
        }
        let moved = run.generator.acceptedBytes
        if resources.loopbackBytes > 0, run.generator.target.hasPrefix("127.") {
            problems.expect(
                resources.loopbackBytes >= moved,
                "\(resources.loopbackBytes) bytes came over the loopback, the generator sent \(moved)")
        }
        let loopback = resources.samples.map(\.loopbackBytes).reduce(0, +)
        problems.expect(
            loopback <= resources.loopbackBytes,
            "samples of the loopback sum to \(loopback) bytes, all of the run to \(resources.loopbackBytes)")
        if let written = resources.deviceWriteBytes {
            let sampled = resources.samples.map(\.deviceWriteBytes).reduce(0, +)
            problems.expect(
                sampled <= written, "samples of the device sum to \(sampled) bytes, all of the run to \(written)")
        }
        return problems.list
    }
}

extension Problems {
    /// The seconds of a group sum to no more than all of the run, and none has more memory than the peak.
    fileprivate mutating func expectSamples(
        _ name: String, _ samples: [ResourceSample], _ usage: GroupUsage, _ slackSeconds: Double, _ slackShare: Double
    ) {
        let sampled = samples.map { ($0.cpuUserSeconds[name] ?? 0) + ($0.cpuSystemSeconds[name] ?? 0) }.reduce(0, +)
        expect(
            sampled <= usage.cpuSeconds * slackShare + slackSeconds,
            "\(name): samples sum to \(fixed(sampled, 2)) s of CPU, all of the run to \(fixed(usage.cpuSeconds, 2)) s")
        let largest = samples.compactMap { $0.memoryBytes[name] }.max() ?? 0
        expect(
            largest <= usage.memoryPeakBytes,
            "\(name): a sample has \(largest) bytes of memory, the peak is \(usage.memoryPeakBytes)")
    }
}
