import Foundation
import RunRecords
import TestSupport
import Testing

/// Mail by MX records of a real name server.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct RoutingTests {
        private static let zone = """
            $ORIGIN test.
            $TTL 3600
            @ SOA ns.test. root.test. 1 3600 600 86400 300
            @ NS ns.test.
            ns A 127.0.0.1
            mx A 127.0.0.1
            dead A 127.0.0.9
            sender MX 10 mx
            one MX 10 mx
            two MX 10 mx
            fallback MX 10 dead
            fallback MX 20 mx
            null MX 0 .

            """

        private func relay(_ stage: Stage, _ dns: Int, port: Int) async throws -> Server {
            try await relay(stage, "stub_zones: [{name: test., server: 127.0.0.1@\(dns)}]", port: port)
        }

        private func relay(_ stage: Stage, _ dns: String, port: Int) async throws -> Server {
            try """
            listen: 127.0.0.1:0
            hostname: mta.test
            spool_dir: \(stage.path("spool"))
            record: \(stage.path("mta.json"))
            threads: 2
            retry_first: 1s
            delivery: {port: \(port)}
            dns:
              prohibited_networks: []
              dnssec: false
              \(dns)
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program("mta", ["serve", "--config", stage.path("mta.yaml")])
            return Server(
                program: program, port: try await program.listeningPort(), recordPath: stage.path("mta.json"))
        }

        @Test func mailGoesWhereTheDNSSays() async throws {
            let server = try NameServer(["test": Self.zone])
            defer { server.stop() }
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let mta = try await relay(stage, server.port, port: sink.port)
            // Three ways that work, two that never will: their notification goes by MX, too.
            try await stage.runScript(
                "send_one.py",
                [
                    String(mta.port), "a@sender.test", "1@one.test", "2@two.test", "3@fallback.test", "4@null.test",
                    "5@nowhere.test",
                ])
            try await mta.wait(for: 6)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 4 && record.bounced == 2 && record.generated == 1 && record.queued == 0)
            let received = try KeptMessage.all(in: kept)
            #expect(
                Set(received.map { $0.recipients.sorted() }) == [
                    // The same exchangers: one queue, one transaction.
                    ["1@one.test", "2@two.test"], ["3@fallback.test"], ["a@sender.test"],
                ])
            let notice = try #require(received.first { $0.recipients == ["a@sender.test"] }).content
            let text = String(decoding: notice, as: UTF8.self)
            #expect(text.contains("Status: 5.1.10") && text.contains("Status: 5.1.2"), "\(text)")
        }

        /// All questions go to the server that is named, which asks others.
        @Test func aForwarderIsAsked() async throws {
            let zone = Self.zone.replacing("ORIGIN test.", with: "ORIGIN example.").replacing("ns.test.", with: "ns")
                .replacing("root.test.", with: "root")
            let server = try NameServer(["example": zone])
            defer { server.stop() }
            let stage = try Stage()
            defer { stage.close() }
            let forwarder = try stage.script("dns_forwarder.py", [String(server.port)])
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let mta = try await relay(
                stage, "servers: ['127.0.0.1@\(try await forwarder.listeningPort())']", port: sink.port)
            try await stage.runScript(
                "send_one.py",
                [String(mta.port), "", "1@one.example", "2@two.example", "3@fallback.example", "4@null.example"])
            try await mta.wait(for: 4)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 3 && record.bounced == 1 && record.queued == 0)
            #expect(
                Set(try KeptMessage.all(in: kept).map { $0.recipients.sorted() })
                    == [["1@one.example", "2@two.example"], ["3@fallback.example"]])
        }

        /// A host with addresses of both families, and a sink at each: only the family that is wanted is used.
        @Test(arguments: ["ipv4", "ipv6"]) func oneFamilyOnly(_ family: String) async throws {
            let server = try NameServer(["test": Self.zone + "pair A 127.0.0.1\npair AAAA ::1\nboth MX 10 pair\n"])
            defer { server.stop() }
            let stage = try Stage()
            defer { stage.close() }
            let kept = ["ipv4": try stage.openDirectory("four"), "ipv6": try stage.openDirectory("six")]
            let six = try stage.program("sink-mta", ["--listen", "[::1]:0", "--threads", "1", "--keep", kept["ipv6"]!])
            let port = try await six.listeningPort()
            _ = try await stage.sink(["--keep", kept["ipv4"]!], port: port)
            let mta = try await relay(
                stage, "stub_zones: [{name: test., server: 127.0.0.1@\(server.port)}]\n  ip: \(family)", port: port)
            for number in 0..<4 {
                try await stage.runScript("send_one.py", [String(mta.port), "", "\(number)@both.test"])
            }
            try await mta.wait(for: 4)
            #expect(try await mta.stop(MTARecord.self).delivered == 4)
            for (name, directory) in kept {
                #expect(try KeptMessage.all(in: directory).count == (name == family ? 4 : 0), "\(name)")
            }
        }

        /// Without a name server nothing is lost: it waits, and goes when the server is back.
        @Test func silenceOfTheDNSCostsNoMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let first = try await relay(stage, try freePort(), port: sink.port)
            try await stage.runScript("send_one.py", [String(first.port), "a@sender.test", "1@one.test", "2@two.test"])
            let early = try await first.stop(MTARecord.self)
            #expect(early.accepted == 2 && early.queued == 2 && early.bounced == 0)
            let server = try NameServer(["test": Self.zone])
            defer { server.stop() }
            let second = try await relay(stage, server.port, port: sink.port)
            try await second.wait(for: 2)
            let late = try await second.stop(MTARecord.self)
            #expect(late.recovered == 2 && late.delivered == 2 && late.queued == 0)
        }
    }
}
