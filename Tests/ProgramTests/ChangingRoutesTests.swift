import Foundation
import Glibc
import RunRecords
import Testing

/// What the DNS and the configuration say changes while mail is queued: each message goes where its own domain's mail goes
/// now, and nobody's mail follows somebody else's.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ChangingRoutesTests {
        /// A relay by MX records, at a name server whose zone is a file.
        private struct Setting {
            let stage: Stage
            let port: Int
            let dns: Int

            init(_ zone: String?) async throws {
                stage = try Stage()
                port = try freePort()
                if let zone { try zone.write(toFile: stage.path("zone"), atomically: true, encoding: .utf8) }
                dns = try await stage.script("changing_dns.py", [stage.path("zone")]).listeningPort()
            }

            func change(_ zone: String) throws {
                try zone.write(toFile: stage.path("zone"), atomically: true, encoding: .utf8)
            }

            func configure(_ more: String) throws {
                try """
                listen: 127.0.0.1:0
                hostname: mta.test
                spool_dir: \(stage.path("spool"))
                record: \(stage.path("mta.json"))
                retry_first: 1s
                delivery: {port: \(port), tls: none}
                dns:
                  prohibited_networks: []
                  stub_zones: [{name: test., server: 127.0.0.1@\(dns)}]
                  dnssec: false
                  cache_ttl_min: 1s
                  timeout: 5s
                \(more)
                """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            }

            func relay(_ more: String = "") async throws -> Server {
                try configure(more)
                let program = try stage.program("mta", ["serve", "--config", stage.path("mta.yaml")])
                return Server(
                    program: program, port: try await program.listeningPort(), recordPath: stage.path("mta.json"))
            }

            /// A receiver on one of the addresses of this machine.
            func sink(_ address: String, port: Int? = nil) async throws -> String {
                let kept = try stage.openDirectory("kept-" + address)
                let program = try stage.program(
                    "sink-mta", ["--listen", "\(address):\(port ?? self.port)", "--threads", "1", "--keep", kept])
                _ = try await program.listeningPort()
                return kept
            }

            func send(_ mta: Server, _ recipients: String...) async throws {
                for recipient in recipients {
                    try await stage.runScript("send_one.py", [String(mta.port), "", recipient])
                }
            }

            /// Waits until so many messages were kept, and says for whom.
            func received(_ kept: String, _ count: Int = 1) async throws -> [String] {
                try await eventually("\(count) messages in \(kept)") {
                    let all = try KeptMessage.all(in: kept)
                    return all.count >= count ? all.flatMap(\.recipients).sorted() : nil
                }
            }
        }

        private static let shared =
            #"{"mx": {"one.test": [[10, "mx.test"]], "two.test": [[10, "mx.test"]]}, "a": {"mx.test": "127.0.0.1"}}"#

        /// Two domains had the same exchanger; one of them leaves. The other one's mail stays.
        @Test func aDomainThatMovesTakesItsOwnMailOnly() async throws {
            let setting = try await Setting(Self.shared)
            defer { setting.stage.close() }
            let mta = try await setting.relay()
            try await setting.send(mta, "stays@one.test", "goes@two.test")
            let other = try await setting.sink("127.0.0.2")
            try setting.change(
                #"{"mx": {"one.test": [[10, "mx.test"]], "two.test": [[10, "other.test"]]}, "a": {"mx.test": "127.0.0.1", "other.test": "127.0.0.2"}}"#
            )
            #expect(try await setting.received(other) == ["goes@two.test"])
            let first = try await setting.sink("127.0.0.1")
            #expect(try await setting.received(first) == ["stays@one.test"])
            #expect(try await mta.stop(MTARecord.self).delivered == 2)
            #expect(try KeptMessage.all(in: other).count == 1)
        }

        /// One of them takes no mail any more: that is no reason to return the other one's.
        @Test func aDomainThatEndsEndsForItselfOnly() async throws {
            let setting = try await Setting(Self.shared)
            defer { setting.stage.close() }
            let mta = try await setting.relay()
            try await setting.send(mta, "stays@one.test", "ends@two.test")
            try setting.change(
                #"{"mx": {"one.test": [[10, "mx.test"]], "two.test": [[0, ""]]}, "a": {"mx.test": "127.0.0.1"}}"#)
            try await mta.wait(for: 1)
            let first = try await setting.sink("127.0.0.1")
            #expect(try await setting.received(first) == ["stays@one.test"])
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 1 && record.bounced == 1 && record.queued == 0)
        }

        /// The smart host is taken out of the configuration: what waited for it goes by MX records.
        @Test func aSmartHostThatIsGoneReturnsNoMail() async throws {
            let setting = try await Setting(Self.shared)
            defer { setting.stage.close() }
            let mx = "domains: [{name: two.test, next_hop: mx}]"
            let mta = try await setting.relay("smart_host: 127.0.0.1:\(try freePort())\n" + mx)
            try await setting.send(mta, "waits@one.test")
            let sink = try await setting.sink("127.0.0.1")
            try setting.configure(mx)
            kill(mta.program.pid, SIGHUP)
            #expect(try await setting.received(sink) == ["waits@one.test"])
            #expect(try await mta.stop(MTARecord.self).bounced == 0)
        }

        /// A stranger's MX names a domain that has settings here: his mail does not get them.
        @Test func nobodyGetsTheSettingsOfAnotherByName() async throws {
            let setting = try await Setting(
                #"{"mx": {"stranger.test": [[10, "inner.test"]]}, "a": {"inner.test": "127.0.0.2"}}"#)
            defer { setting.stage.close() }
            let inside = try freePort()
            let mta = try await setting.relay("domains: [{name: inner.test, next_hop: \"127.0.0.1:\(inside)\"}]")
            let inner = try await setting.sink("127.0.0.1", port: inside)
            let outer = try await setting.sink("127.0.0.2")
            try await setting.send(mta, "a@stranger.test", "b@inner.test")
            #expect(try await setting.received(outer) == ["a@stranger.test"])
            #expect(try await setting.received(inner) == ["b@inner.test"])
            _ = try await mta.stop(MTARecord.self)
        }

        /// Mail whose domains are being asked for counts as memory, and leaves it where there is too much.
        @Test func aSilentNameServerDoesNotFillTheMemory() async throws {
            let setting = try await Setting(nil)
            defer { setting.stage.close() }
            let mta = try await setting.relay("resident_memory: 16MiB\nthreads: 1")
            let before = try mta.program.residentBytes()
            let load = try setting.stage.generator(
                to: mta.port, ["--concurrency", "2", "--message-count", "80", "--body-size", "1mb"])
            #expect(try await load.waitForExit() == 0)
            let grown = try mta.program.residentBytes() - before
            #expect(grown < 50 << 20, "\(grown) bytes for 80 messages of 1 MB with 16 MiB allowed")
            #expect(try await mta.stop(MTARecord.self).queued == 80)
        }
    }
}
