import Foundation
import RunRecords
import TestSupport
import Testing

/// MTA-STS (RFC 8461) with a policy server over HTTPS.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct StrictTransportDeliveryTests {
        /// Domains, the receiver whose port they use, and their policy: mode and pattern.
        private static let domains: [(name: String, receiver: String, policy: (mode: String, mx: String)?)] = [
            ("good", "right", ("enforce", "mx.good.test")), ("wild", "right", ("enforce", "*.wild.test")),
            ("badmx", "right", ("enforce", "mx.elsewhere.test")), ("badname", "right", ("enforce", "mx.badname.test")),
            ("badroot", "strange", ("enforce", "mx.badroot.test")), ("clear", "plain", ("enforce", "mx.clear.test")),
            ("testing", "strange", ("testing", "mx.testing.test")), ("none", "plain", ("none", "mx.none.test")),
            ("moved", "plain", ("enforce", "mx.moved.test")), ("html", "plain", ("enforce", "mx.html.test")),
            ("large", "plain", ("enforce", "mx.large.test")), ("silent", "plain", nil),
        ]
        private static let waiting: Set = ["badmx.test", "badname.test", "badroot.test", "clear.test"]

        /// - Parameter hasPolicies: else the DNS says nothing of them.
        private func zone(hasPolicies: Bool) -> String {
            var lines = [
                "$ORIGIN test.", "$TTL 3600", "@ SOA ns.test. root.test. 1 3600 600 86400 300", "@ NS ns.test.",
                "ns A 127.0.0.1",
            ]
            for domain in Self.domains {
                lines += ["\(domain.name) MX 10 mx.\(domain.name)", "mx.\(domain.name) A 127.0.0.1"]
                guard hasPolicies else { continue }
                lines += ["_mta-sts.\(domain.name) TXT \"v=STSv1; id=1;\"", "mta-sts.\(domain.name) A 127.0.0.1"]
            }
            return lines.joined(separator: "\n") + "\n"
        }

        /// Its certificate is valid for all policy hosts but that of `badpolicy`.
        private func policies(_ stage: Stage, _ ca: Authority) async throws -> (program: ProgramUnderTest, port: Int) {
            let directory = try stage.openDirectory("policies")
            for domain in Self.domains {
                guard let policy = domain.policy else { continue }
                try "version: STSv1\nmode: \(policy.mode)\nmx: \(policy.mx)\nmax_age: 86400\n"
                    .write(toFile: directory + "/\(domain.name).test", atomically: true, encoding: .utf8)
            }
            let issued = try await ca.issue("policies", Self.domains.map { "DNS:mta-sts.\($0.name).test" })
            let program = try stage.script(
                "policy_server.py", [directory, "\(issued.certificate),\(issued.key)"])
            return (program, try await program.listeningPort())
        }

        private func relay(
            _ stage: Stage, _ dns: NameServer, _ ca: Authority, policies: Int,
            _ receiver: (String) -> Int
        ) async throws -> Server {
            let sections = Self.domains.filter { $0.name != "good" }.map { name, hop, _ in
                "  - {name: \(name).test, next_hop: mx, port: \(receiver(hop))}"
            }
            return try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    retry_first: 1h
                    dns:
                      prohibited_networks: []
                      ip: ipv4
                      dnssec: false
                      stub_zones: [{name: test., server: 127.0.0.1@\(dns.port)}]
                    delivery: {mta_sts: true, port: \(receiver("right")), tls_ca: \(ca.certificate)}
                    mta_sts: {port: \(policies), ca: \(ca.certificate)}
                    tls_reports: {organization: Ours, contact: tls@mta.test}
                    domains:
                    \(sections.joined(separator: "\n"))
                    """)
        }

        /// What matches a policy is delivered; what does not waits where it is enforced, and is reported where it is
        /// tested; what is no policy demands nothing.
        @Test func policiesAreFollowed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (ca, stranger) = (try await Authority(stage), try await Authority(stage, name: "stranger"))
            let right = try await ca.issue("right", ["DNS:mx.good.test", "DNS:mx.wild.test", "DNS:mx.badmx.test"])
            let strange = try await stranger.issue("strange", ["DNS:mx.badroot.test", "DNS:mx.testing.test"])
            let receivers = try await Receivers(
                stage,
                ["plain", "right=\(right.certificate),\(right.key)", "strange=\(strange.certificate),\(strange.key)"])
            let dns = try NameServer(["test": zone(hasPolicies: true)])
            defer { dns.stop() }
            let policies = try await policies(stage, ca)
            let mta = try await relay(stage, dns, ca, policies: policies.port) { receivers.ports[$0]! }
            try await stage.runScript(
                "send_one.py", [String(mta.port), "a@x.test"] + Self.domains.map { "b@\($0.name).test" })
            try await mta.wait(for: Self.domains.count - Self.waiting.count)
            let failures = try await stage.failures(of: Self.waiting)
            #expect(Set(failures.keys) == Self.waiting)
            for (name, text) in failures { #expect(text.hasPrefix("451 4.7.5 "), "\(name): \(text)") }
            #expect(failures["badmx.test"]?.contains("not among the hosts of badmx.test's policy") ?? false)
            #expect(failures["badname.test"]?.contains("not for mx.badname.test") ?? false)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 0 && record.queued == UInt64(Self.waiting.count))
            let arrived = try receivers.arrivals.map {
                "\($0.recipients[0].dropFirst(2)) \($0.receiver) \($0.tls ? "TLS" : "clear")"
            }
            #expect(
                arrived.sorted() == [
                    "good.test right TLS", "html.test plain clear", "large.test plain clear", "moved.test plain clear",
                    "none.test plain clear", "silent.test plain clear", "testing.test strange TLS",
                    "wild.test right TLS",
                ])
            #expect(receivers.mails.count { $0.contains(" clear ") } == 5)
            try expectTheReports(stage)
            let requests = try String(contentsOfFile: stage.path("policies/requests"), encoding: .utf8)
            #expect(!requests.contains("/elsewhere"), "a redirection was followed")
            #expect(requests.split(separator: "\n").allSatisfy { $0.hasSuffix(" /.well-known/mta-sts.txt") })
        }

        private func expectTheReports(_ stage: Stage) throws {
            let directory = stage.path("mta-spool/tls-reports")
            var seen: [String: Set<String>] = [:]
            for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
                let data = try #require(FileManager.default.contents(atPath: directory + "/" + file))
                let report = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
                for result in try #require(report["policies"] as? [[String: Any]]) {
                    let policy = try #require(result["policy"] as? [String: Any])
                    let details = result["failure-details"] as? [[String: Any]] ?? []
                    let types = details.isEmpty ? ["right"] : details.map { $0["result-type"] as? String ?? "" }
                    seen[policy["policy-domain"] as? String ?? "", default: []]
                        .formUnion(types.map { "\(policy["policy-type"] ?? "") \($0)" })
                }
            }
            #expect(seen["good.test"] == ["sts right"])
            #expect(seen["testing.test"] == ["sts certificate-not-trusted"])
            #expect(seen["badroot.test"] == ["sts certificate-not-trusted"])
            #expect(seen["badname.test"] == ["sts certificate-host-mismatch"])
            #expect(seen["clear.test"] == ["sts starttls-not-supported"])
            #expect(seen["badmx.test"] == ["sts validation-failure"])
            #expect(seen["moved.test"]?.contains("sts sts-policy-fetch-error") ?? false)
            #expect(seen["large.test"]?.contains("sts sts-policy-invalid") ?? false)
        }

        /// RFC 8461 §10.2: who takes the policy's record out of the DNS, or its server off the web, takes nothing away.
        @Test func aPolicyOutlivesARestartAndItsRecord() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (ca, stranger) = (try await Authority(stage), try await Authority(stage, name: "stranger"))
            let right = try await ca.issue("right", ["DNS:mx.good.test"])
            let strange = try await stranger.issue("strange", ["DNS:mx.good.test"])
            let receivers = try await Receivers(
                stage,
                ["plain", "right=\(right.certificate),\(right.key)", "strange=\(strange.certificate),\(strange.key)"])
            let dns = try NameServer(["test": zone(hasPolicies: true)])
            defer { dns.stop() }
            let policies = try await policies(stage, ca)
            let first = try await relay(stage, dns, ca, policies: policies.port) { receivers.ports[$0]! }
            try await stage.runScript("send_one.py", [String(first.port), "a@x.test", "b@good.test"])
            try await first.wait(for: 1)
            #expect(try await first.stop(MTARecord.self).delivered == 1)
            policies.program.kill()
            let poor = try NameServer(["test": zone(hasPolicies: false)])
            defer { poor.stop() }
            let second = try await relay(stage, poor, ca, policies: policies.port) { _ in receivers.ports["strange"]! }
            try await stage.runScript("send_one.py", [String(second.port), "a@x.test", "b@good.test"])
            let failures = try await stage.failures(of: ["mx:sts=mx.good.test"])
            #expect(failures["mx:sts=mx.good.test"]?.hasPrefix("451 4.7.5 TLS is required and failed") ?? false)
            #expect(try await second.stop(MTARecord.self).delivered == 0)
            #expect(try receivers.arrivals.map(\.receiver) == ["right"])
            #expect(receivers.mails == ["right TLS a@x.test"])
        }
    }
}
