import Foundation
import RunRecords
import TestSupport
import Testing

/// Certificates and passwords that next hops ask for.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct HopLoginTests {
        @Test func aCertificateIsShownWhereItIsAskedFor() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            let host = try ca.chain(try await ca.issue("host", ["DNS:localhost"]))
            let ours = try await ca.issue("ours", ["DNS:mta.test"])
            let receivers = try await Receivers(stage, ["asking=\(host.certificate),\(host.key)"])
            let hop = "127.0.0.1:\(receivers.ports["asking"]!)"
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: \(hop)
                    delivery: {tls: required}
                    domains:
                      - {name: shown.test, tls_certificate: \(ours.certificate), tls_key: \(ours.key)}
                    """)
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "b@shown.test", "b@other.test"])
            try await mta.wait(for: 1)
            // TLS 1.3 tells of a certificate that is missing only after the handshake.
            let failures = try await stage.failures(of: [hop])
            #expect(failures[hop]?.hasPrefix("451 4.") ?? false, "\(failures)")
            #expect(try await mta.stop(MTARecord.self).delivered == 1)
            #expect(try receivers.arrivals.map(\.recipients) == [["b@shown.test"]])
        }

        /// With SCRAM or PLAIN, over TLS; a wrong password and a host without AUTH make the mail wait.
        @Test func weSayWhoWeAre() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            let host = try await ca.issue("host", ["DNS:localhost"])
            let receivers = try await Receivers(stage, ["noauth=\(host.certificate),\(host.key)"])
            let sink = try await stage.sink()
            let users = try stage.program(
                "mta", ["users", "add", "joe", "--file", stage.path("users")], input: "pencil\n")
            #expect(try await users.waitForExit() == 0, "\(users.errorOutput)")
            let hop = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    relay_networks: []
                    listeners:
                      - {name: sub, address: 127.0.0.1:0, protocol: submission, tls: default}
                    tls: [{name: default, certificate: \(host.certificate), key: \(host.key)}]
                    users: \(stage.path("users"))
                    """, name: "hop")
            for (name, password) in [("right", "pencil"), ("wrong", "crayon")] {
                try (password + "\n").write(toFile: stage.path(name), atomically: true, encoding: .utf8)
            }
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: localhost:\(hop.port)
                    dns: {ip: ipv4}
                    delivery:
                      tls: verified
                      tls_ca: \(ca.certificate)
                      auth: {user: joe, password_file: \(stage.path("right"))}
                      timeouts: {greeting: 30s, command: 30s, content: 1m}
                    domains:
                      - {name: wrong.test, auth: {user: joe, password_file: \(stage.path("wrong"))}}
                      - {name: noauth.test, next_hop: 'localhost:\(receivers.ports["noauth"]!)'}
                    """)
            try await stage.runScript(
                "send_one.py", [String(mta.port), "a@x.test", "b@good.test", "b@wrong.test", "b@noauth.test"])
            try await mta.wait(for: 1)
            let failures = try await stage.failures(of: ["wrong.test", "noauth.test"])
            for name in ["wrong.test", "noauth.test"] {
                #expect(failures[name]?.hasPrefix("451 4.7.0 AUTH at the next hop: ") ?? false, "\(failures)")
            }
            #expect(try await mta.stop(MTARecord.self).delivered == 1)
            #expect(receivers.mails.isEmpty)
            try await hop.wait(for: 1)
            #expect(try await hop.stop(MTARecord.self).delivered == 1)
        }

        @Test func aSilentHopIsWaitedForAsLongAsIsSet() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let hop = "127.0.0.1:\(try await stage.script("silent_server.py", []).listeningPort())"
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: \(hop)
                    delivery: {timeouts: {greeting: 1s}}
                    """)
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test", "b@far.test"])
            let failures = try await stage.failures(of: [hop])
            #expect(failures[hop]?.hasPrefix("451 4.4.2 ") ?? false, "\(failures)")
            #expect(try await mta.stop(MTARecord.self).queued == 1)
        }

        /// Hosts that go away when BDAT or several commands come: once more without it, at once, and never again with it.
        @Test(arguments: ["chunking", "pipelining"]) func whatAHostBreaksAtIsRemembered(_ fault: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("dropping_server.py", [fault, stage.path("sessions")])
            let port = try await server.listeningPort()
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(port)
                    delivery: {messages_per_connection: 1, connections: 1}
                    http: {address: 127.0.0.1:\(http)}
                    """, threads: 1)
            for number in 1...3 {
                let letter =
                    "{\"envelope_sender\": \"a@x.test\", \"recipients\": [{\"email\": \"\(number)@y.test\"}], "
                    + "\"content\": \"Subject: \(number)\\r\\n\\r\\ntext\\r\\n\"}"
                try await stage.runScript("inject.py", [String(http), letter])
                try await mta.wait(for: number)
            }
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 3 && record.deferrals == 0 && record.queued == 0)
            let sessions = try String(contentsOfFile: stage.path("sessions"), encoding: .utf8)
            #expect(sessions.split(separator: "\n") == ["broke", "kept", "kept", "kept"])
        }
    }
}
