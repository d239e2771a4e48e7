import CostModel
import Foundation
import PublishedBenchmarks
import Testing

/// The rows printed again. The numbers here were worked out by hand from the published ones.
@Suite struct PublishedTableTests {
    @Test func anHourHas3600Seconds() {
        let row = PublishedRow(instance: "c5.2xlarge", vcpu: 8, memoryGiB: 16, messagesPerHour: 3_600_000)
        #expect(row.messagesPerSecond == 1000)
    }

    /// msg/s = messages an hour / 3600; Gbit/s = × 800,000 bits; s = 100,000 / msg/s; a day = × 24; card: × 2 against 2.5,
    /// 5, 10, 25 and 25 Gbit/s.
    @Test func theRowsHaveWhatFollowsFromThem() throws {
        let sheet = PublishedSheet(try Shipped.work()).sheet
        let rows = try #require(sheet.tables.first { $0.key == "rows" })
        let wanted: [[String]] = [
            [
                "c5.2xlarge", "8", "16", "4,033,514", "4.034", "0.15", "1120.4", "0.896", "1.79", "71.7", "89.3",
                "96,804,336", "0.504",
            ],
            [
                "c5.4xlarge", "16", "32", "4,433,514", "4.434", "0.22", "1231.5", "0.985", "1.97", "39.4", "81.2",
                "106,404,336", "0.277",
            ],
            [
                "c5a.8xlarge", "32", "64", "5,096,078", "5.096", "0.30", "1415.6", "1.13", "2.26", "22.6", "70.6",
                "122,305,872", "0.159",
            ],
            [
                "c6g.16xlarge", "64", "128", "6,086,112", "6.086", "0.41", "1690.6", "1.35", "2.70", "10.8", "59.2",
                "146,066,688", "0.095",
            ],
            [
                "c5.24xlarge", "96", "192", "6,831,168", "6.831", "0.50", "1897.5", "1.52", "3.04", "12.1", "52.7",
                "163,948,032", "0.071",
            ],
        ]
        #expect(rows.rows.map { $0.map(\.text) } == wanted)
    }

    /// $33 a month / 730 h = $0.0452055 an hour for the volume; (0.34 + 0.0452055) / 4.033514 = $0.09550 a million, and so
    /// on; the same / 1000 is the CPM. 100 KB × 1 million × $0.09 = $9.
    @Test func theRowsHaveTheirCost() throws {
        let work = try Shipped.work()
        let costs = work.table.rows.map { work.cost($0)?.usdPerMillion ?? 0 }
        for (cost, wanted) in zip(costs, [0.095_50, 0.163_57, 0.250_63, 0.364_96, 0.603_88]) {
            #expect(abs(cost - wanted) < 0.000_005)
        }
        let sheet = PublishedSheet(work).sheet
        let row = try #require(sheet.tables.first { $0.key == "costs" }?.rows.first).map(\.text)
        #expect(
            Array(row.prefix(7)) == ["c5.2xlarge", "0.3400", "0.2140", "0.04521", "0.00009550", "0.09550", "9.000"])
    }

    @Test func figuresOfOthersStandBesideIt() throws {
        let beside = try #require(PublishedSheet(try Shipped.work()).sheet.tables.first { $0.key == "beside" })
        let rows = beside.rows.map { $0.map(\.text) }
        // $2.903 / 11.93 MMH; $0.432 / 3.3 MMH.
        #expect(rows.contains { $0[0].hasPrefix("nitromta-nitromta") && $0[4] == "0.243" && $0[5] == "0.243" })
        #expect(rows.contains { $0[0].hasPrefix("nitromta-kumomta") && $0[4] == "0.769" && $0[5] == "0.770" })
        #expect(rows.contains { $0[0].hasPrefix("nitromta-postfix") && $0[4] == "1.00" && $0[5] == "1.00" })
        #expect(rows.contains { $0[0].hasPrefix("kumomta-2025") && $0[2] == "3.300" && $0[5] == "0.131" })
        #expect(rows.filter { $0[0].hasPrefix("kumomta-docs-early") }.count == 4)
    }

    @Test func theChartIsDrawnInLetters() throws {
        let drawing = PublishedSheet(try Shipped.work()).sheet.drawing
        // 4.034 / 6.831 of 50 letters are 30; 0.5 / 6.831 of them 4.
        #expect(drawing.contains("c5.2xlarge    \(String(repeating: "█", count: 30)) 4.034"))
        #expect(drawing.contains("c5.24xlarge   \(String(repeating: "█", count: 50)) 6.831"))
        #expect(drawing.contains("              ░░░░ 0.50 Postfix"))
    }

    /// The page in docs/ is the program's own.
    @Test func thePageIsWhatTheProgramPrints() throws {
        let page = try String(contentsOfFile: Shipped.root + "/docs/PUBLISHED.md", encoding: .utf8)
        #expect(page == PublishedPage.markdown(try Shipped.library(), try Shipped.book()))
    }

    @Test func whatIsPublishedIsListed() throws {
        let text = PublishedPage.list(try Shipped.library()).render(.text)
        for id in ["kumomta-2023", "kumomta-docs-early", "kumomta-2025", "kumomta-dev-2024", "nitromta-nitromta"] {
            #expect(text.contains("\n\(id) "), "\(id)")
        }
    }
}
