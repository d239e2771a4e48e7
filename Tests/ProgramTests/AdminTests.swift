import Foundation
import RunRecords
import Testing

/// Operators' commands on a running relay.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(3))) struct AdminTests {
        /// Runs `mta` with these words, on the relay of `mta.yaml`, to its end.
        private func mta(_ stage: Stage, _ words: [String], code: Int32 = 0) async throws -> String {
            let program = try stage.program("mta", words + ["--config", stage.path("mta.yaml")])
            let ended = try await program.waitForExit()
            guard ended == code else {
                throw StageFault("mta \(words.joined(separator: " ")) ended with \(ended): \(program.errorOutput)")
            }
            return program.output + (code == 0 ? "" : program.errorOutput)
        }

        private func json(_ stage: Stage, _ words: [String]) async throws -> [String: Any] {
            let text = try await mta(stage, words + ["--format", "json"])
            return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
        }

        private func send(_ stage: Stage, _ port: Int, _ sender: String, _ recipients: String...) async throws {
            try await stage.runScript("send_one.py", [String(port), sender] + recipients)
        }

        /// Counts of the summary's rows, by name.
        private func summary(_ stage: Stage, by grouping: String, _ field: String) async throws -> [String: Int] {
            let rows = try await json(stage, ["queue", "summary", "--by", grouping])["rows"] as? [[String: Any]] ?? []
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"] as! String, $0[field] as? Int ?? -1) })
        }

        private func until(_ what: String, _ ask: () async throws -> Bool) async throws {
            for _ in 0..<600 {
                if try await ask() { return }
                try await Task.sleep(nanoseconds: 50_000_000)
            }
            throw StageFault("waited in vain for \(what)")
        }

        @Test func suspendedMailWaitsOverARestart() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let text = "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(sink.port)"
            let first = try await stage.mta(configured: text)
            let said = try await mta(
                stage, ["suspend", "--domain", "Slow.test", "--duration", "1h", "--reason", "too fast"])
            let id = try #require(said.split(whereSeparator: { ": ,".contains($0) }).dropFirst().first.map(String.init))
            try await send(stage, first.port, "a@x.test", "b@slow.test")
            try await send(stage, first.port, "a@x.test", "c@other.test")
            try await first.wait(for: 1)
            #expect(try await summary(stage, by: "domain", "suspended") == ["slow.test": 1])
            #expect(try await mta(stage, ["suspensions"]).contains("too fast"))
            #expect(try await first.stop(MTARecord.self).queued == 1)
            let second = try await stage.mta(configured: text)
            #expect(try await summary(stage, by: "domain", "suspended") == ["slow.test": 1], "kept over a restart")
            try await send(stage, second.port, "a@x.test", "d@slow.test")
            #expect(try await summary(stage, by: "domain", "suspended") == ["slow.test": 2], "what comes later, too")
            #expect(try await mta(stage, ["resume", id]) == "1 ended\n")
            _ = try await mta(stage, ["resume", id], code: 1)
            try await second.wait(for: 2)
            // One that ends by itself.
            _ = try await mta(stage, ["suspend", "--all", "--duration", "2s", "--reason", "a moment"])
            try await send(stage, second.port, "a@x.test", "e@any.test")
            try await second.wait(for: 3)
            #expect(try await mta(stage, ["suspend-list", "--format", "json"]) == "[]\n")
            #expect(try await second.stop(MTARecord.self).delivered == 3)
        }

        @Test func aQueueWithoutConnections() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let hop = "127.0.0.1:\(sink.port)"
            let relay = try await stage.mta(configured: "listen: 127.0.0.1:0\nsmart_host: \(hop)")
            _ = try await mta(stage, ["suspend", "--connections", hop, "--duration", "1h", "--reason", "blocked"])
            try await send(stage, relay.port, "a@x.test", "b@y.test")
            #expect(try await summary(stage, by: "destination", "ready") == [hop: 1])
            let why = try await mta(stage, ["explain", hop])
            #expect(why.hasPrefix("\(hop): waiting, 1 delivery, 1 ready, 0 connections\n"), "\(why)")
            #expect(why.contains("connections_suspended") && why.contains(": blocked"), "\(why)")
            _ = try await mta(stage, ["explain", "nowhere.test"], code: 1)
            #expect(try await mta(stage, ["resume", "--all"]) == "1 ended\n")
            try await relay.wait(for: 1)
            #expect(try await relay.stop(MTARecord.self).delivered == 1)
        }

        /// Senders are told, or nobody is; what comes within the time goes back, too; mail under way is not meant.
        @Test func bouncedMailGoesBack() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let relay = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    domains:
                      - name: far.test
                        next_hop: 127.0.0.1:\(try freePort())
                    """)
            try await send(stage, relay.port, "loud@origin.test", "b@far.test")
            try await send(stage, relay.port, "", "c@far.test")
            let said = try await mta(
                stage,
                ["bounce", "--domain", "far.test", "--reason", "gone for good", "--duration", "1h", "--code", "554"])
            #expect(said.hasSuffix("2 deliveries\n"), "\(said)")
            try await send(stage, relay.port, "late@origin.test", "d@far.test")
            try await until("three that went back and two reports") { try KeptMessage.all(in: kept).count == 2 }
            let reports = try KeptMessage.all(in: kept)
            #expect(Set(reports.flatMap(\.recipients)) == ["loud@origin.test", "late@origin.test"])
            #expect(reports.allSatisfy { $0.text.contains("554 5.7.1 gone for good") })
            let id = try #require(said.split(whereSeparator: { ": ,".contains($0) }).dropFirst().first.map(String.init))
            #expect(try await mta(stage, ["bounces"]).contains("gone for good"))
            #expect(try await mta(stage, ["resume", id]) == "1 ended\n")
            try await send(stage, relay.port, "quiet@origin.test", "e@far.test")
            #expect(
                try await mta(stage, ["bounce", "--all", "--quiet", "--reason", "no word"]).hasSuffix("1 delivery\n"))
            try await until("the end of both orders") {
                try await mta(stage, ["bounces", "--format", "json"]) == "[]\n"
            }
            let record = try await relay.stop(MTARecord.self)
            #expect(record.bounced == 4 && record.queued == 0 && record.generated == 2)
            #expect(try KeptMessage.all(in: kept).count == 2, "nobody heard of the last one")
        }

        /// The labels that an operator gave are in the spool: killed right behind the answer, the relay knows them.
        @Test(arguments: ["segment", "rocksdb", "localdisk"]) func reboundMailKeepsItsLabels(spool: String) async throws
        {
            let stage = try Stage()
            defer { stage.close() }
            let (sink, down) = (try await stage.sink(), try freePort())
            let text = """
                listen: 127.0.0.1:0
                smart_host: 127.0.0.1:\(down)
                spool: \(spool)
                domains:
                  - name: near.test
                    next_hop: 127.0.0.1:\(sink.port)
                """
            let first = try await stage.mta(configured: text)
            for number in 0..<5 { try await send(stage, first.port, "a@x.test", "b\(number)@far.test") }
            #expect(
                try await mta(
                    stage, ["rebind", "--domain", "far.test", "--set-tenant", "acme", "--reason", "whose it is"])
                    == "5 deliveries rebound\n")
            first.program.kill()
            let second = try await stage.mta(configured: text)
            #expect(try await summary(stage, by: "tenant", "total") == ["acme": 5])
            let orders = stage.path("mta-spool/suspensions.json")
            try await until("the spool to know") {
                let text = try? String(contentsOfFile: orders, encoding: .utf8)
                return !(text?.contains("rebind") ?? false)
            }
            second.program.kill()
            let third = try await stage.mta(configured: text)
            #expect(
                try await summary(stage, by: "tenant", "total") == ["acme": 5], "not by the order, by its own record")
            let list = try await json(stage, ["queue", "list", "--limit", "1"])["deliveries"] as? [[String: Any]]
            let id = try #require(list?.first?["id"] as? String)
            let shown = try await mta(stage, ["inspect", id, "--content"])
            for part in ["sender:", "tenant:          acme", "b0@far.test (waiting)", "one to be refused", "text"] {
                #expect(shown.contains(part), "\(part) in \(shown)")
            }
            // Another way at once.
            #expect(
                try await mta(
                    stage, ["rebind", "--tenant", "acme", "--set-routing-domain", "near.test", "--reason", "x"])
                    == "5 deliveries rebound\n")
            try await third.wait(for: 5)
            #expect(try await third.stop(MTARecord.self).delivered == 5)
            #expect(try await sink.stop(SinkRecord.self).received == 5)
            _ = try await mta(stage, ["rebind", "--all", "--reason", "x"], code: 2)
        }

        /// Each delivery's new labels are an event, unless nobody wants to know.
        @Test func rebindsAreInTheLog() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let text = "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(try freePort())\n"
            let relay = try await stage.mta(configured: text + "log: {directory: \(stage.path("log"))}")
            for domain in ["far", "far", "other"] { try await send(stage, relay.port, "a@x.test", "b@\(domain).test") }
            func rebind(_ domain: String, _ tenant: String, _ more: String...) async throws {
                let words = ["rebind", "--domain", domain, "--set-tenant", tenant, "--reason", "x"]
                _ = try await mta(stage, words + more)
            }
            try await rebind("far.test", "acme")
            try await rebind("other.test", "nobody", "--suppress-logging")
            let orders = stage.path("mta-spool/suspensions.json")
            try await until("the spool to know") {
                let text = try? String(contentsOfFile: orders, encoding: .utf8)
                return !(text?.contains("rebind") ?? false)
            }
            _ = try await relay.stop(MTARecord.self)
            let events = try LoggedEvent.all(in: stage.path("log"))
            let far = events.filter { $0.type == "Reception" && $0.recipient?.list == ["b@far.test"] }.compactMap(\.id)
            let rebound = events.filter { $0.type == "AdminRebind" }
            #expect(far.count == 2 && Set(rebound.compactMap(\.id)) == Set(far) && rebound.count == 2)
            #expect(rebound.allSatisfy { $0.tenant == "acme" })
            let tail = ["tail", "--no-follow", "--filter", "type=reception", "--filter", "recipient~@far.", "--format"]
            #expect(try await mta(stage, tail + ["json"]).split(separator: "\n").count == 2)
            #expect(
                try await mta(stage, tail + ["text", "-n", "1"]).contains(
                    " Reception \(far[1]) <a@x.test> -> b@far.test"))
            _ = try await mta(stage, ["tail", "--filter", "type"], code: 2)
        }

        @Test func sessionsAreFollowedListedAndEnded() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let relay = try await stage.mta(configured: "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(sink.port)")
            let words = ["--config", stage.path("mta.yaml"), "--duration", "1m"]
            let inbound = try stage.program("mta", ["trace", "--in", "--only-one"] + words)
            let outbound = try stage.program("mta", ["trace", "--out", "--format", "json"] + words)
            // Mail until both are followed: when a trace begins is up to the machine.
            try await until("lines of both") {
                try await send(stage, relay.port, "a@x.test", "b@y.test")
                return !inbound.isRunning && outbound.output.contains(#""event":"content""#)
            }
            for part in ["C: mail FROM:<a@x.test>", "S: 250", "octets of content)", "-- closed"] {
                #expect(inbound.output.contains(part), "\(part) in \(inbound.output)")
            }
            #expect(outbound.output.contains("RCPT TO:<b@y.test>"))
            let listed = try await json(stage, ["connections", "--direction", "out"])
            let open = try #require((listed["connections"] as? [[String: Any]])?.first)
            #expect(open["queue"] as? String == "127.0.0.1:\(sink.port)")
            let id = try #require(open["session_id"] as? String)
            #expect(try await mta(stage, ["connections", "--abort", id]) == "\(id) ended\n")
            _ = try await mta(stage, ["connections", "--abort", "o9.9"], code: 1)
            #expect(try await mta(stage, ["queue-summary", "--by", "source"]).hasPrefix("name"))
        }

        /// Many at once: each is written down, and all end by their time, while the relay goes on.
        @Test func ordersGivenAtOnceAreAllKept() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let relay = try await stage.mta(configured: "listen: 127.0.0.1:0\nsmart_host: 127.0.0.1:\(sink.port)")
            let words = ["suspend", "--domain", "y.test", "--duration", "1s", "--reason", "x"]
            let given = try (0..<24).map { _ in
                try stage.program("mta", words + ["--config", stage.path("mta.yaml")])
            }
            for one in given { #expect(try await one.waitForExit() == 0, "\(one.errorOutput)") }
            try await until("the end of all") {
                try await mta(stage, ["suspensions", "--format", "json"]) == "[]\n"
            }
            try await send(stage, relay.port, "a@x.test", "b@y.test")
            try await relay.wait(for: 1)
            #expect(try await relay.stop(MTARecord.self).faults == [])
        }

        @Test func topShowsRatesAndQueues() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let down = try freePort()
            let shaping = stage.path("shaping.yaml")
            try "providers: [{name: big, domains: [far.test], connections: 5}]".write(
                toFile: shaping, atomically: true, encoding: .utf8)
            let relay = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(down)
                    shaping: [\(shaping)]
                    domains: [{name: far.test, next_hop: "127.0.0.1:\(down)"}]
                    """)
            try await send(stage, relay.port, "a@x.test", "b@y.test")
            let top = try await json(stage, ["top", "--once", "--interval", "100ms"])
            #expect(top["accepted"] as? Int == 1 && top["queued"] as? Int == 1 && top["accepted_per_second"] != nil)
            #expect((top["busiest"] as? [[String: Any]])?.first?["name"] as? String == "127.0.0.1:\(down)")
            let text = try await mta(stage, ["top", "--once", "--interval", "100ms"])
            #expect(text.contains("DESTINATION") && text.contains("127.0.0.1:\(down)"), "\(text)")
            let piped = try stage.program("mta", ["top", "--interval", "100ms", "--config", stage.path("mta.yaml")])
            try await eventually("two lines") { piped.output.split(separator: "\n").count >= 2 ? () : nil }
            #expect(!piped.output.contains("\u{1B}"), "a pipe gets plain lines")
            for _ in 0..<2 { try await send(stage, relay.port, "a@x.test", "b@far.test") }
            #expect(try await summary(stage, by: "provider", "total") == ["big": 2, "": 1])
            let program = Stage.binaries.appendingPathComponent("mta").path
            _ = try await stage.runScript(
                "terminal.py", [program, "top", "--interval", "100ms", "--config", stage.path("mta.yaml")], seconds: 120
            )
            for words in [
                ["top", "--sort", "colour"], ["suspend", "--reason", "x"], ["queue", "summary", "--by", "x"],
            ] {
                _ = try await mta(stage, words, code: 2)
            }
        }

        /// The same over HTTP, for those who may; the description of it holds.
        @Test func adminOverHTTP() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let http = try freePort()
            let relay = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(try freePort())
                    spool: memory
                    http:
                      address: 127.0.0.1:\(http)
                      admin: true
                    """)
            try await send(stage, relay.port, "a@x.test", "b@y.test")
            let type = ["Content-Type": "application/json"]
            let path = "/api/admin/suspend/v1"
            let replies = try await stage.http(
                [
                    HTTPRequest(path: "/api/check-liveness/v1"), HTTPRequest(path: "/api/check-readiness/v1"),
                    HTTPRequest(
                        method: "POST", path: path, headers: type,
                        body: Data(#"{"domain":"y.test","reason":"x","duration":"1h"}"#.utf8)),
                    HTTPRequest(path: path),
                    HTTPRequest(method: "DELETE", path: path, headers: type, body: Data(#"{"id":"none"}"#.utf8)),
                    HTTPRequest(method: "POST", path: path, headers: type, body: Data(#"{"domain":7}"#.utf8)),
                ], to: http)
            #expect(replies.map(\.status) == [200, 200, 200, 200, 404, 422])
            #expect(replies[2].text.contains(#""changed":1"#) && replies[3].text.contains(#""domain":"y.test""#))
            #expect(replies[5].text.contains(#""pointer":"/"#))
            try await stage.runScript("http_fuzz.py", [String(http), "--admin"], seconds: 120)
        }
    }
}
