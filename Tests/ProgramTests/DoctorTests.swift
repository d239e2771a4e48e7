import Foundation
import Testing

/// `bench-report doctor` on the machine of the tests, whatever it is: nothing is changed on it.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct DoctorTests {
        private static let profile =
            "question: q\nmessages: 1000\nmessage_size: 1KB\nconnections: 20\nmta: {spool: segment}\n"

        @Test func theExitCodeIsThatOfTheWorstFinding() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try Self.profile.write(toFile: stage.path("p.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program(
                "bench-report", ["doctor", stage.path("p.yaml"), "--spool-root", stage.path("s"), "--format", "json"])
            let code = try await program.waitForExit()
            let json = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any]
            let document = try #require(json, "\(program.errorOutput)")
            let findings = try #require(document["findings"] as? [[String: String]])
            #expect(code == (document["severity"] as? String == "severe" ? 1 : 0))
            #expect(findings.contains { $0["name"] == "volume of the run" && $0["now"] == "0.0 GiB" })
            #expect(findings.contains { $0["name"] == "4 KiB write and fdatasync, p50" })
            #expect(findings.contains { $0["name"] == "disk control group" })
        }

        @Test func anImpossibleLimitSpoilsARun() async throws {
            let stage = try Stage()
            defer { stage.close() }
            // More connections than a machine has ports for.
            let program = try stage.program(
                "bench-report", ["doctor", "--connections", "70000", "--spool-root", stage.path("s")])
            #expect(try await program.waitForExit() == 1)
            #expect(program.output.contains("SEVERE net.ipv4.ip_local_port_range"), "\(program.output)")
        }

        @Test func settingsComeAsAFile() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program(
                "bench-report", ["doctor", "--sysctl", "--connections", "70000", "--spool-root", stage.path("s")])
            #expect(try await program.waitForExit() == 0)
            #expect(program.output.hasPrefix("# Settings for load runs"))
            #expect(program.output.contains("net.ipv4.ip_local_port_range = 5000 65000\n"))
            for line in program.output.split(separator: "\n") {
                #expect(line.hasPrefix("#") || line.contains(" = "), "\(line)")
            }
        }

        @Test(arguments: [
            (["--format", "html"], "expected text, json or csv"), (["--port", "70000"], "expected 1 to 65535"),
            (["--connections", "0"], "expected 1 to 100000"), (["/nonexistent.yaml"], "/nonexistent.yaml"),
            (["--apply", "--sysctl"], "expected one of them"),
        ])
        func mistakesAreNamed(arguments: [String], says: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program("bench-report", ["doctor"] + arguments)
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains(says) || program.errorOutput.contains("only root"))
        }
    }
}
