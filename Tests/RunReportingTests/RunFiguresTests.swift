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
