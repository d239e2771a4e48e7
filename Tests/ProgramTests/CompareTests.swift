import Foundation
import RunRecords
import Testing

/// Systems as data, put to the test in turns.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(3))) struct CompareTests {
        static let profile = """
            question: Which is faster?
            messages: 300
            message_size: 5KB
            connections: 10
            stall_limit: 20s
            threads: {generator: 16}

            """
        private static let postfix = "/usr/sbin/postfix"

        private func compare(
            _ stage: Stage, _ words: [String], exits expected: Int32
        ) async throws -> (output: String, directory: String, records: [RunRecord]) {
            let profile = stage.path("tiny.yaml")
            try Self.profile.write(toFile: profile, atomically: true, encoding: .utf8)
            let out = try stage.openDirectory("results")
            let program = try stage.program(
                "bench-report",
                ["compare", "--profile", profile, "--out", out, "--rest", "50ms", "--no-drop-cache"] + words)
            let code = try await program.waitForExit(seconds: 150)
            #expect(code == expected, "\(program.errorOutput) \(program.output)")
            let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { !$0.hasPrefix(".") }
            let directory = out + "/" + (try #require(names.first))
            #expect(names.count == 1)
            let spools = (try? FileManager.default.contentsOfDirectory(atPath: out + "/.spools")) ?? []
            #expect(spools == [], "nothing is left behind")
            let records = try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { !$0.hasPrefix("comparison") }
                .map { "\(directory)/\($0)/run.json" }.filter { FileManager.default.fileExists(atPath: $0) }
                .map { try RecordFile.read(RunRecord.self, from: $0) }
                .sorted { $0.startedUnixSeconds < $1.startedUnixSeconds }
            if !records.isEmpty {
                let check = try stage.program("bench-report", ["check", directory, "--brief"])
                #expect(try await check.waitForExit() == 0, "\(check.output)\(check.errorOutput)")
            }
            return (program.output, directory, records)
        }

        @Test(.enabled(if: geteuid() == 0, "Postfix has to be started as root"))
        func postfixAndOursTakeTurns() async throws {
            try #require(FileManager.default.fileExists(atPath: Self.postfix), "'make setup' installs it")
            let stage = try Stage()
            defer { stage.close() }
            let (output, directory, records) = try await compare(
                stage, ["--systems", "mta:memory,postfix:tuned", "--repeat", "2", "--warm-up", "50"], exits: 0)
            #expect(records.map(\.systemLabel) == ["mta-memory", "postfix-tuned", "postfix-tuned", "mta-memory"])
            #expect(records.map(\.order?.position) == [1, 2, 1, 2])
            for record in records {
                #expect(record.invalid == [])
                #expect(record.faults == [], "judged again from what was written")
                #expect(record.generator.accepted == 300 && record.sink.ledger?.unique == 300)
                #expect(record.warmUpMessages == 50)
                #expect(record.queuedAtEnd == 0)
                let resources = try #require(record.resources)
                for group in ResourceRecord.Group.allCases {
                    #expect((resources[group]?.cpuSeconds ?? 0) > 0, "\(record.systemLabel) \(group)")
                }
                #expect(resources.loopbackBytes > 2 * 300 * 5000, "each message goes over it twice")
                #expect(!resources.samples.isEmpty)
            }
            let postfix = records[1]
            #expect(postfix.mta == nil)
            #expect(postfix.system?.version.first == "3")
            #expect(postfix.system?.files["etc/main.cf"]?.contains("in_flow_delay = 0") == true)
            #expect((postfix.resources?[.system]?.processesPeak ?? 0) > 5)
            if let syncs = postfix.resources?[.system]?.syncs { #expect(syncs.total >= 300, "\(syncs)") }
            if postfix.evidence?.verdict != .notChecked {
                #expect(postfix.evidence?.verdict == .syncsEachMessage, "\(String(describing: postfix.evidence))")
                #expect(records[0].evidence?.verdict == .doesNotSync)
            }
            #expect(output.contains("postfix-tuned") && output.contains("mta-memory"))
            let names = try FileManager.default.subpathsOfDirectory(atPath: directory)
            #expect(names.filter { $0.hasSuffix("logs/mail.log") }.count == 2)
            #expect(names.contains("comparison.csv") && names.contains("comparison.svg"))
        }

        /// A definition that promises what it does not keep, beside one that says how it is.
        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"), "strace is not installed"))
        func aPromiseThatIsNotKeptIsNoResult() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let definitions = try stage.openDirectory("definitions")
            let own = try String(contentsOfFile: Stage.root + "/profiles/systems/mta.yaml", encoding: .utf8)
            let boast = own.replacingOccurrences(
                of: "spool: segment log, promise: os,", with: "spool: segment log, promise: fsync,"
            ).replacingOccurrences(of: "record: mta.json", with: "")
            try #require(boast.count == own.count + 3 - "record: mta.json".count)
            try boast.write(toFile: definitions + "/boast.yaml", atomically: true, encoding: .utf8)
            let (output, _, records) = try await compare(
                stage,
                ["--systems", "boast:segment-os,boast:segment-fsync", "--repeat", "1", "--definitions", definitions],
                exits: 1)
            let broken = try #require(records.first { $0.system?.variant == "segment-os" })
            let kept = try #require(records.first { $0.system?.variant == "segment-fsync" })
            #expect(broken.evidence?.verdict == .doesNotSync)
            #expect(broken.invalid.count == 1 && broken.invalid[0].hasPrefix("boast-segment-os promises fsync, but 50"))
            #expect(kept.evidence?.verdict == .syncsEachMessage)
            #expect(kept.invalid == [])
            #expect(output.hasPrefix("INVALID: "), "\(output)")
        }

        @Test func whatCannotBeRunIsNamedAndTheOthersGoOn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let definitions = try stage.openDirectory("definitions")
            for name in ["mta", "haraka"] {
                try FileManager.default.copyItem(
                    atPath: Stage.root + "/profiles/systems/\(name).yaml", toPath: "\(definitions)/\(name).yaml")
            }
            try
                "title: D\nabout: a\nexecutables: [sh]\nstart: [sh, -c, 'echo no such thing >&2; exit 3']\nvariants: [{name: default, spool: s, promise: none}]\n"
                .write(toFile: definitions + "/dead.yaml", atomically: true, encoding: .utf8)
            try
                "title: M\nabout: a\nexecutables: [no-such-program]\nstart: [no-such-program]\nvariants: [{name: default, spool: s, promise: none}]\n"
                .write(toFile: definitions + "/missing.yaml", atomically: true, encoding: .utf8)
            let (output, _, records) = try await compare(
                stage,
                [
                    "--systems", "mta:memory,dead,missing", "--repeat", "1", "--definitions", definitions,
                    "--no-evidence",
                    "--messages", "100",
                ], exits: 1)
            #expect(records.map(\.systemLabel) == ["mta-memory"])
            #expect(records.first?.generator.accepted == 100)
            #expect(records.first?.evidence == nil)
            #expect(
                output.contains("NOT RUN: tiny missing: missing is not installed: no-such-program is missing"),
                "\(output)")
            #expect(
                output.contains("NOT RUN: tiny dead, run 1: dead ended before it was ready: no such thing"), "\(output)"
            )
        }

        @Test func aBudgetDecidesHowManyMessages() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (_, _, records) = try await compare(
                stage,
                ["--systems", "mta:memory", "--repeat", "1", "--budget", "60s", "--no-evidence", "--messages", "900"],
                exits: 0)
            #expect(records.map(\.profile.messages) == [900], "all of them take less than that")
            #expect(records[0].conditions?.contains { $0.contains("calibration run of") } == true)
        }

        private static let exim = Stage.root + "/.build/systems/exim/installed"

        /// `bench-report systems --install exim` is not part of the tests' set-up: it needs Debian's mirror.
        @Test(.enabled(if: geteuid() == 0 && FileManager.default.fileExists(atPath: exim), "Exim is not unpacked here"))
        func eximRunsInARootOfItsOwn() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (_, _, records) = try await compare(
                stage, ["--systems", "exim", "--repeat", "1", "--messages", "60", "--no-evidence"], exits: 0)
            let record = try #require(records.first)
            #expect(record.system?.version.contains("Exim version 4") == true)
            #expect(record.sink.ledger?.unique == 60 && record.queuedAtEnd == 0)
            if let syncs = record.resources?[.system]?.syncs { #expect(syncs.total >= 120, "two files a message") }
        }

        @Test(arguments: [
            (["--systems", "mta:memroy"], "'mta:memroy': mta has the variants segment-fsync, "),
            (["--systems", "postfics"], "'postfics': no such system in "),
            (["--systems", "mta:memory,mta:memory"], "mta-memory is in the list already"),
            (["--systems", "mta", "--repeat", "0"], "--repeat 0: expected 1 or more"),
            (["--systems", "mta", "--budget", "soon"], "--budget 'soon'"),
        ]) func usageIsChecked(words: [String], fault: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let profile = stage.path("tiny.yaml")
            try Self.profile.write(toFile: profile, atomically: true, encoding: .utf8)
            let program = try stage.program(
                "bench-report", ["compare", "--profile", profile, "--out", stage.path("out")] + words)
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains(fault), "\(program.errorOutput)")
        }

        @Test func interruptedNothingIsLeft() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let profile = stage.path("long.yaml")
            try Self.profile.replacingOccurrences(of: "messages: 300", with: "messages: 100000000")
                .write(toFile: profile, atomically: true, encoding: .utf8)
            let out = try stage.openDirectory("results")
            let program = try stage.program(
                "bench-report",
                [
                    "compare", "--profile", profile, "--systems", "mta:memory", "--out", out, "--no-evidence",
                    "--no-drop-cache",
                ])
            var live = ""
            for _ in 0..<400 where live.isEmpty {
                try await Task.sleep(nanoseconds: 50_000_000)
                let names = (try? FileManager.default.subpathsOfDirectory(atPath: out)) ?? []
                live = names.first { $0.hasSuffix("sink.json.live") } ?? ""
            }
            try #require(!live.isEmpty, "\(program.errorOutput)")
            #expect(try await program.terminate() == 130)
            #expect(program.errorOutput.contains("interrupted, its programs were ended"))
            #expect((try? FileManager.default.contentsOfDirectory(atPath: out + "/.spools")) == [])
            for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
                let words = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
                #expect(!String(decoding: words, as: UTF8.self).contains(out), "\(pid) still runs")
            }
        }
    }
}
