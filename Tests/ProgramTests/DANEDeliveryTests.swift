import Foundation
import RunRecords
import TestSupport
import Testing

/// DANE (RFC 7672) with a signed zone on a real name server.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct DANEDeliveryTests {
        /// Domains, the receiver whose port they use, and the TLSA records of their host.
        private static let domains: [(name: String, receiver: String, records: [String])] = [
            ("right", "own", ["3 1 1 KEY"]), ("anchored", "anchored", ["2 0 1 CA"]),
            ("wrong", "own", ["3 1 1 OTHER"]), ("clear", "plain", ["3 1 1 KEY"]),
            ("badname", "anchored", ["2 0 1 CA"]), ("useless", "own", ["1 1 1 OTHER"]),
            ("uselessclear", "plain", ["0 1 1 OTHER"]), ("none", "plain", []), ("forged", "own", ["3 1 1 KEY"]),
        ]
        private static let waiting: Set = [
            "wrong.signed.test", "clear.signed.test", "badname.signed.test", "uselessclear.signed.test",
            "forged.signed.test",
        ]
        /// Its host's certificate is for the host's other domain, whose mail goes the same way otherwise.
        private static let beside = "mx:for=beside.signed.test=mx.sited.signed.test"

        private func zone(_ origin: String, _ ports: [String: Int], _ digests: [String: String]) -> String {
            var lines = [
                "$ORIGIN \(origin).", "$TTL 3600", "@ SOA ns.\(origin). root.\(origin). 1 3600 600 86400 300",
                "@ NS ns",
                "ns A 127.0.0.1", "second MX 10 mx.wrong", "second MX 20 mx.right",
                "sited MX 10 mx.sited", "beside MX 10 mx.sited", "also CNAME sited", "mx.sited A 127.0.0.1",
                "_\(ports["own"]!)._tcp.mx.sited TLSA 2 0 1 \(digests["CA"]!)",
            ]
            for domain in Self.domains {
                lines += ["\(domain.name) MX 10 mx.\(domain.name)", "mx.\(domain.name) A 127.0.0.1"]
                for record in domain.records {
                    var words = record.split(separator: " ").map(String.init)
                    words[3] = digests[words[3]]!
                    lines.append(
                        "_\(ports[domain.receiver]!)._tcp.mx.\(domain.name) TLSA \(words.joined(separator: " "))")
                }
            }
            return lines.joined(separator: "\n") + "\n"
        }

        private func digest(_ command: String) throws -> String {
            String(try NameServer.run("(\(command)) | openssl dgst -sha256 -r").prefix(64))
        }

        private func configuration(
            _ receivers: Receivers, _ server: NameServer, _ anchor: String, _ domains: [String]
        ) -> String {
            """
            listen: 127.0.0.1:0
            dns:
              prohibited_networks: []
              ip: ipv4
              trust_anchor: \(anchor)
              stub_zones:
                - {name: signed.test., server: 127.0.0.1@\(server.port)}
                - {name: unsigned.test., server: 127.0.0.1@\(server.port)}
            delivery: {dane: true, port: \(receivers.ports["own"]!)}
            tls_reports: {organization: Ours, contact: tls@mta.test}
            domains:
            \(domains.joined(separator: "\n"))
            """
        }

        /// The right record delivers; a wrong one, one without TLS, a wrong name, useless records without TLS and forged
        /// answers wait, and nothing of that is said in the clear; where nothing is signed TLS is opportunistic.
        @Test func onlyTheRightHostGetsTheMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            // For a domain instead of its host.
            let own = try ca.chain(try await ca.issue("own", ["DNS:any.test", "DNS:sited.signed.test"]))
            let anchored = try ca.chain(try await ca.issue("anchored", ["DNS:mx.anchored.signed.test"]))
            let receivers = try await Receivers(
                stage,
                ["plain", "own=\(own.certificate),\(own.key)", "anchored=\(anchored.certificate),\(anchored.key)"])
            let key = try digest(
                "openssl x509 -in \(own.certificate) -noout -pubkey | openssl pkey -pubin -outform DER")
            let digests = [
                "KEY": key, "CA": try digest("openssl x509 -in \(ca.certificate) -outform DER"),
                "OTHER": String(repeating: "0f", count: 32),
            ]
            let signed = try SignedZone(zone("signed.test", receivers.ports, digests), "signed.test")
            let forged = signed.text.split(separator: "\n").map { line in
                line.contains("mx.forged.signed.test.") && line.contains("\tTLSA\t")
                    ? String(line).replacing(key, with: digests["OTHER"]!) : String(line)
            }.joined(separator: "\n")
            let server = try NameServer([
                "signed.test": forged + "\n", "unsigned.test": zone("unsigned.test", receivers.ports, digests),
            ])
            defer { server.stop() }
            let sections = Self.domains.map { name, receiver, _ in
                "  - {name: \(name).signed.test, next_hop: mx, port: \(receivers.ports[receiver]!)}"
            }
            let mta = try await stage.mta(configured: configuration(receivers, server, signed.anchor, sections))
            let good = ["right", "anchored", "useless", "none", "second", "sited", "also"].map { $0 + ".signed.test" }
            // Nobody vouches for these records.
            let unsigned = ["wrong.unsigned.test"]
            try await stage.runScript(
                "send_one.py",
                [String(mta.port), "a@x.test", "b@beside.signed.test"]
                    + (good + unsigned + Self.waiting).map { "b@" + $0 })
            try await mta.wait(for: good.count + unsigned.count)
            let waiting = Self.waiting.union([Self.beside])
            let failures = try await stage.failures(of: waiting)
            #expect(Set(failures.keys) == waiting)
            #expect(failures[Self.beside]?.contains("not for mx.sited.signed.test or beside.signed.test") ?? false)
            for (name, text) in failures { #expect(text.hasPrefix("451 4.7.5 "), "\(name): \(text)") }
            #expect(failures["wrong.signed.test"]?.contains("no TLSA record of mx.wrong.signed.test matches") ?? false)
            #expect(failures["badname.signed.test"]?.contains("not for mx.badname.signed.test") ?? false)
            #expect(failures["forged.signed.test"]?.contains("DNSSEC") ?? false)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 0 && record.queued == UInt64(waiting.count))
            try expectTheArrivals(receivers)
            try expectTheReports(stage)
        }

        private func expectTheArrivals(_ receivers: Receivers) throws {
            let arrived = try receivers.arrivals.map {
                "\($0.recipients[0].dropFirst(2)) \($0.receiver) \($0.tls ? "TLS" : "clear") \($0.server_name ?? "none")"
            }
            #expect(
                arrived.sorted() == [
                    // The domain is an alias of the one that is in the certificate.
                    "also.signed.test own TLS mx.sited.signed.test",
                    "anchored.signed.test anchored TLS mx.anchored.signed.test", "none.signed.test plain clear none",
                    "right.signed.test own TLS mx.right.signed.test",
                    // Its first host has the wrong record.
                    "second.signed.test own TLS mx.right.signed.test",
                    "sited.signed.test own TLS mx.sited.signed.test",
                    "useless.signed.test own TLS mx.useless.signed.test",
                    "wrong.unsigned.test own TLS mx.wrong.unsigned.test",
                ])
            // Not even a sender was told in the clear, but to the one that may have it so.
            #expect(receivers.mails.filter { $0.contains(" clear ") } == ["plain clear a@x.test"])
        }

        private func expectTheReports(_ stage: Stage) throws {
            let directory = stage.path("mta-spool/tls-reports")
            var seen: [String: String] = [:]
            for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
                let data = try #require(FileManager.default.contents(atPath: directory + "/" + file))
                let report = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
                let policies = try #require(report["policies"] as? [[String: Any]])
                let policy = try #require(policies[0]["policy"] as? [String: Any])
                let details = policies[0]["failure-details"] as? [[String: Any]] ?? []
                seen[policy["policy-domain"] as? String ?? ""] =
                    "\(policy["policy-type"] ?? "") \(details.first?["result-type"] ?? "right")"
            }
            #expect(seen["right.signed.test"] == "tlsa right")
            #expect(seen["wrong.signed.test"] == "tlsa certificate-not-trusted")
            #expect(seen["badname.signed.test"] == "tlsa certificate-host-mismatch")
            #expect(seen["clear.signed.test"] == "tlsa starttls-not-supported")
            #expect(seen["forged.signed.test"] == "tlsa dnssec-invalid")
            #expect(seen["none.signed.test"] == "no-policy-found starttls-not-supported")
        }
    }
}
