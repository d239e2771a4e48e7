import Foundation
import TestSupport
import Testing

/// `mta tls-probe` with a signed zone on a real server, hosts by aiosmtpd, and no running relay.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct TLSProbeTests {
        private struct Report: Decodable {
            struct Verdict: Decodable {
                var way: String
                var reason: String
            }
            struct Check: Decodable {
                var name: String
                var passed: Bool
            }
            struct Certificate: Decodable { var names: [String] }
            struct Host: Decodable {
                var version: String?
                var cipher: String?
                var certificates: [Certificate]
                var checks: [Check]
                var verdict: Verdict
            }
            var destination: String
            var hosts: [Host]
            var verdict: Verdict
        }

        private func zone(_ ports: [String: Int], _ key: String) -> String {
            """
            $ORIGIN signed.test.
            $TTL 3600
            @ SOA ns.signed.test. root.signed.test. 1 3600 600 86400 300
            @ NS ns
            ns A 127.0.0.1
            right MX 10 mx.right
            mx.right A 127.0.0.1
            _\(ports["own"]!)._tcp.mx.right TLSA 3 1 1 \(key)
            wrong MX 10 mx.wrong
            mx.wrong A 127.0.0.1
            _\(ports["own"]!)._tcp.mx.wrong TLSA 3 1 1 \(String(repeating: "0f", count: 32))
            clear MX 10 mx.clear
            mx.clear A 127.0.0.1

            """
        }

        @Test func aProbeSaysWhatBecomesOfMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let own = try await Authority(stage).issue("own", ["DNS:mx.right.signed.test"])
            let ports = try await Receivers(stage, ["plain", "own=\(own.certificate),\(own.key)"]).ports
            let key = try NameServer.run(
                "openssl x509 -in \(own.certificate) -noout -pubkey | openssl pkey -pubin -outform DER "
                    + "| openssl dgst -sha256 -r"
            ).prefix(64)
            let signed = try SignedZone(zone(ports, String(key)), "signed.test")
            let dns = try NameServer(["signed.test": signed.text])
            defer { dns.stop() }
            try """
            hostname: mta.test
            spool_dir: \(stage.path("spool"))
            dns:
              prohibited_networks: []
              ip: ipv4
              trust_anchor: \(signed.anchor)
              stub_zones: [{name: signed.test., server: 127.0.0.1@\(dns.port)}]
            delivery: {dane: true, port: \(ports["own"]!)}
            domains: [{name: clear.signed.test, port: \(ports["plain"]!)}]
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let right = try await probe(stage, "right.signed.test", code: 0)
            #expect(right.destination == "mx:mx.right.signed.test" && right.verdict.way == "encrypted")
            #expect(right.hosts[0].verdict.reason == "the host has proven who it is (DANE)")
            #expect(right.hosts[0].version == "TLSv1.3" && right.hosts[0].cipher?.hasPrefix("TLS_AES_") ?? false)
            #expect(right.hosts[0].certificates.map(\.names) == [["mx.right.signed.test"]])
            // Nobody else trusts this authority.
            #expect(right.hosts[0].checks.map { "\($0.name) \($0.passed)" } == ["dane true", "certificate false"])
            let wrong = try await probe(stage, "wrong.signed.test", code: 1)
            #expect(wrong.verdict.way == "waits" && wrong.verdict.reason.contains("no TLSA record of mx.wrong"))
            let clear = try await probe(stage, "clear.signed.test", code: 0)
            #expect(clear.verdict.way == "clear" && clear.hosts[0].version == nil)
            let text = try stage.program(
                "mta", ["tls-probe", "right.signed.test", "--config", stage.path("mta.yaml")])
            #expect(try await text.waitForExit() == 0)
            #expect(text.output.contains("  STARTTLS   TLSv1.3 TLS_AES_"))
            #expect(
                text.output.hasSuffix(
                    "\nmail         goes over TLS, to mx.right.signed.test: the host has proven who it is (DANE)\n"))
        }

        private func probe(_ stage: Stage, _ domain: String, code: Int32) async throws -> Report {
            let program = try stage.program(
                "mta", ["tls-probe", domain, "--config", stage.path("mta.yaml"), "--format", "json"])
            #expect(try await program.waitForExit() == code, "\(program.errorOutput)")
            return try JSONDecoder().decode(Report.self, from: Data(program.output.utf8))
        }
    }
}
