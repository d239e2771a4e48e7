import BenchHarness
import Foundation
import RunRecords
import Testing

/// What the harness tells the MTA of its spool, and where it puts a comparison.
@Suite struct SpoolArgumentsTests {
    private func arguments(_ mta: String) throws -> [String] {
        let text = "question: q\nmessages: 10\nmessage_size: 1KB\nconnections: 1\nmta: \(mta)\n"
        let profile = try BenchPlan(text: text, file: "p.yaml", cores: 1).systems[0]
        return BenchRun.spoolArguments(profile, "/d")
    }

    @Test func spoolDurabilityAndOptions() throws {
        #expect(
            try arguments("{spool: segment, durability: deferred}") == [
                "--spool", "segment", "--spool-dir", "/d", "--durability", "deferred",
            ])
        #expect(
            try arguments("{spool: rocksdb, rocksdb_options: {b: 2, a: 1}}") == [
                "--spool", "rocksdb", "--spool-dir", "/d", "--durability", "fsync", "--rocksdb-option", "a=1",
                "--rocksdb-option", "b=2",
            ])
    }

    @Test(arguments: ["memory", "null"]) func aSpoolWithoutFilesHasNoDurability(spool: String) throws {
        #expect(try arguments("{spool: \(spool)}") == ["--spool", spool, "--spool-dir", "/d"])
    }

    @Test func aComparisonHasADirectoryOfItsOwn() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("harness-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: base) }
        let paths = HarnessPaths(programs: "/", results: base, spools: base + "/s", repository: "/nonexistent")
        let (one, two) = (try paths.comparisonDirectory("spools"), try paths.comparisonDirectory("spools"))
        #expect(one != two)
        for directory in [one, two] {
            #expect(directory.firstMatch(of: #/\/[0-9]{8}T[0-9]{6}Z_spools_unknown(_2)?$/#) != nil, "\(directory)")
            #expect(FileManager.default.fileExists(atPath: directory))
        }
    }
}
