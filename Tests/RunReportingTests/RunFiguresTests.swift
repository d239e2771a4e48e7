import RunRecords
import RunReporting
import Testing

/// Each figure against arithmetic done by hand.
@Suite struct RunFiguresTests {
    @Test(arguments: [
        ("accepted_msg_per_s", 500.0), ("accepted_mmh", 1.8),
        ("delivered_msg_per_s", 400), ("delivered_mmh", 1.44), ("delivered_mb_per_s", 4.2),
        ("delivered_gbit_per_s", 0.0336),
        ("system_messages_per_cpu_s", 1666.666_666_666_666_7),
        ("transaction_latency_ms_p90", 8), ("transaction_latency_ms_p99", 8), ("transaction_latency_ms_max", 8),
        ("delivery_latency_ms_p50", 4), ("delivery_latency_ms_p999", 4), ("delivery_latency_ms_max", 4),
        ("generator_cpu_us_per_message_user", 100), ("generator_cpu_us_per_message_system", 50),
        ("generator_cpu_us_per_message_total", 150),
        ("mta_cpu_us_per_message_user", 400), ("mta_cpu_us_per_message_system", 200),
        ("mta_cpu_us_per_message_total", 600),
        ("sink_cpu_us_per_message_user", 20), ("sink_cpu_us_per_message_system", 30),
        ("sink_cpu_us_per_message_total", 50),
        ("generator_memory_peak_mib", 64), ("mta_memory_peak_mib", 256), ("sink_memory_peak_mib", 32),
        ("mta_disk_write_bytes_per_message", 21_000), ("mta_messages_per_commit", 12.5),
        ("mta_commit_latency_ms_p50", 0.5),
        // 0.36 USD an hour at 1,440,000 messages an hour; 10,500 bytes × 1000 at 0.09 USD a GB.
        ("cpm_compute_usd_c5_2xlarge", 0.00025), ("cpm_egress_usd_c5_2xlarge", 0.000945),
    ]) func value(key: String, expected: Double) throws {
        let figures = RunFigures(try RunFixture.run()).figures
        let figure = try #require(figures.first { $0.key == key })
        #expect(abs(figure.value - expected) <= abs(expected) * 1e-9, "\(figure.value)")
    }

    /// HdrHistogram keeps three digits: below the largest value a percentile is exact to a thousandth.
    @Test func medianBelowTheLargest() throws {
        var record = try RunFixture.run()
        record.generator.transactionLatency.record(nanoseconds: 1_000_000, count: 1000)
        let figure = try #require(RunFigures(record).figures.first { $0.key == "transaction_latency_ms_p50" })
        #expect(abs(figure.value - 1) < 0.001)
    }

    @Test func keysAreUniqueAndCarryTheirUnit() throws {
        let figures = RunFigures(try RunFixture.run()).figures
        #expect(Set(figures.map(\.key)).count == figures.count)
        let words = [
            "MMH": "mmh", "msg/s": "msg_per_s", "MB/s": "mb_per_s", "Gbit/s": "gbit_per_s",
            "msg/CPU s": "messages_per_cpu_s", "ms": "_ms_", "µs/msg": "us_per_message",
            "MiB": "mib",
            "bytes/msg": "bytes_per_message", "msg": "messages", "USD": "usd",
        ]
        for figure in figures {
            let word = try #require(words[figure.unit], "\(figure.key) is in '\(figure.unit)'")
            #expect(figure.key.contains(word), "\(figure.key) does not say \(figure.unit)")
            #expect(
                figure.key.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }, "\(figure.key)")
        }
    }

    private func keys(_ run: RunRecord) -> [String] { RunFigures(run).figures.map(\.key) }

    private func value(_ key: String, _ run: RunRecord) -> Double? {
        RunFigures(run).figures.first { $0.key == key }?.value
    }

    /// The MTA's record has the whole life of the MTA in it: what went through it before, and after a crash not all.
    @Test func whatTheMTACountedOfOtherMailIsLeftOut() throws {
        var watched = GroupUsage()
        watched.cpuUserSeconds = 0.5
        var resources = ResourceRecord(method: "cgroup")
        resources[.system] = watched
        let bends: [(inout RunRecord) -> Void] = [
            { $0.warmUpMessages = 500 },
            {
                $0.scenario = ScenarioRecord(
                    rateSearch: RateSearchFacts(sustainedPerSecond: 1, failedAtPerSecond: nil, steps: []))
            },
            { $0.profile.crashAfterSeconds = 5 },
        ]
        for bend in bends {
            var run = try RunFixture.run()
            run.resources = resources
            #expect(keys(run).contains("mta_messages_per_commit"))
            bend(&run)
            #expect(!keys(run).contains { $0.hasPrefix("mta_") || $0.hasPrefix("delivery_latency") })
            #expect(value("system_cpu_us_per_message_total", run) == 500)
            #expect(value("system_messages_per_cpu_s", run) == 2000)
            run.resources = nil
            #expect(!keys(run).contains("system_messages_per_cpu_s"), "the MTA's own CPU is that of other mail, too")
        }
    }

    /// A notification has no id; what came again after a crash has one that was there.
    @Test func onlyTheGeneratorsMailIsDeliveredAndOnce() throws {
        var run = try RunFixture.run()
        run.sink.received = 1500
        run.sink.ledger = .init(unique: 1000, duplicates: 300, unidentified: 200)
        #expect(value("delivered_msg_per_s", run) == 400)
        #expect(value("generator_cpu_us_per_message_user", run) == 100)
        run.sink.ledger = nil
        #expect(value("delivered_msg_per_s", run) == 600, "all that is known")
    }

    /// A warm-up of 0.5 s with 400 of the 1,000 messages: 600 in 1.5 s were accepted, in 2 s delivered.
    @Test func theLoadsWarmUpIsNotMeasured() throws {
        var run = try RunFixture.run()
        run.sink.endToEndLatency = run.generator.transactionLatency
        #expect(keys(run).contains("end_to_end_latency_ms_p50"))
        run.generator.warmUp = WarmUpFacts(
            seconds: 0.5, offered: 400, accepted: 400, transactionLatency: run.generator.transactionLatency)
        #expect(value("accepted_msg_per_s", run) == 400)
        #expect(value("delivered_msg_per_s", run) == 300)
        #expect(!keys(run).contains { $0.hasPrefix("end_to_end") || $0.hasPrefix("delivery_latency") })
        run.measuredEndToEndLatency = run.generator.transactionLatency
        #expect(value("end_to_end_latency_ms_max", run) == 8)
        let warnings = try ComparisonReport([run]).warnings
        #expect(warnings.contains { $0.hasPrefix("the load's warm-up is in what is counted a message") })
        run.generator.warmUp?.seconds = 10
        #expect(value("accepted_msg_per_s", run) == 0, "it was over before anything was measured")
    }

    @Test func aRunWithoutMessagesHasNoRateAndNoNonsense() throws {
        var record = try RunFixture.run()
        record.generator.accepted = 0
        (record.generator.firstOfferedUnixSeconds, record.generator.lastAcceptedUnixSeconds) = (0, 0)
        (record.sink.received, record.sink.lastReceivedUnixSeconds) = (0, 0)
        record.mta!.commits = 0
        for figure in RunFigures(record).figures { #expect(figure.value.isFinite, "\(figure.key)") }
        #expect(RunFigures(record).figures.first { $0.key == "delivered_mmh" }?.value == 0)
    }
}
