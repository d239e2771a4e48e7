import Foundation
import RunRecords
import Testing

/// The sink as many mail exchangers: addresses, names, TLS, LMTP.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(3))) struct SinkListeningTests {
        private func line(_ word: String, of sink: Server) async throws -> String {
            try await eventually("the line '\(word)'") {
                sink.program.output.split(separator: "\n").first { $0.hasPrefix(word + " ") }.map(String.init)
            }
        }

        private func port(_ word: String, of sink: Server) async throws -> Int {
            Int(try await line(word, of: sink).split(separator: ":").last ?? "") ?? 0
        }

        /// No other name server: ten thousand domains over a thousand hosts, each by its MX record.
        @Test func tenThousandDomainsAreRoutedByItsOwnDNS() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink([
                "--listen-range", "127.0.40.1-127.0.43.250:0", "--dns", "127.0.0.1:0",
                "--zone", "*.test=mx*.sink.test@127.0.40.1-127.0.43.250", "--ledger", stage.path("sink.ledger"),
            ])
            let range = try await line("range", of: sink)
            let port = try #require(range.split(separator: " ")[1].split(separator: ":").last.flatMap { Int($0) })
            let dns = try await self.port("dns", of: sink)
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    retry_first: 1s
                    delivery: {port: \(port)}
                    dns:
                      prohibited_networks: []
                      dnssec: false
                      stub_zones: [{name: test., server: 127.0.0.1@\(dns)}]
                    """)
            let domains = (0..<10_000).flatMap { ["--domain", "d\($0)"] }
            let load = try stage.generator(
                to: mta.port,
                ["--concurrency", "20", "--message-count", "20000", "--body-size", "1kb", "--seed", "3"] + domains)
            #expect(try await load.waitForExit(seconds: 120) == 0)
            try await sink.wait(for: 20_000, seconds: 120)
            let relayed = try await mta.stop(MTARecord.self)
            let record = try await sink.stop(SinkRecord.self)
            #expect(relayed.delivered == 20_000 && relayed.bounced == 0 && relayed.queued == 0)
            #expect(record.ledger?.unique == 20_000 && record.ledger?.duplicates == 0)
            #expect(record.domains?.last?.domain == "other")
        }

        @Test func itsCertificateIsVerifiedAndItsFaultsAreFound() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try """
            rules:
              - {match: {client: 127.0.7.1}, action: tls, fault: garbage}
              - {match: {client: 127.0.7.2}, action: tls, fault: close}
              - {match: {client: 127.0.7.3}, action: tls, fault: wrong-certificate}
            """.write(toFile: stage.path("tls.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink([
                "--tls-ca-dir", stage.path("tls"), "--behaviour", stage.path("tls.yaml"), "--hostname", "mx.sink.test",
            ])
            try await stage.runScript("sink_tls.py", [String(sink.port), stage.path("tls/ca.pem"), "mx.sink.test"])
            let key = try FileManager.default.attributesOfItem(atPath: stage.path("tls/server.key"))
            #expect(key[.posixPermissions] as? Int == 0o600)
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 1)
            #expect(record.replies?.first { $0.stage == "tls" }?.count == 3)
        }

        @Test func lmtpAnswersEachRecipient() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--lmtp"])
            try await stage.runScript("sink_lmtp.py", [String(sink.port)])
            #expect(try await sink.stop(SinkRecord.self).received == 1)
        }

        @Test func severalListenersAreOneSink() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try "rules:\n  - {match: {listener: \"127.0.0.2:*\"}, at: end, action: reject}\n"
                .write(toFile: stage.path("two.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--listen", "127.0.0.2:0", "--behaviour", stage.path("two.yaml")])
            let ports = try await eventually("two lines") {
                let lines = sink.program.output.split(separator: "\n").filter { $0.hasPrefix("listening ") }
                return lines.count == 2 ? lines.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } } : nil
            }
            let first = try stage.generator(
                to: ports[0], name: "a", ["--concurrency", "1", "--message-count", "5", "--body-size", "1kb"])
            #expect(try await first.waitForExit() == 0)
            let second = try stage.program(
                "traffic-gen",
                [
                    "--target", "127.0.0.2:\(ports[1])", "--quiet", "--concurrency", "1", "--message-count", "5",
                    "--body-size", "1kb",
                ])
            #expect(try await second.waitForExit() == 1)
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 5 && record.refused == 5)
        }

        @Test func theLedgerIsVerified() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let load = try stage.generator(
                to: sink.port, ["--concurrency", "2", "--message-count", "100", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.domains?.map(\.received).reduce(0, +) == 100)
            for sent in ["generator.ledger", "generator.json"] {
                let clean = try stage.program("sink-mta", ["verify", stage.path("sink.ledger"), stage.path(sent)])
                #expect(try await clean.waitForExit() == 0)
                #expect(
                    clean.output.hasPrefix("sent: 100 acknowledged, 0 refused, 0 failed, 0 in doubt\nreceived: 100, "))
                #expect(clean.output.contains("found: 0 lost, 0 doubled, 0 changed, 0 arrived although refused, "))
            }
            var lines = try String(contentsOfFile: stage.path("sink.ledger"), encoding: .utf8).split(separator: "\n")
            let fields = lines[0].split(separator: ",")
            #expect(fields.count == 8 && fields[5] == "127.0.0.1" && fields[7] == "250")
            let lost = lines.removeFirst().prefix(32)
            lines.append(lines[0])
            try (lines.joined(separator: "\n") + "\n")
                .write(toFile: stage.path("bad.ledger"), atomically: true, encoding: .utf8)
            let bad = try stage.program(
                "sink-mta", ["verify", stage.path("bad.ledger"), stage.path("generator.ledger")])
            #expect(try await bad.waitForExit() == 1)
            #expect(bad.output.hasPrefix("lost \(lost)\ndoubled \(lines[0].prefix(32))\nsent: 100 acknowledged, "))
            try await self.formatsOfVerify(stage, lost: String(lost))
        }

        private func formatsOfVerify(_ stage: Stage, lost: String) async throws {
            let files = [stage.path("bad.ledger"), stage.path("generator.ledger")]
            let json = try stage.program("sink-mta", ["verify", "--format", "json"] + files)
            #expect(try await json.waitForExit() == 1)
            let found = try JSONDecoder().decode(Verified.self, from: Data(json.output.utf8))
            #expect(found.acknowledged == 100 && found.lost == 1 && found.doubled == 1 && !found.clean)
            #expect(found.first_ids["lost"] == [lost] && found.first_ids["doubled"]?.count == 1)
            let csv = try stage.program("sink-mta", ["verify", "--format", "csv", "--most", "0"] + files)
            #expect(try await csv.waitForExit() == 1)
            let rows = csv.output.split(separator: "\n")
            #expect(rows.count == 10 && rows[0] == "finding,messages,is_fault,first_ids" && rows[1] == "lost,1,true,")
        }

        private struct Verified: Decodable {
            var acknowledged, lost, doubled: Int
            var clean: Bool
            var first_ids: [String: [String]]
        }

        /// A generator's stamp says when a message was due; a copy that comes later does not count.
        @Test func latencyIsThatOfTheFirstArrival() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            try await stage.runScript("sink_stamps.py", [String(sink.port)])
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.ledger == SinkRecord.LedgerSummary(unique: 3, duplicates: 1, changed: 0, unidentified: 0))
            // Due a minute, ten seconds and no time ago (in the future); the copy would say an hour.
            let latency = try #require(record.endToEndLatency)
            #expect(latency.count == 3 && latency.min_ns == 0)
            #expect(latency.max_ns >= 60_000_000_000 && latency.max_ns < 600_000_000_000)
            #expect(record.domains?.map(\.domain) == ["slow.test", "fast.test"])
            #expect(record.domains?.map(\.received) == [2, 1])
            #expect(record.domains?[0].endToEndLatency.max_ns == latency.max_ns)
        }
    }
}
