import Foundation
import Measures
import RunRecords
import RunReporting
import Testing

/// CPU, cost, and the halves of a run's chart, drawn by the real gnuplot.
@Suite struct KindsOfChartTests {
    private func drawn(_ write: (String) throws -> Void) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("kind-\(UUID().uuidString).svg").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(path)
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    private func watched(_ run: RunRecord) -> RunRecord {
        var run = run
        var record = ResourceRecord(method: "/proc")
        var usage = GroupUsage()
        (usage.cpuUserSeconds, usage.cpuSystemSeconds) = (0.5, 0.25)
        for group in ResourceRecord.Group.allCases { record[group] = usage }
        for second in 1...3 {
            var sample = ResourceSample(unixSeconds: 1000 + Double(second))
            for group in ResourceRecord.Group.allCases {
                sample.cpuUserSeconds[group.rawValue] = 0.2
                sample.cpuSystemSeconds[group.rawValue] = 0.1
            }
            record.samples.append(sample)
        }
        run.resources = record
        return run
    }

    private static let layers = [
        "generator, user", "generator, kernel", "system under test, user", "system under test, kernel", "sink, user",
        "sink, kernel",
    ]

    @Test func cpuAMessageAndOverTime() throws {
        let runs = [watched(try RunFixture.variant(0)), try RunFixture.variant(3)]
        let svg = try drawn { try CPUChart(runs).write(to: $0) }
        for text in Self.layers + ["A message", "µs a message", "mta-segment-fsync", "mta-memory", "cores busy"] {
            #expect(svg.contains(">\(text)<"), "\(text) is not drawn")
        }
        // One panel a message, and one over time, of the system that was watched.
        #expect(svg.components(separatedBy: ">cores busy<").count - 1 == 1)
        let alone = try drawn { try CPUChart([try RunFixture.variant(3)]).write(to: $0) }
        #expect(alone.contains(">A message<") && !alone.contains("cores busy"))
    }

    @Test func throughputAgainstThePriceOfAMillion() throws {
        let runs = [try RunFixture.variant(0), try RunFixture.variant(3, lastReceived: 1002)]
        let svg = try drawn { try CostChart(runs).write(to: $0) }
        for text in [
            "mta-segment-fsync", "mta-memory", "c5.2xlarge, USD 0.3600 an hour (a list of 2026-07)",
            "US dollars a million messages, compute", "million messages an hour",
        ] { #expect(svg.contains(">\(text)<"), "\(text) is not drawn") }
    }

    @Test func withoutAPriceOrARateThereIsNoCost() throws {
        let free = RunFixture.profileText.components(separatedBy: "prices:")[0]
        for run in [try RunFixture.run(text: free), try RunFixture.run { _, audit in audit.lost = 1 }] {
            let fault = #expect(throws: RecordFault.self) { try CostChart([run]).write(to: "/tmp/no.svg") }
            #expect(fault?.description.hasPrefix("no profile here has 'prices' and a valid rate") == true)
        }
    }

    @Test func eachHalfOfARunsChart() throws {
        let run = try RunFixture.run()
        let time = try drawn { try RunChart([run], [.time]).write(to: $0) }
        #expect(time.contains(">Throughput<") && !time.contains(">Latency by percentile<"))
        let percentiles = try drawn { try RunChart([run], [.percentiles]).write(to: $0) }
        #expect(!percentiles.contains(">Throughput<") && percentiles.contains(">Latency by percentile<"))
    }

    @Test func endToEndAndDueTimesAreCurvesOfTheirOwn() throws {
        var run = try RunFixture.run()
        var histogram = LatencyHistogram()
        for step in 1...50 { histogram.record(nanoseconds: UInt64(step) * 1_000_000) }
        (run.sink.endToEndLatency, run.generator.intendedLatency) = (histogram, histogram)
        run.generator.load = LoadFacts(model: .open, ratePerSecond: 500)
        let svg = try drawn { try RunChart([run], [.percentiles]).write(to: $0) }
        #expect(svg.contains(">end to end<") && svg.contains(">due to final reply<"))
    }

    /// A rate that is withheld has no bar, but says so.
    @Test func aWithheldRateHasNoBar() throws {
        let runs = [try RunFixture.variant(0), try RunFixture.variant(3) { _, audit in audit.lost = 1 }]
        let svg = try drawn { try ComparisonChart(runs).write(to: $0) }
        #expect(svg.contains(">withheld<") && svg.contains(">INVALID, not durable<"))
    }
}
