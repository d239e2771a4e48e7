import Foundation
import RunRecords
import RunReporting
import Testing

/// Tables as they are printed, and what stands first when a run is no result.
@Suite struct ReportTableTests {
    @Test(arguments: [
        (TableFormat.text, GoldenTables.text), (.markdown, GoldenTables.markdown), (.csv, GoldenTables.csv),
    ]) func golden(format: TableFormat, expected: String) throws {
        let table = try ReportTable([try RunFixture.run()]).render(format)
        // Line by line, so that a failure shows the line.
        let (found, wanted) = (table.split(separator: "\n"), expected.split(separator: "\n"))
        for (line, other) in zip(found, wanted) { #expect(line == other) }
        #expect(table == expected)
    }

    /// The same figures as the CSV has, and what else a reader of one line needs.
    @Test func json() throws {
        let runs = try [1002.5, 1004].map { try RunFixture.run(lastReceived: $0, repeats: 2) }
        let parsed = try JSONSerialization.jsonObject(with: Data(ReportTable(runs).render(.json).utf8))
        let rows = try #require(parsed as? [[String: Any]])
        #expect(rows.count == 1)
        let row = rows[0]
        #expect(
            Set(row.keys) == [
                "profile", "system", "spool", "durability", "promise", "runs", "acknowledged", "lost", "doubled",
                "changed", "failed", "invalid", "machine", "cores", "commit", "evidence", "figures", "contrasts",
                "limit",
            ])
        #expect(row["profile"] as? String == "fixture")
        #expect(row["system"] as? String == "mta-rocksdb-fsync")
        #expect(row["runs"] as? Int == 2)
        #expect(row["invalid"] as? [String] == [])
        #expect(row["machine"] as? String == "Test CPU 9000")
        #expect(row["cores"] as? Int == 2)
        #expect(row["commit"] as? String == "0123456789")
        #expect(row["spool"] as? String == "rocksdb")
        #expect(row["durability"] as? String == "fsync")
        #expect(row["promise"] as? String == "survives power cut")
        #expect(row["acknowledged"] as? Int == 2000)
        #expect(row["lost"] as? Int == 0)
        let figures = try #require(row["figures"] as? [String: [String: Any]])
        let lines = try ReportTable(runs).render(.csv).split(separator: "\n").dropFirst()
        #expect(lines.count == figures.count)
        for line in lines {
            let cells = line.split(separator: ",").map(String.init)
            let figure = try #require(figures[cells[4]], "\(cells[4])")
            for (name, cell) in zip(["median", "min", "max"], cells[6..<9]) {
                let (value, other) = (try #require(figure[name] as? Double), try #require(Double(cell)))
                #expect(abs(value - other) < 1e-8, "\(cells[4]) \(name)")
            }
        }
    }

    @Test func repeatsAreMedianAndRange() throws {
        let runs = try [1002.5, 1004, 1002].enumerated().map { index, last in
            try RunFixture.run(lastReceived: last, repeatIndex: index + 1, repeats: 3)
        }
        let text = try ReportTable(runs).render(.text)
        #expect(try #require(line(text, "delivered", "msg/s")).hasSuffix(" 400 (250–500)"))
        #expect(try #require(line(text, "accepted", "msg/s")).hasSuffix(" 500 (500–500)"))
        #expect(text.contains("3 runs, median (range)"))
        #expect(text.contains("acknowledged 3,000, lost 0, doubled 0, changed 0 (by the ledgers)"))
        let csv = try ReportTable(runs).render(.csv)
        #expect(
            csv.contains(
                "fixture,mta-rocksdb-fsync,3,true,delivered_msg_per_s,msg/s,400,250,500,fsync,survives power cut,250,500,0.75,range only,"
            ))
    }

    @Test func anEvenNumberOfRunsHasTheMiddleOfTwo() throws {
        let runs = try [1002, 1004].map { try RunFixture.run(lastReceived: $0, repeats: 2) }
        #expect(try ReportTable(runs).render(.csv).contains(",delivered_msg_per_s,msg/s,375,250,500,fsync,"))
    }

