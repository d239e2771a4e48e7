import Foundation
import Testing

/// Results as pages: written beside each result, and served to this machine.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ServeTests {
        private static let profile = """
            question: Is what was measured <em>shown</em> & linked?
            messages: 300
            message_size: 2KB
            connections: 10
            stall_limit: 20s

            """

        /// Two runs of one profile below `results`, whose directories are returned.
        private func results(_ stage: Stage) async throws -> [String] {
            try Self.profile.write(toFile: stage.path("page.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program(
                "bench-report",
                ["run", stage.path("page.yaml"), "--repeat", "2", "--rest", "0s", "--out", stage.path("results")])
            #expect(try await program.waitForExit(seconds: 60) == 0, "\(program.errorOutput)")
            return try FileManager.default.contentsOfDirectory(atPath: stage.path("results")).sorted()
                .filter { !$0.hasPrefix(".") }.map { stage.path("results") + "/" + $0 }
        }

        @Test func resultsBecomePages() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let directories = try await results(stage)
            #expect(directories.count == 2)
            let own = try String(contentsOfFile: directories[0] + "/report.html", encoding: .utf8)
            #expect(own.contains("href=\"./run.json\"") && own.contains("&lt;em&gt;shown&lt;/em&gt; &amp; linked"))
            // The page beside a result is part of it.
            let sums = try String(contentsOfFile: directories[0] + "/SHA256SUMS", encoding: .utf8)
            #expect(sums.contains("  report.html\n"))
            let check = try stage.program("bench-report", ["check", directories[0]])
            #expect(try await check.waitForExit() == 0, "\(check.output)")
            let file = stage.path("both.html")
            let both = try stage.program("bench-report", ["html"] + directories + ["-o", file])
            #expect(try await both.waitForExit() == 0, "\(both.errorOutput)")
            #expect(both.output == file + "\n")
            let page = try String(contentsOfFile: file, encoding: .utf8)
            for directory in directories {
                let name = URL(fileURLWithPath: directory).lastPathComponent
                #expect(page.contains("href=\"./results/\(name)/run.json\""), "\(name)")
            }
        }

        @Test(arguments: [
            (["html"], "results"), (["html", "/nonexistent"], "/nonexistent"),
            (["serve", "/nonexistent"], "/nonexistent"),
            (["serve", "--listen", "0.0.0.0:0", "/tmp"], "--allow-remote"),
            (["serve", "--listen", "nonsense", "/tmp"], "--listen"),
        ])
        func wrongUseIsRefused(arguments: [String], named: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program("bench-report", arguments)
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains(named), "\(program.errorOutput)")
        }

        /// Whatever is asked for, only what lies in the directory is given; and a browser finds nothing to complain of.
        @Test func resultsAreServed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let runs = try await results(stage)
            let root = stage.path("results")
            let comparison = root + "/20260101T000000Z_page_0"
            try FileManager.default.createDirectory(atPath: comparison, withIntermediateDirectories: true)
            for run in runs {
                let name = URL(fileURLWithPath: run).lastPathComponent
                try FileManager.default.moveItem(atPath: run, toPath: comparison + "/" + name)
            }
            try layTraps(stage, root)
            let program = try stage.program("bench-report", ["serve", root, "--listen", "127.0.0.1:0"])
            let port = try await program.listeningPort()
            let id = try await stage.runScript("results_server.py", [String(port), "not for others"])
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let list = try await look(stage, "http://127.0.0.1:\(port)/", Self.choosing)
            #expect(list.value == ["1", "0", "1"], "\(list.value ?? [])")
            let quoted = id.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            _ = try await look(stage, "http://127.0.0.1:\(port)/compare?r=\(quoted)", "[document.title]")
            #expect(try await program.terminate() == 0, "\(program.errorOutput)")
        }

        /// A directory and a record that are links to elsewhere, a record that is none, and one beside the directory.
        private func layTraps(_ stage: Stage, _ root: String) throws {
            let files = FileManager.default
            for name in ["outside", "results/linked-record", "results/broken"] {
                try files.createDirectory(atPath: stage.path(name), withIntermediateDirectories: true)
            }
            try "not for others".write(toFile: stage.path("outside/run.json"), atomically: true, encoding: .utf8)
            try files.createSymbolicLink(atPath: root + "/link", withDestinationPath: stage.path("outside"))
            try files.createSymbolicLink(
                atPath: root + "/linked-record/run.json", withDestinationPath: stage.path("outside/run.json"))
            try "{\"schema\": 1}".write(toFile: root + "/broken/run.json", atomically: true, encoding: .utf8)
        }

        private struct Seen: Decodable {
            struct View: Decodable {
                var width, room: Double
                var wide: [String]
            }
            var views: [String: View]
            var requests: [String]
            var complaints: [String]
            var value: [String]?
        }

        /// Words into the filter: rows that are shown with one that is there, with one that is not, with none.
        private static let choosing = """
            (() => {
              const field = document.getElementById("filter");
              const rows = Array.from(document.querySelectorAll("#results tbody tr"));
              return ["page valid", "nowhere", ""].map((words) => {
                field.value = words;
                field.dispatchEvent(new Event("input"));
                return String(rows.filter((row) => !row.hidden).length);
              });
            })()
            """

        private func look(_ stage: Stage, _ address: String, _ script: String) async throws -> Seen {
            let output = try await stage.runScript("browser.py", [stage.path("results"), address, script])
            let seen = try JSONDecoder().decode(Seen.self, from: Data(output.utf8))
            for (name, view) in seen.views {
                #expect(view.width <= view.room && view.wide.isEmpty, "\(address), \(name): \(view.wide)")
            }
            #expect(seen.complaints.isEmpty, "\(seen.complaints)")
            #expect(seen.requests == [address])
            return seen
        }
    }
}
