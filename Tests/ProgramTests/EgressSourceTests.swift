import Foundation
import RunRecords
import TestSupport
import Testing

/// Sources, pools and their limits, as next hops by aiosmtpd see them.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct EgressSourceTests {
        private func arrivals(_ stage: Stage) throws -> [Receivers.Arrival] {
            try Receivers.arrivals(stage.path("arrivals"))
        }

        private func send(_ stage: Stage, _ mta: Server, _ recipients: [String]) async throws {
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test"] + recipients)
        }

        private func failure(_ stage: Stage, _ destination: String) async throws -> String {
            for _ in 0..<200 {
                if let text = try await stage.queue().destinations?.first(where: { $0.name == destination })?.failure {
                    return text
                }
                try await Task.sleep(nanoseconds: 50_000_000)
            }
            throw StageFault("\(destination) never failed")
        }

        private func log(_ stage: Stage) throws -> [[String: Any]] {
            let directory = stage.path("log")
            let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            return try files.flatMap { name -> [[String: Any]] in
                let data = FileManager.default.contents(atPath: directory + "/" + name) ?? Data()
                return try data.split(separator: UInt8(ascii: "\n")).compactMap {
                    try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
                }
            }
        }

        /// Forty connections one after the other, of three sources: exactly their shares, in every ten.
        @Test func connectionsAreSharedByWeight() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let hop = try await Receivers(stage, ["hop"]).ports["hop"]!
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(hop)
                    egress_sources:
                      - {name: one, addresses: [127.0.0.2], ehlo_name: one.out.test}
                      - {name: two, addresses: [127.0.0.3], ehlo_name: two.out.test}
                      - {name: three, addresses: [127.0.0.4]}
                    egress_pools:
                      - name: bulk
                        sources: [{name: one, weight: 6}, {name: two, weight: 3}, {name: three}]
                    delivery:
                      egress_pool: bulk
                      ehlo_name: usual.out.test
                      connections: 1
                      messages_per_connection: 1
                      recipients_per_transaction: 1
                    """)
            try await send(stage, mta, (0..<40).map { "\($0)@y.test" })
            try await mta.wait(for: 40)
            #expect(try await mta.stop(MTARecord.self).delivered == 40)
            let seen = try arrivals(stage).sorted { $0.session < $1.session }
            #expect(seen.count == 40 && seen.allSatisfy { $0.recipients.count == 1 })
            #expect(Set(seen.map(\.session)).count == 40)
            let names = ["127.0.0.2": "one.out.test", "127.0.0.3": "two.out.test", "127.0.0.4": "usual.out.test"]
            #expect(seen.allSatisfy { $0.ehlo == names[$0.peer] })
            for begin in stride(from: 0, to: 40, by: 10) {
                let part = Dictionary(grouping: seen[begin..<begin + 10], by: \.peer).mapValues(\.count)
                #expect(part == ["127.0.0.2": 6, "127.0.0.3": 3, "127.0.0.4": 1])
            }
        }

        /// The mail of a source whose address is not here waits and says why, a pool's other sources go on, and a reload
        /// lets it go; what each did is counted.
        @Test func aSourceThatIsNotHereWaits() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ports = try await Receivers(stage, ["hop", "far"]).ports
            let http = try freePort()
            func configuration(_ address: String) -> String {
                """
                listen: 127.0.0.1:0
                smart_host: 127.0.0.1:\(ports["hop"]!)
                http: {address: '127.0.0.1:\(http)'}
                egress_sources:
                  - {name: gone, addresses: [\(address)], suspend_when_unplumbed: true}
                  - {name: here, addresses: [127.0.0.3]}
                egress_pools:
                  - {name: alone, sources: [{name: gone}]}
                  - {name: both, sources: [{name: gone, weight: 9}, {name: here}]}
                delivery: {egress_pool: both}
                domains:
                  - {name: far.test, next_hop: '127.0.0.1:\(ports["far"]!)', egress_pool: alone}
                """
            }
            let mta = try await stage.mta(configured: configuration("192.0.2.1"))
            for number in 0..<5 { try await send(stage, mta, ["\(number)@y.test", "\(number)@far.test"]) }
            try await mta.wait(for: 5)
            let text = try await failure(stage, "far.test")
            #expect(text == "451 4.3.5 Egress source 'gone' is suspended: this host does not have 192.0.2.1")
            #expect(try arrivals(stage).allSatisfy { $0.receiver == "hop" && $0.peer == "127.0.0.3" })
            let metrics = try await stage.metrics(http)
            #expect(metrics["millrace_egress_recipients_total{source=\"here\",outcome=\"delivered\"}"] == 5)
            #expect(metrics["millrace_egress_source_suspended{source=\"gone\"}"] == 1)

            let head = "hostname: mta.test\nspool_dir: \(stage.path("mta-spool"))\nrecord: \(stage.path("mta.json"))\n"
            try (head + "threads: 2\n" + configuration("127.0.0.4")).write(
                toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            kill(mta.program.pid, SIGHUP)
            try await mta.wait(for: 10)
            #expect(try await mta.stop(MTARecord.self).delivered == 10)
            let far = try arrivals(stage).filter { $0.receiver == "far" }
            #expect(far.count == 5 && far.allSatisfy { $0.peer == "127.0.0.4" })
        }

        /// Two destinations share the one connection of their source: both get on, and there are never two.
        @Test func limitsOfASourceHoldOverDestinations() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    egress_sources: [{name: only, addresses: [127.0.0.2], limits: {connections: 1}}]
                    egress_pools: [{name: all, sources: [{name: only}]}]
                    delivery: {egress_pool: all}
                    domains: [{name: second.test}, {name: third.test, connections: 5}]
                    """)
            let load = try stage.generator(
                to: mta.port,
                [
                    "--concurrency", "10", "--message-count", "300", "--body-size", "1kb", "--domain", "first:1",
                    "--domain", "second:1", "--domain", "third:1", "--seed", "3",
                ])
            #expect(try await load.waitForExit() == 0)
            try await mta.wait(for: 300)
            #expect(try await mta.stop(MTARecord.self).delivered == 300)
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 300 && record.connectionsPeak == 1)
        }

        /// Through a SOCKS5 proxy with a password, and through one that takes a header: who was there, and what the log
        /// says of it. A destination behind a proxy that refuses waits and says why.
        @Test func mailLeavesThroughProxies() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ports = try await Receivers(stage, ["hop", "second", "third"]).ports
            let socks = try await ProxyServer.start(.socks5(user: "user", password: "secret"), from: "127.0.0.9")
            let header = try await ProxyServer.start(.haproxy)
            let wrong = try await ProxyServer.start(.socks5(user: "user", password: "other"))
            try "secret\n".write(toFile: stage.path("password"), atomically: true, encoding: .utf8)
            let login = "socks5_user: user, socks5_password_file: \(stage.path("password"))"
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(ports["hop"]!)
                    log: {directory: \(stage.path("log")), compression: none}
                    egress_sources:
                      - {name: socks, socks5: '127.0.0.1:\(socks.port)', \(login)}
                      - {name: header, haproxy: '127.0.0.1:\(header.port)', haproxy_source_addresses: [127.0.0.8]}
                      - {name: wrong, socks5: '127.0.0.1:\(wrong.port)', \(login)}
                    egress_pools:
                      - {name: socks, sources: [{name: socks}]}
                      - {name: header, sources: [{name: header}]}
                      - {name: wrong, sources: [{name: wrong}]}
                    delivery: {egress_pool: socks}
                    domains:
                      - {name: second.test, next_hop: '127.0.0.1:\(ports["second"]!)', egress_pool: header}
                      - {name: third.test, next_hop: '127.0.0.1:\(ports["third"]!)', egress_pool: wrong}
                    """)
            try await send(stage, mta, ["b@first.test", "b@second.test", "b@third.test"])
            try await mta.wait(for: 2)
            let text = try await failure(stage, "third.test")
            #expect(text == "451 4.4.1 SOCKS5 proxy 127.0.0.1:\(wrong.port): wrong user or password")
            #expect(try await mta.stop(MTARecord.self).queued == 1)
            let peers = try arrivals(stage).map { "\($0.receiver) \($0.peer)" }.sorted()
            #expect(peers == ["hop 127.0.0.9", "second 127.0.0.8"])
            #expect(socks.calls == [.init(target: "127.0.0.1:\(ports["hop"]!)", source: nil, user: "user")])
            let delivered = try log(stage).filter { $0["type"] as? String == "Delivery" }
            let said = delivered.map { event in
                let source = event["source_address"] as? [String: String] ?? [:]
                return ["egress_pool", "egress_source", "site"].map { event[$0] as? String ?? "-" }
                    + ["address", "protocol", "server"].map { source[$0] ?? "-" }
            }
            #expect(said.count == 2)
            #expect(
                said.contains {
                    $0[0] == "socks" && $0[1] == "socks" && $0[3].hasPrefix("127.0.0.9:") && $0[4] == "socks5"
                        && $0[5] == "127.0.0.1:\(socks.port)"
                }, "\(said)")
            let byHeader = ["header", "header", "second.test", "127.0.0.8", "haproxy", "127.0.0.1:\(header.port)"]
            #expect(said.contains(byHeader), "\(said)")
            for proxy in [socks, header, wrong] { try await proxy.stop() }
        }

        /// Names that lead nowhere are refused with their line.
        @Test func unknownNamesAreRefused() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sources = "egress_sources:\n  - name: one\n    addresses: [127.0.0.2]\n"
            for (text, part) in [
                (sources + "egress_pools:\n  - name: p\n    sources:\n      - name: onne\n", ":7: key 'egress_pools"),
                (sources + "delivery:\n  egress_pool: p\n", "no egress pool is named 'p'; there are none"),
                (sources + "  - name: one\n", "'one' appears twice"),
                ("egress_sources:\n  - name: 'a>b'\n", "expected at most 64 letters"),
                (sources + "    socks5: 127.0.0.1:1\n    haproxy: 127.0.0.1:2\n", "there is a `socks5` proxy already"),
                ("delivery:\n  rate: 20/s,burst=3\n", "max_burst=5"),
            ] {
                try text.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
                let program = try stage.program("mta", ["check-config", stage.path("mta.yaml")])
                #expect(try await program.waitForExit() == 2)
                #expect(program.errorOutput.contains(part), "\(program.errorOutput)")
            }
        }

        /// Where mail for a domain would go, and each limit with the place that says it.
        @Test func egressIsResolvedWithoutARelay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try """
            hostname: mta.test
            smart_host: 127.0.0.1:2525
            delivery: {egress_pool: usual, connections: 20, rate: '100/1m,max_burst=3'}
            egress_sources:
              - {name: one, addresses: [127.0.0.2], limits_by_destination: {connections: 4}}
              - {name: two, ehlo_name: two.test, limits: {connections: 50}}
            egress_pools:
              - {name: usual, sources: [{name: one, weight: 3}, {name: two}]}
              - {name: other, sources: [{name: two}]}
            domains:
              - name: big.test
                next_hop: 127.0.0.1:2526
                connections: 10
                by_source: [{source: two, rate: 5/s}]
            shaping: [\(stage.path("shaping.yaml"))]
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            try """
            domains:
              - domain: shaped.test
                connections: 2
                whole: {connections: 7}
                tls: required
                from: [{source: two, tls: verified}]
            """.write(toFile: stage.path("shaping.yaml"), atomically: true, encoding: .utf8)
            func resolve(_ words: [String]) async throws -> ProgramUnderTest {
                try stage.program("mta", ["resolve-egress", "--config", stage.path("mta.yaml")] + words)
            }
            let json = try await resolve(["big.test", "--format", "json"])
            #expect(try await json.waitForExit() == 0, "\(json.errorOutput)")
            let report = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8))
            #expect(report.destination == "big.test" && report.queue == "big.test" && report.pool == "usual")
            #expect(report.hosts == ["127.0.0.1:2526"])
            #expect(report.sources.map(\.name) == ["one", "two"] && report.sources.map(\.weight) == [3, 1])
            let one = report.sources[0].limits.filter(\.strictest)
            #expect(one.first { $0.name == "connections" }?.value == "4")
            #expect(
                one.first { $0.name == "connections" }?.origin
                    == "egress_sources[one].limits_by_destination.connections")
            #expect(one.first { $0.name == "rate" }?.origin == "delivery.rate")
            #expect(one.first { $0.name == "recipients_per_transaction" }?.origin == "built in")
            let two = report.sources[1].limits
            #expect(two.filter { $0.name == "connections" }.map(\.value) == ["10", "50"])
            #expect(two.first { $0.name == "rate" && !$0.strictest }?.value == "5/1s")
            let text = try await resolve(["elsewhere.test", "--pool", "other"])
            #expect(try await text.waitForExit() == 0, "\(text.errorOutput)")
            #expect(text.output.contains("queue        other>127.0.0.1:2525\n"), "\(text.output)")
            #expect(text.output.contains("source       two  weight 1 of 1  from any address  EHLO two.test\n"))
            // What shaping files say counts, too, and is said with its place.
            let shaped = try await resolve(["shaped.test", "--format", "json"])
            #expect(try await shaped.waitForExit() == 0, "\(shaped.errorOutput)")
            let ways = try JSONDecoder().decode(Report.self, from: Data(shaped.output.utf8))
            #expect(ways.destination == "shaped.test" && ways.sources.map(\.tls) == ["required", "verified"])
            let connections = ways.sources[0].limits.filter { $0.name == "connections" }
            #expect(Set(connections.map(\.value)) == ["20", "4", "7", "2"])
            #expect(connections.first(where: \.strictest)?.origin == "shaping.yaml:2 (domain:shaped.test)")
            let unknown = try await resolve(["big.test", "--pool", "none"])
            #expect(try await unknown.waitForExit() == 2)
            #expect(unknown.errorOutput.contains("expected one of other, usual"))
        }

        private struct Report: Decodable {
            struct Limit: Decodable {
                var name, value, scope, origin: String
                var strictest: Bool
            }
            struct Source: Decodable {
                var name: String
                var weight: Int
                var tls: String
                var limits: [Limit]
            }
            var destination, queue, pool: String
            var hosts: [String]
            var sources: [Source]
        }
    }
}
