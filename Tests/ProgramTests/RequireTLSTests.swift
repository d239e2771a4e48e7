import Foundation
import RunRecords
import TestSupport
import Testing

/// REQUIRETLS (RFC 8689) on its way out.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct RequireTLSTests {
        private func zone(_ port: Int, _ key: String) -> String {
            """
            $ORIGIN signed.test.
            $TTL 3600
            @ SOA ns.signed.test. root.signed.test. 1 3600 600 86400 300
            @ NS ns
            ns A 127.0.0.1
            proven MX 10 mx.proven
            mx.proven A 127.0.0.1
            _\(port)._tcp.mx.proven TLSA 3 1 1 \(key)
            unproven MX 10 mx.unproven
            mx.unproven A 127.0.0.1

            """
        }

        /// The same host under two names: where DNSSEC has its key it gets the mail, where it could be anybody it does not.
        @Test func onlyAHostThatIsProvenGetsTheMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            let host = try await ca.issue("host", ["DNS:localhost"])
            let tls = "tls: [{name: default, certificate: \(host.certificate), key: \(host.key)}]"
            let sink = try await stage.sink()
            let hop = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    listeners: [{name: mx, address: "127.0.0.1:0", tls: default}]
                    \(tls)
                    """, name: "hop")
            let key = try NameServer.run(
                "openssl x509 -in \(host.certificate) -noout -pubkey | openssl pkey -pubin -outform DER "
                    + "| openssl dgst -sha256 -r"
            ).prefix(64)
            let signed = try SignedZone(zone(hop.port, String(key)), "signed.test")
            let server = try NameServer(["signed.test": signed.text])
            defer { server.stop() }
            let mta = try await stage.mta(
                configured: """
                    listeners: [{name: mx, address: "127.0.0.1:0", tls: default}]
                    \(tls)
                    dns:
                      prohibited_networks: []
                      ip: ipv4
                      trust_anchor: \(signed.anchor)
                      stub_zones: [{name: signed.test., server: 127.0.0.1@\(server.port)}]
                    # REQUIRETLS outdoes what the header says (RFC 8689 §4.1).
                    delivery: {dane: true, tls_required_header: true, port: \(hop.port)}
                    """)
            try await stage.runScript(
                "send_requiretls.py",
                [String(mta.port), ca.certificate, "b@proven.signed.test", "b@unproven.signed.test"])
            try await mta.wait(for: 2)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 1 && record.bounced == 1 && record.queued == 0)
            // The sink has no TLS: there it ends.
            try await hop.wait(for: 1)
            let next = try await hop.stop(MTARecord.self)
            #expect(next.accepted == 1 && next.bounced == 1 && next.delivered == 0)
            #expect(try await sink.stop(SinkRecord.self).received == 0)
        }
    }
}