    @Test func differentProfilesSystemsAndCommitsStandSideBySide() throws {
        let other = RunFixture.profileText.replacingOccurrences(of: "1000", with: "1001")
        let system = RunFixture.profileText.replacingOccurrences(of: "rocksdb}", with: "rocksdb, durability: os}")
        let runs = [
            try RunFixture.run(), try RunFixture.run(text: other, name: "other"), try RunFixture.run(text: system),
            try RunFixture.run(commit: "9876543210"), try RunFixture.run(),
        ]
        let groups = RunGroup.gather(runs)
        #expect(groups.map(\.runs.count) == [2, 1, 1, 1])
        #expect(
            groups.map(\.title) == [
                "fixture mta-rocksdb-fsync", "other mta-rocksdb-fsync", "fixture mta-rocksdb-os",
                "fixture mta-rocksdb-fsync",
            ])
        let header = try ReportTable(runs).render(.markdown).split(separator: "\n").first { $0.hasPrefix("| figure") }
        #expect(header?.split(separator: "|").count == 6)
    }

    @Test func aPriceOfOneProfileLeavesTheOthersCellEmpty() throws {
        let without = RunFixture.profileText.components(separatedBy: "prices:")[0]
        let csv = try ReportTable([try RunFixture.run(), try RunFixture.run(text: without, name: "free")]).render(.csv)
        #expect(csv.contains("fixture,mta-rocksdb-fsync,1,true,cpm_compute_usd_c5_2xlarge,USD,"))
        #expect(!csv.contains("free,mta-rocksdb-fsync,1,true,cpm_"))
    }

    // MARK: Runs that are no result

    @Test(arguments: [TableFormat.text, .markdown]) func theFirstLineSaysInvalidAndWhy(format: TableFormat) throws {
        let run = try RunFixture.run { mta, audit in
            mta.durability = "os"
            audit.lost = 2
        }
        let lines = try ReportTable([run]).render(format).split(separator: "\n")
        #expect(lines[0] == "INVALID: fixture mta-rocksdb-fsync: 2 acknowledged messages were lost")
        #expect(lines[1] == "INVALID: fixture mta-rocksdb-fsync: durability os instead of fsync")
    }

    @Test func oneInvalidRunAmongRepeatsIsNamed() throws {
        let bad = try RunFixture.run(repeatIndex: 2, repeats: 2) { _, audit in audit.doubled = 1 }
        let text = try ReportTable([try RunFixture.run(repeats: 2), bad]).render(.text)
        #expect(text.hasPrefix("INVALID: fixture mta-rocksdb-fsync, run 2: 1 messages arrived more than once\n"))
    }

    @Test func invalidityStandsInCSVAndJSON() throws {
        let run = try RunFixture.run { _, audit in audit.changed = 1 }
        let csv = try ReportTable([run]).render(.csv).split(separator: "\n")
        #expect(csv.dropFirst().allSatisfy { $0.hasPrefix("fixture,mta-rocksdb-fsync,1,false,") })
        let json = try JSONSerialization.jsonObject(with: Data(ReportTable([run]).render(.json).utf8))
        let rows = try #require(json as? [[String: Any]])
        #expect(rows[0]["invalid"] as? [String] == ["1 messages were changed on the way"])
    }

    @Test func warningsComeAfterTheVerdictAndBeforeTheTable() throws {
        var run = try RunFixture.run { _, audit in audit.lost = 1 }
        run.warnings = ["run too short: 0.400 s"]
        let lines = try ReportTable([run]).render(.text).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("INVALID: "))
        #expect(lines[1] == "warning: fixture mta-rocksdb-fsync: run too short: 0.400 s")
        #expect(lines[2].hasPrefix("warning: runs under 60 s"))
        let figures = try #require(lines.firstIndex { $0.hasPrefix("figure") })
        #expect(lines[figures - 1].isEmpty && lines[..<(figures - 1)].allSatisfy { !$0.isEmpty })
    }

    private func line(_ text: String, _ label: String, _ unit: String) -> String? {
        text.split(separator: "\n").map(String.init).first {
            let words = $0.split(separator: " ")
            return words.count > 2 && words[0] == label && words[1] == unit
        }
    }
}
