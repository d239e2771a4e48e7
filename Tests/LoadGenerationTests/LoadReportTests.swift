import LoadGeneration
import Measures
import RunRecords
import Testing

@Suite struct LoadReportTests {
    private func record(cpu: Double = 0.2, threads: Int = 2) -> GeneratorRecord {
        let usage = ProcessUsage(cpuUserSeconds: cpu, cpuSystemSeconds: 0, memoryPeakBytes: 0, diskWriteBytes: 0)
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: GeneratorRecord.schema, arguments: [], threads: threads, startedUnixSeconds: 0,
                endedUnixSeconds: 10, usage: usage),
            target: "x", concurrency: 1, pipelining: true, chunking: false, bodySizeBytes: 1, messageSizeBytes: 1,
            runID: "")
        record.header.build = "release"
        record.elapsedSeconds = 10
        (record.offered, record.accepted) = (1000, 990)
        record.inDoubt = 10
        return record
    }

    private func warnings(
        _ record: GeneratorRecord, late: UInt64 = 0, seconds: Double = 10, cpu: Double = 0.2, busiest: Double = 0
    ) -> [String] {
        let effort = LoadEffort(seconds: seconds, cpuSeconds: cpu, busiestThread: busiest)
        return LoadWarnings(record: record, lateThoughFree: late, effort: effort).texts
    }

    @Test func ownLimitsAreSaid() {
        #expect(warnings(record()).isEmpty)
        #expect(warnings(record(), cpu: 19).contains { $0.contains("95 % of its 2 threads") })
        #expect(warnings(record(), busiest: 9.5).contains { $0.contains("one of its 2 threads") })
        #expect(warnings(record(), late: 1).isEmpty)
        #expect(warnings(record(), late: 2).contains { $0.contains("though a connection was free") })
        var dropped = record()
        dropped.droppedStarts = 5
        #expect(warnings(dropped).contains { $0.contains("5 messages were due and never began") })
    }

    /// What was used before the first connection, or in a moment, is no limit of the run.
    @Test func startingIsNotTheRun() {
        var short = record(cpu: 3)
        short.elapsedSeconds = 0.08
        #expect(!warnings(short, seconds: 0.09, cpu: 0.1).contains { $0.contains("saturated") })
        #expect(!warnings(record(cpu: 190), cpu: 0.2).contains { $0.contains("saturated") })
    }

    @Test func whatWasNotMeasuredIsSaid() {
        var warm = record()
        warm.warmUp = WarmUpFacts(seconds: 5, offered: 1000, accepted: 990, transactionLatency: LatencyHistogram())
        #expect(warnings(warm).contains { $0.contains("nothing was measured") })
        warm.warmUp?.offered = 999
        #expect(!warnings(warm).contains { $0.contains("nothing was measured") })
        var ports = record()
        ports.replies = [
            ReplyCount(
                stage: "connection", code: 0, count: 1, firstText: "connect to x: Cannot assign requested address")
        ]
        #expect(warnings(ports).contains { $0.contains("net.ipv4.ip_local_port_range") && $0.contains("--source") })
    }

    /// Ten messages at one a second are due in ten seconds, though the last one is due after nine.
    @Test func ratesAreThoseOfTheWindow() {
        var open = record()
        (open.offered, open.accepted, open.inDoubt, open.elapsedSeconds) = (10, 10, 0, 9.001)
        #expect(abs((MeasuredPart(open).perSecond ?? 0) - 1.111) < 0.001)
        open.windowSeconds = 10
        #expect(MeasuredPart(open).perSecond == 1)
        open.elapsedSeconds = 20
        #expect(MeasuredPart(open).perSecond == 0.5, "a target that lags behind takes longer")
        open.warmUp = WarmUpFacts(seconds: 5, offered: 5, accepted: 5, transactionLatency: LatencyHistogram())
        #expect(abs((MeasuredPart(open).perSecond ?? 0) - 5.0 / 15) < 1e-9)
    }

    @Test func figuresHaveTheirNames() {
        var open = record()
        open.transactionLatency.record(nanoseconds: 1_000_000, count: 990)
        let closed = LoadFigures(open).all
        #expect(closed.first { $0.names.contains("p99") }?.key == "transaction_latency_ms_p99")
        open.intendedLatency = LatencyHistogram()
        let figures = LoadFigures(open).all
        #expect(figures.first { $0.names.contains("p99") }?.key == "intended_latency_ms_p99")
        #expect(figures.first { $0.names.contains("p99") }?.value == nil, "nothing was measured")
        #expect(figures.first { $0.key == "lost_messages" }?.value == 10)
        #expect(figures.first { $0.key == "errors_percent" }?.value == 1)
        #expect(figures.first { $0.key == "accepted_per_s" }?.value == 99)
        #expect(Set(figures.map(\.key)).count == figures.count)
    }

    @Test func warmUpIsLeftOutOfRates() {
        var warm = record()
        warm.warmUp = WarmUpFacts(seconds: 5, offered: 800, accepted: 790, transactionLatency: LatencyHistogram())
        #expect(MeasuredPart(warm).seconds == 5 && MeasuredPart(warm).perSecond == 40)
    }
}
