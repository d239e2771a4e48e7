import Foundation
import RunRecords
import RunReporting
import Testing

/// One figure over commits.
@Suite struct TrendReportTests {
    /// Five runs of each commit, in an order that is not that of time: 400, 500 and again about 500 messages a second.
    private func runs(_ commits: [String] = ["aaaa", "bbbb", "cccc"], repeats: Int = 5) throws -> [RunRecord] {
        let ends = ["aaaa": 1002.5, "bbbb": 1002, "cccc": 1002.001]
        let found = try commits.enumerated().flatMap { place, commit in
            try (0..<repeats).map { index in
                let end = ends[commit, default: 1003] + Double(index) / 100
                var run = try RunFixture.run(
                    lastReceived: end, repeatIndex: index + 1, repeats: repeats, commit: commit)
                run.startedUnixSeconds = 1_790_000_000 + Double(place * 3600 + index)
                return run
            }
        }
        return found.reversed()
    }

    @Test func commitsStandInTheOrderOfTimeEachAgainstTheOneBefore() throws {
        let trend = try TrendReport(runs(), figure: "delivered_msg_per_s")
        let series = try #require(trend.series.first)
        #expect(trend.series.count == 1)
        #expect(series.points.map(\.commit) == ["aaaa", "bbbb", "cccc"])
        #expect(series.points.map(\.cell.count) == [5, 5, 5])
        #expect(series.points[0].change == nil)
        #expect(series.points[1].change?.contrast.isShown == true)
        #expect(series.points[2].change?.contrast.isShown == false)
        #expect(trend.verdicts[0].hasPrefix("fixture mta-rocksdb-fsync: cccc against bbbb: no difference shown (p = "))
    }

    @Test func theVerdictSaysBetterOrWorse() throws {
        let faster = try TrendReport(runs(["aaaa", "bbbb"]), figure: "mmh")
        #expect(faster.verdicts[0].hasPrefix("fixture mta-rocksdb-fsync: bbbb against aaaa: better, ×1.25 (1."))
        #expect(faster.verdicts[0].hasSuffix("), p = 0.008"))
        let slower = try TrendReport(runs(["bbbb", "aaaa"]), figure: "mmh")
        #expect(slower.verdicts[0].hasPrefix("fixture mta-rocksdb-fsync: aaaa against bbbb: worse, ×0.80 (0."))
        let few = try TrendReport(runs(["aaaa", "bbbb"], repeats: 3), figure: "mmh")
        #expect(few.verdicts[0].contains("no difference can be shown with 3 repeats: use at least 4; ×1.25 ("))
        let one = try TrendReport(runs(["aaaa"]), figure: "mmh")
        #expect(one.verdicts == ["fixture mta-rocksdb-fsync: one commit only, nothing to compare it with"])
    }

    @Test func whatCannotBeComparedIsSaid() throws {
        var runs = try runs(["aaaa", "bbbb"])
        for index in runs.indices where runs[index].machine.commit == "bbbb" { runs[index].machine.cores = 4 }
        let machine = try TrendReport(runs, figure: "mmh")
        #expect(machine.verdicts[0].hasSuffix("not comparable, measured on another machine: Test CPU 9000, 4 cores"))
        for index in runs.indices where runs[index].machine.commit == "bbbb" {
            (runs[index].machine.cores, runs[index].profileText) = (2, "question: another?")
        }
        #expect(try TrendReport(runs, figure: "mmh").verdicts[0].hasSuffix("not comparable, the profile was changed"))
    }

    @Test func aBadCommitIsWithheld() throws {
        var runs = try runs(["aaaa", "bbbb"])
        runs[0].audit.lost = 1
        runs[0].invalid = ["1 acknowledged messages were lost"]
        let trend = try TrendReport(runs, figure: "mmh")
        let text = try trend.render(.text)
        #expect(text.contains("withheld"))
        #expect(trend.verdicts[0].hasSuffix("not comparable, 1 acknowledged messages were lost"))
        let csv = try trend.render(.csv).split(separator: "\n")
        #expect(csv[2].hasPrefix("fixture,mta-rocksdb-fsync,bbbb,1790003600.000,delivered_mmh,MMH,5,,,,,"))
    }

    @Test func text() throws {
        let lines = try TrendReport(runs(["aaaa", "bbbb"]), figure: "mmh").render(.text).split(separator: "\n")
        #expect(lines[0] == "fixture mta-rocksdb-fsync: delivered, MMH")
        #expect(lines[1].hasPrefix("commit  first run (UTC)      runs  median"))
        #expect(lines[3].hasPrefix("aaaa    2026-09-21 14:13:20     5   1.429  (1.417–1.440)"), "\(lines[3])")
        let markdown = try TrendReport(runs(["aaaa", "bbbb"]), figure: "mmh").render(.markdown)
        #expect(markdown.contains("| aaaa | 2026-09-21 14:13:20 | 5 | 1.429 | (1.417–1.440) |"))
    }

    @Test func json() throws {
        let trend = try TrendReport(runs(), figure: "mmh")
        let parsed = try JSONDecoder().decode(TrendReport.self, from: Data(trend.render(.json).utf8))
        #expect(parsed.series[0].points.map(\.commit) == ["aaaa", "bbbb", "cccc"])
        #expect(parsed.column.key == "delivered_mmh")
    }

    @Test func limitsOnTheNewestCommit() throws {
        let runs = try runs(["bbbb", "aaaa"])
        let trend = try TrendReport(runs, figure: "p99")
        let limits = try ReportLimits(["mmh drop < 5%", "lost == 0", "delivered_mmh > 1"], for: runs)
        #expect(
            try limits.findings(trend, runs).map(\.line) == [
                "broken: fixture mta-rocksdb-fsync: mmh drop < 5%: 19.84 %",
                "holds: fixture mta-rocksdb-fsync: lost == 0: 0 msg",
                "holds: fixture mta-rocksdb-fsync: delivered_mmh > 1: 1.429 MMH",
            ])
    }

    @Test func anUnknownFigureIsNamed() throws {
        let runs = try runs(["aaaa"])
        let fault = #expect(throws: RecordFault.self) { try TrendReport(runs, figure: "delivered_mhm") }
        #expect(fault?.description.contains("did you mean 'delivered_mmh'?") == true)
    }

    @Test func aChartNamesEachCommit() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("trend-\(UUID().uuidString).svg").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TrendChart(try TrendReport(runs(), figure: "mmh")).write(to: path)
        let svg = try String(contentsOfFile: path, encoding: .utf8)
        for text in ["aaaa", "bbbb", "cccc", "fixture mta-rocksdb-fsync", "delivered, MMH"] {
            #expect(svg.contains(">\(text)<"), "\(text) is not drawn")
        }
    }
}
