import Foundation
import Testing

/// `bench-report systems`: what there is, and whether it does what it promises.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SystemsTests {
        private struct Row: Decodable {
            var system, kind, choice, promise, version: String
            var installed: Bool
            var missing: String?
        }
        private struct Check: Decodable {
            var system, promise, verdict: String
            var messages, syncs: UInt64?
            var confirmed: Bool?
        }

        private func systems(_ stage: Stage, _ words: [String], exits expected: Int32 = 0) async throws -> String {
            let program = try stage.program("bench-report", ["systems", "--out", stage.path("out")] + words)
            #expect(try await program.waitForExit(seconds: 90) == expected, "\(program.errorOutput) \(program.output)")
            return program.output
        }

        @Test func everyVariantIsListed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let json = try await systems(stage, ["--format", "json"])
            let rows = try JSONDecoder().decode([Row].self, from: Data(json.utf8))
            let own = try #require(rows.first { $0.choice == "mta:segment-fsync" })
            #expect(own.installed && own.promise == "fsync" && own.missing == nil)
            let haraka = try #require(rows.first { $0.choice == "haraka:default" })
            #expect(haraka.installed || haraka.missing?.contains("npm install -g Haraka") == true)
            #expect(rows.first { $0.choice == "smtp-sink" }?.kind == "sink")
            let csv = try await systems(stage, ["--format", "csv"])
            #expect(csv.split(separator: "\n").count >= rows.count + 1)
            #expect(csv.hasPrefix("system,kind,title,spool,promise,installed,"))
            let text = try await systems(stage, [])
            #expect(text.contains("\npostfix:tuned "))
        }

        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"), "strace is not installed"))
        func syncsAreCountedNotBelieved() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let json = try await systems(
                stage,
                [
                    "--check", "mta:segment-fsync", "mta:segment-os", "mta:rocksdb-fsync", "--messages", "10",
                    "--format", "json",
                ])
            let rows = try JSONDecoder().decode([Check].self, from: Data(json.utf8))
            #expect(rows.map(\.system) == ["mta-segment-fsync", "mta-segment-os", "mta-rocksdb-fsync"])
            #expect(rows.map(\.verdict) == ["syncs_each_message", "does_not_sync", "syncs_each_message"])
            #expect(rows.map(\.confirmed) == [true, true, true])
            #expect((rows[0].syncs ?? 0) >= 10 && rows[0].messages == 10)
        }

        @Test func aFaultyDefinitionIsRefusedWithItsLine() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let definitions = try stage.openDirectory("definitions")
            try
                "title: T\nabout: a\nexecutables: [x]\nstart: [x, '{{ prot }}']\nvariants: [{name: default, spool: s, promise: os}]\n"
                .write(toFile: definitions + "/bad.yaml", atomically: true, encoding: .utf8)
            let program = try stage.program("bench-report", ["systems", "--definitions", definitions])
            #expect(try await program.waitForExit() == 2)
            #expect(
                program.errorOutput.contains("bad.yaml:4: key 'start': 'prot' is no name"), "\(program.errorOutput)")
        }
    }
}
