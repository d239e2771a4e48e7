import Foundation
import RunRecords
import Testing

/// Profiles: what they say, and the words, file and line with which a wrong one is refused.
@Suite struct RunProfileTests {
    static let complete = """
        # A comment, so that line 1 is no key.
        question: How fast?
        messages: 20_000
        message_size: 64KiB
        connections: 100
        pipelining: false
        chunking: true
        threads:
          generator: 1
          mta: 4
          sink: 2
        domains:
          - gmail.com:67.4
          - yahoo.com
        mta:
          spool: rocksdb
          durability: os
          smart_host_connections: 8
          rocksdb_options:
            max_open_files: 100
        stall_limit: 90s
        prices:
          - name: a machine
            usd_per_hour: 0.34
            egress_usd_per_gb: 0.09
            source: a list of 2026-07
        """

    @Test func everyKeyArrives() throws {
        let profile = try BenchPlan(text: Self.complete, file: "/some/where/large-one.yaml", cores: 16).systems[0]
        #expect(profile.name == "large-one")
        #expect(profile.question == "How fast?")
        #expect(profile.messages == 20_000)
        #expect(profile.messageSizeBytes == 65_536)
        #expect(profile.connections == 100)
        #expect(!profile.pipelining)
        #expect(profile.chunking)
        #expect((profile.generatorThreads, profile.mtaThreads, profile.sinkThreads) == (1, 4, 2))
        #expect(profile.domains == ["gmail.com:67.4", "yahoo.com"])
        #expect(profile.system == "mta-rocksdb-os")
        #expect(profile.smartHostConnections == 8)
        #expect(profile.rocksdbOptions == ["max_open_files": "100"])
        #expect(profile.stallSeconds == 90)
        #expect(
            profile.prices == [
                .init(name: "a machine", usdPerHour: 0.34, egressUSDPerGB: 0.09, source: "a list of 2026-07")
            ])
    }

    @Test func theRestHasDefaults() throws {
        let text = "question: q\nmessages: 10\nmessage_size: 1kb\nconnections: 2\n"
        let profile = try BenchPlan(text: text, file: "x.yaml", cores: 3).systems[0]
        #expect(profile.pipelining)
        #expect(!profile.chunking)
        #expect((profile.generatorThreads, profile.mtaThreads, profile.sinkThreads) == (3, 3, 3))
        #expect(profile.domains == [])
        #expect(profile.system == "mta-segment-fsync")
        #expect(profile.smartHostConnections == 32)
        #expect(profile.stallSeconds == 60)
        #expect(profile.prices == [])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        /// Replaced in the complete profile by `wrong`.
        var right: String
        var wrong: String
        /// Behind `large.yaml:`.
        var fault: String
        var testDescription: String { wrong }
    }

    @Test(arguments: [
        Row(
            right: "messages:", wrong: "mesages:",
            fault: "3: unknown key 'mesages', did you mean 'messages'?; allowed: "),
        Row(right: "chunking:", wrong: "bdat:", fault: "7: unknown key 'bdat'; allowed: chunking, "),
        Row(
            right: "  sink: 2", wrong: "  snik: 2",
            fault: "11: unknown key 'threads.snik', did you mean 'sink'?; allowed: "),
        Row(right: "spool: r", wrong: "spol: r", fault: "16: unknown key 'mta.spol', did you mean 'spool'?; allowed: "),
        Row(
            right: "usd_per_hour", wrong: "usd_per_our",
            fault: "24: unknown key 'prices[0].usd_per_our', did you mean 'usd_per_hour'?; allowed: "),
        Row(right: "20_000", wrong: "twenty", fault: "3: key 'messages': 'twenty': expected a whole number"),
        Row(right: "20_000", wrong: "1.5", fault: "3: key 'messages': '1.5': expected a whole number"),
        Row(right: "20_000", wrong: "0", fault: "3: key 'messages': 0: expected 1 to 1000000000"),
        Row(right: "20_000", wrong: "-5", fault: "3: key 'messages': -5: expected 1 to 1000000000"),
        Row(
            right: "64KiB", wrong: "64 parsecs",
            fault: "4: key 'message_size': '64 parsecs': expected a byte count such as 1024, 100kb, 1.5MB or 64KiB"),
        Row(right: "64KiB", wrong: "0", fault: "4: key 'message_size': '0': expected 1 to 1000000000 bytes"),
        Row(right: "64KiB", wrong: "2GB", fault: "4: key 'message_size': '2GB': expected 1 to 1000000000 bytes"),
        Row(
            right: "connections: 100\n", wrong: "connections: 0\n",
            fault: "5: key 'connections': 0: expected 1 to 100000"),
        Row(
            right: "pipelining: false", wrong: "pipelining: never",
            fault: "6: key 'pipelining': 'never': expected true or false"),
        Row(right: "mta: 4", wrong: "mta: 0", fault: "10: key 'threads.mta': 0: expected 1 to 1024"),
        Row(right: "yahoo.com", wrong: "'a b'", fault: "14: key 'domains': 'a b': expected name or name:weight"),
        Row(right: "67.4", wrong: "heavy", fault: "13: key 'domains': 'gmail.com:heavy': expected name or name:weight"),
        Row(right: "67.4", wrong: "0", fault: "13: key 'domains': 'gmail.com:0': expected name or name:weight"),
        Row(right: "67.4", wrong: "-1", fault: "13: key 'domains': 'gmail.com:-1': expected name or name:weight"),
        Row(
            right: "spool: rocksdb", wrong: "spool: disk",
            fault: "16: key 'mta.spool': 'disk': expected segment or rocksdb or localdisk or memory or null"),
        Row(
            right: "bility: os", wrong: "bility: never",
            fault: "17: key 'mta.durability': 'never': expected fsync or os or deferred"),
        Row(
            right: "spool: rocksdb", wrong: "spool: memory",
            fault: "17: key 'mta.durability': the spool 'memory' has no files, and so no durability: leave it out"),
        Row(
            right: "spool: rocksdb", wrong: "spool: segment",
            fault: "20: key 'mta.rocksdb_options': the spool is 'segment': expected with rocksdb alone"),
        Row(
            right: "tions: 8", wrong: "tions: 0", fault: "18: key 'mta.smart_host_connections': 0: expected 1 to 10000"),
        Row(
            right: "90s", wrong: "90 moons",
            fault: "21: key 'stall_limit': '90 moons': expected a duration such as 500ms, 60s, 2m, 1.5h or 5d"),
        Row(right: "90s", wrong: "2d", fault: "21: key 'stall_limit': '2d': expected 1.0 s to 86400.0 s"),
        Row(right: "0.34", wrong: "cheap", fault: "24: key 'prices[0].usd_per_hour': 'cheap': expected a number"),
        Row(right: "0.34", wrong: "-1", fault: "24: key 'prices[0].usd_per_hour': -1.0: expected 0.0 to 100000.0"),
        Row(right: "    source: a list of 2026-07", wrong: "", fault: "23: key 'prices[0].source': is missing"),
        Row(right: "question: How fast?", wrong: "", fault: "3: key 'question': is missing"),
        Row(right: "question: How fast?", wrong: "question:", fault: "2: key 'question': expected one line of text"),
        Row(right: "message_size: 64KiB", wrong: "", fault: "2: key 'message_size': is missing"),
    ]) func refuses(_ row: Row) throws {
        let text = Self.complete.replacingOccurrences(of: row.right, with: row.wrong)
        try #require(text != Self.complete)
        let error = #expect(throws: RecordFault.self) {
            try BenchPlan(text: text, file: "profiles/large.yaml", cores: 2)
        }
        #expect(
            error?.description.hasPrefix("profiles/large.yaml:\(row.fault)") == true,
            "\(error?.description ?? "no fault")")
    }

    // MARK: The profiles that come along

    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("profiles").path

    @Test(arguments: [
        ("quick", 20_000, 10_000, 100), ("burst-100kb", 100_000, 100_000, 2_000), ("small-1kb", 200_000, 1_000, 100),
    ]) func shipped(name: String, messages: Int, size: Int, connections: Int) throws {
        let file = "\(Self.directory)/\(name).yaml"
        let profile = try BenchPlan(text: String(contentsOfFile: file, encoding: .utf8), file: file, cores: 2).systems[
            0]
        #expect(profile.name == name)
        #expect((profile.messages, profile.messageSizeBytes, profile.connections) == (messages, size, connections))
        #expect(profile.system == (name == "quick" ? "mta-segment-fsync" : "mta-rocksdb-fsync"))
        #expect(!profile.prices.isEmpty)
    }

    @Test func everyShippedProfileIsReadable() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory).filter { $0.hasSuffix(".yaml") }
        #expect(files.count >= 3)
        for file in files {
            let path = "\(Self.directory)/\(file)"
            _ = try BenchPlan(text: String(contentsOfFile: path, encoding: .utf8), file: path, cores: 2)
        }
    }

    @Test func everyKeyIsExplained() throws {
        let readme = try String(contentsOfFile: Self.directory + "/README.md", encoding: .utf8)
        let error = #expect(throws: RecordFault.self) { try BenchPlan(text: "zzz: 1", file: "x.yaml", cores: 2) }
        let keys = try #require(error?.description.components(separatedBy: "allowed: ").last).components(
            separatedBy: ", ")
        #expect(keys.contains("question") && keys.count > 8)
        for key in keys {
            #expect(readme.contains("| `\(key)`") || readme.contains("| `\(key)."), "profiles/README.md: \(key)")
        }
    }
}
