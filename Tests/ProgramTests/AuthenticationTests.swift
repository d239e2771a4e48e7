import Foundation
import RunRecords
import TestSupport
import Testing

/// Passwords and keys: what wrong ones cost, and the file in which they are kept.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct AuthenticationTests {
        private func users(_ stage: Stage, _ name: String, file: String, code: Int32 = 0) async throws -> String {
            let program = try stage.program(
                "mta", ["users", "add", name, "--file", stage.path(file)], input: "pencil\n")
            #expect(try await program.waitForExit() == code, "\(program.errorOutput)")
            return program.errorOutput
        }

        @Test func failuresCostWhoFails() async throws {
            let stage = try Stage()
            defer { stage.close() }
            _ = try NameServer.run(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout \(stage.path("key.pem")) -out \(stage.path("cert.pem")) "
                    + "-days 30 -subj /CN=mta.test")
            _ = try await users(stage, "joe", file: "users")
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:1
                    listeners:
                      - name: submission
                        address: 127.0.0.1:0
                        protocol: submission
                        tls: default
                        auth: [plain, login, scram-sha-256]
                        xclient_networks: [127.0.0.1]
                    tls:
                      - {name: default, certificate: \(stage.path("cert.pem")), key: \(stage.path("key.pem"))}
                    users: \(stage.path("users"))
                    """)
            try await stage.runScript("auth_failures.py", [String(mta.port)])
            #expect(try await mta.program.terminate() == 0)
        }

        /// Nothing is lost of a file that is there and cannot be understood; another's mode is kept.
        @Test func filesOfUsersAreNotLost() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let file = stage.path("users")
            _ = try await users(stage, "joe", file: "users")
            #expect(try mode(file) == 0o600)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
            _ = try await users(stage, "ann", file: "users")
            #expect(try mode(file) == 0o640)
            let kept = try Data(contentsOf: URL(fileURLWithPath: file))
            #expect(String(decoding: kept, as: UTF8.self).split(separator: "\n").count == 2)
            let latin = Data("# f\u{FC}r uns\n".unicodeScalars.map { UInt8($0.value) }) + kept
            try latin.write(to: URL(fileURLWithPath: file))
            #expect(try await users(stage, "kim", file: "users", code: 2).contains("not UTF-8"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == latin)
            try FileManager.default.createDirectory(atPath: stage.path("directory"), withIntermediateDirectories: false)
            #expect(try await users(stage, "kim", file: "directory", code: 2).contains("no file"))
            // A link is followed, and a part of a path that is a file is no missing file.
            try FileManager.default.createSymbolicLink(
                atPath: stage.path("link"), withDestinationPath: stage.path("real"))
            try kept.write(to: URL(fileURLWithPath: stage.path("real")))
            _ = try await users(stage, "kim", file: "link")
            #expect(try String(contentsOfFile: stage.path("real"), encoding: .utf8).contains("kim:"))
            #expect(try await users(stage, "kim", file: "users/kim", code: 2).contains("Not a directory"))
            let names = try FileManager.default.contentsOfDirectory(atPath: stage.path(""))
            #expect(!names.contains { $0.contains(".new") }, "\(names)")
        }

        private func mode(_ file: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int)
        }
    }
}
