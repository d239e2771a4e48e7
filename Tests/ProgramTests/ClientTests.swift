import Foundation
import RunRecords
import TestSupport
import Testing

/// Who a client is by its certificate and its network, and what it may do.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ClientTests {
        private struct Ports { var requested, required, implicit: Int }

        /// Nobody may relay by address: certificates alone decide.
        private func relay(
            _ stage: Stage, _ ca: Authority, _ own: Authority.Issued
        ) async throws -> (server: Server, ports: Ports) {
            let ports = Ports(requested: try freePort(), required: try freePort(), implicit: try freePort())
            let tls = "certificate: \(own.certificate), key: \(own.key)"
            let server = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:1
                    listeners:
                      - {name: requested, address: '127.0.0.1:\(ports.requested)', tls: requested}
                      - {name: required, address: '127.0.0.1:\(ports.required)', tls: required}
                      - {name: implicit, address: '127.0.0.1:\(ports.implicit)', tls: plain, protocol: submissions}
                    tls:
                      - {name: plain, \(tls)}
                      - {name: requested, \(tls), client_certificates: requested, client_ca: \(ca.certificate)}
                      - {name: required, \(tls), client_certificates: required, client_ca: \(ca.certificate)}
                    relay_networks: []
                    relay_client_subjects: [friend.test, friend@x.test]
                    users: \(stage.path("users"))
                    """)
            return (server, ports)
        }

        private func addUser(_ stage: Stage) async throws {
            let add = try stage.program(
                "mta", ["users", "add", "joe", "--file", stage.path("users")], input: "pencil\n")
            #expect(try await add.waitForExit() == 0)
        }

        /// A certificate that our authority signed for a name that is listed opens the way; one for another name does
        /// not, a stranger's ends the handshake, and without any there is only what anyone may.
        @Test func certificatesOpenTheWay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (ca, stranger) = (try await Authority(stage), try await Authority(stage, name: "stranger"))
            try await addUser(stage)
            let (mta, ports) = try await relay(stage, ca, try await ca.issue("own", ["DNS:localhost"]))
            let certificates: [(name: String, issued: Authority.Issued?, requested: String, required: String)] = [
                ("friend", try await ca.issue("friend", ["DNS:friend.test"]), "250 2.1.5", "250 2.1.5"),
                ("friend by mail", try await ca.issue("mail", ["email:friend@x.test"]), "250 2.1.5", "250 2.1.5"),
                ("other name", try await ca.issue("other", ["DNS:other.test"]), "554 5.7.1", "554 5.7.1"),
                ("stranger", try await stranger.issue("far", ["DNS:friend.test"]), "no handshake", "no handshake"),
                ("none", nil, "554 5.7.1", "no handshake"),
            ]
            for (name, issued, requested, required) in certificates {
                for (port, answer) in [(ports.requested, requested), (ports.required, required)] {
                    let files = issued.map { [$0.certificate, $0.key] } ?? []
                    let said = try await stage.runScript("client_certificates.py", [String(port)] + files)
                    #expect(said.hasPrefix(answer), "\(name): \(said)")
                }
            }
            #expect(try await mta.program.terminate() == 0)
        }

        /// openssl's own client: STARTTLS and TLS from the first octet, 1.2 and 1.3, nothing older; the certificate is
        /// right for the name.
        @Test func opensslConnects() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            try await addUser(stage)
            let (mta, ports) = try await relay(stage, ca, try await ca.issue("own", ["DNS:localhost"]))
            let friend = try await ca.issue("friend", ["DNS:friend.test"])
            let ways = [
                ["-connect", "127.0.0.1:\(ports.required)", "-starttls", "smtp"]
                    + ["-cert", friend.certificate, "-key", friend.key],
                ["-connect", "127.0.0.1:\(ports.implicit)"],
            ]
            for way in ways {
                for (version, isSpoken) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false)] {
                    let words =
                        ["s_client", version, "-verify_return_error", "-verify_hostname", "localhost"]
                        + ["-CAfile", ca.certificate, "-cipher", "ALL:@SECLEVEL=0", "-crlf", "-ign_eof"] + way
                    guard let client = try stage.peer("openssl", words, input: "EHLO c.test\nQUIT\n") else { return }
                    let code = try await client.waitForExit()
                    #expect((code == 0) == isSpoken, "\(words): \(client.output.suffix(300)) \(client.errorOutput)")
                    #expect(client.output.contains("221 2.0.0") == isSpoken, "\(words)")
                }
            }
            #expect(try await mta.program.terminate() == 0)
        }

        /// Connections of one address and in all, messages of one address, recipients by network, idle time.
        @Test func limitsHoldForTheirClients() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ports = try (0..<3).map { _ in try freePort() }
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:1
                    listeners:
                      - {name: plain, address: '127.0.0.1:\(ports[0])'}
                      - name: limited
                        address: 127.0.0.1:\(ports[1])
                        max_recipients: 2
                        max_connections_per_client: 2
                        message_rate: 3/1h
                        idle_timeout: 1s
                        networks: [{network: 127.0.9.0/24, max_recipients: 4}]
                      - {name: crowded, address: '127.0.0.1:\(ports[2])', max_connections: 2}
                    """)
            try await stage.runScript("client_limits.py", ports.map(String.init))
            #expect(try await mta.program.terminate() == 0)
        }
    }
}
