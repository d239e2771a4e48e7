import Foundation
import Testing

/// The page of results names every key that a record has.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct RecordKeyTests {
        /// Objects whose keys are names of other things: settings, files, groups, stages.
        private static let open: Set<String> = [
            "sysctls", "rocksdb_options", "files", "calls", "counters", "labels", "stage_latency", "cpu_user_s",
            "cpu_system_s", "memory_bytes", "processor", "limits", "versions", "variables",
        ]

        @Test func everyKeyOfARecordIsExplained() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try BenchReportTests.variants.write(toFile: stage.path("pair.yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let program = try stage.program(
                "bench-report", ["run", stage.path("pair.yaml"), "--out", out, "--only", "segment-os"])
            #expect(try await program.waitForExit(seconds: 60) == 0, "\(program.errorOutput)")
            let page = try String(contentsOfFile: Stage.root + "/docs/RESULTS.md", encoding: .utf8)
            let named = Set(page.matches(of: /`([a-z][a-z0-9_]*)`/).map { String($0.1) })
            var keys: Set<String> = []
            let files = FileManager.default.enumerator(atPath: out)
            while let file = files?.nextObject() as? String {
                guard file.hasSuffix("run.json") || file.hasSuffix("environment.json") else { continue }
                let data = try Data(contentsOf: URL(fileURLWithPath: out + "/" + file))
                Self.gather(try JSONSerialization.jsonObject(with: data), "", &keys)
            }
            #expect(keys.count > 100)
            #expect(keys.subtracting(named).sorted() == [], "docs/RESULTS.md does not name these")
        }

        private static func gather(_ value: Any, _ name: String, _ keys: inout Set<String>) {
            if let list = value as? [Any] {
                for item in list { gather(item, name, &keys) }
            } else if let object = value as? [String: Any] {
                for (key, inner) in object {
                    if !open.contains(name) { keys.insert(key) }
                    gather(inner, open.contains(name) ? name : key, &keys)
                }
            }
        }
    }
}
