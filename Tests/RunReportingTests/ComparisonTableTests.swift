import Foundation
import RunRecords
import RunReporting
import Testing

/// Systems one below the other, and what of them is not durable.
@Suite struct ComparisonTableTests {
    private func twoRepeatsOfTwo() throws -> [RunRecord] {
        [
            try RunFixture.variant(0, repeats: 2), try RunFixture.variant(3, repeats: 2, deviceWriteBytes: 45_000),
            try RunFixture.variant(3, lastReceived: 1002, repeatIndex: 2, repeats: 2, deviceWriteBytes: 47_000),
            try RunFixture.variant(0, lastReceived: 1004, repeatIndex: 2, repeats: 2, deviceWriteBytes: 13_000_000),
        ]
    }

    @Test(arguments: [(TableFormat.text, GoldenComparison.text), (.markdown, GoldenComparison.markdown)])
    func golden(format: TableFormat, expected: String) throws {
        let table = try ReportTable(twoRepeatsOfTwo(), layout: .comparison).render(format)
        let (found, wanted) = (table.split(separator: "\n"), expected.split(separator: "\n"))
        for (line, other) in zip(found, wanted) { #expect(line == other) }
        #expect(table == expected)
    }

    /// The lines of the systems in the first block of figures, each with the one below it.
    private func systems(_ runs: [RunRecord]) throws -> [(first: Substring, second: Substring)] {
        let lines = try ReportTable(runs, layout: .comparison).render(.text)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0.hasPrefix("---") }) + 1
        let end = try #require(lines[begin...].firstIndex { $0.isEmpty })
        return stride(from: begin, to: end, by: 2).map { (lines[$0], lines[$0 + 1]) }
    }

    @Test func everyPromiseIsNamedAndExplained() throws {
        let runs = try (0..<4).map { try RunFixture.variant($0) }
        let found = try systems(runs)
        #expect(
            found.map { String($0.first.prefix { $0 != " " }) } == [
                "mta-segment-fsync", "mta-segment-os", "mta-segment-deferred", "mta-memory",
            ])
        #expect(
            found.map { $0.second } == [
                "  survives power cut", "  survives mta crash", "  not durable at first", "  not durable",
            ])
        let text = try ReportTable(runs, layout: .comparison).render(.text)
        for promise in SpoolPromise.allCases { #expect(text.contains("  \(promise.label): \(promise.rawValue), ")) }
    }

    @Test func whatIsNotThereIsNotExplained() throws {
        let text = try ReportTable([try RunFixture.variant(0)], layout: .comparison).render(.text)
        #expect(text.contains("survives power cut: "))
        #expect(!text.contains("not durable"))
        #expect(!text.contains("median (") && !text.contains("against "))
    }

    /// A record of before the spool's durability was `none` may name one.
    @Test(arguments: [TableFormat.text, .markdown, .csv, .json])
    func everyFormatSaysNotDurable(format: TableFormat) throws {
        let run = try RunFixture.variant(3) { mta, _ in mta.durability = "fsync" }
        for layout in [TableLayout.figures, .comparison] {
            let table = try ReportTable([run], layout: layout).render(format)
            #expect(table.contains("not durable"), "\(table)")
            #expect(!table.contains("survives"), "\(table)")
        }
    }

    @Test func csvAndJSONAreTheSameInEitherLayout() throws {
        let runs = try twoRepeatsOfTwo()
        for format in [TableFormat.csv, .json] {
            #expect(
                try ReportTable(runs, layout: .comparison).render(format) == ReportTable(runs).render(format))
        }
        let json = try JSONSerialization.jsonObject(with: Data(ReportTable(runs).render(.json).utf8))
        let rows = try #require(json as? [[String: Any]])
        #expect(rows.map { $0["variant"] as? String } == ["segment-fsync", "memory"])
        #expect(rows.map { $0["durability"] as? String } == ["fsync", "none"])
    }

    /// Beyond three columns it is lines.
    @Test func automaticTakesWhatFits() throws {
        let runs = try (0..<4).map { try RunFixture.variant($0) }
        #expect(try ReportTable(Array(runs[..<3]), layout: .automatic).render(.text).contains("\nfigure "))
        #expect(try ReportTable(runs, layout: .automatic).render(.text).contains("\nsystem "))
    }

    /// One system whose device could not be counted, and all are shown by their own account.
    @Test func writesAreOfTheSameKindForAll() throws {
        let runs = [try RunFixture.variant(0), try RunFixture.variant(1, deviceWriteBytes: nil)]
        let text = try ReportTable(runs, layout: .comparison).render(.text)
        #expect(text.contains("  mta writes  "))
        #expect(!text.contains("device writes  "))
        #expect(text.contains("  21,000  "))
        let counted = try ReportTable([runs[0]], layout: .comparison).render(.text)
        #expect(counted.contains("mta writes  device writes"))
        #expect(counted.contains(" 21,000         12,000 "))
    }

    // MARK: What is wrong

    @Test func invalidStandsFirstAndAtTheSystem() throws {
        let runs = [
            try RunFixture.variant(0, repeats: 2),
            try RunFixture.variant(0, repeatIndex: 2, repeats: 2) { _, audit in (audit.lost, audit.doubled) = (2, 3) },
            try RunFixture.variant(3),
        ]
        let text = try ReportTable(runs, layout: .comparison).render(.text)
        #expect(text.hasPrefix("INVALID: spools mta-segment-fsync, run 2: 2 acknowledged messages were lost\n"))
        let found = try systems(runs)
        #expect(found[0].first.hasPrefix("INVALID mta-segment-fsync "))
        #expect(found[0].first.hasSuffix(" 2/3/0       0"))
        #expect(found[1].first.hasPrefix("mta-memory "))
        #expect(found[1].first.hasSuffix(" 0/0/0       0"))
    }

    @Test func aMissingRepeatIsSeen() throws {
        let found = try systems([try RunFixture.variant(0, repeats: 3), try RunFixture.variant(3)])
        #expect(found[0].first.contains(" 1 of 3 "))
        #expect(found[1].first.split(separator: " ")[1] == "1")
    }

    @Test func whatTheNameDoesNotTellApartIsAdded() throws {
        let runs = [
            try RunFixture.run(), try RunFixture.run(name: "other"), try RunFixture.run(commit: "9876543210"),
            try RunFixture.run(text: RunFixture.profileText + "stall_limit: 50s\n"),
        ]
        let lines = try ReportTable(runs, layout: .comparison).render(.markdown).split(separator: "\n")
        let first = try #require(lines.firstIndex { $0.hasPrefix("| ---") }) + 1
        #expect(
            lines[first..<(first + 4)].map { $0.split(separator: ",")[0] } == [
                "| fixture mta-rocksdb-fsync 0123456789", "| other mta-rocksdb-fsync 0123456789",
                "| fixture mta-rocksdb-fsync 9876543210", "| fixture mta-rocksdb-fsync 0123456789 #2",
            ])
    }
}
