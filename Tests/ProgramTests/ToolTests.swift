import Foundation
import RunRecords
import Testing

/// `mta spool` and `mta queue` on a running and on a stopped relay.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ToolTests {
        /// Runs `mta` with these words to its end.
        private func tool(_ stage: Stage, _ words: [String], code: Int32 = 0) async throws -> String {
            let program = try stage.program("mta", words)
            let ended = try await program.waitForExit()
            guard ended == code else {
                throw StageFault("mta \(words.joined(separator: " ")) ended with \(ended): \(program.errorOutput)")
            }
            return program.output
        }

        private func queue(_ stage: Stage) async throws -> ControlResponse {
            let text = try await tool(
                stage, ["queue", "list", "--spool-dir", stage.path("spool"), "--format", "json", "--limit", "100"])
            return try JSONDecoder().decode(ControlResponse.self, from: Data(text.utf8))
        }

        @Test func operatingARunningQueue() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let settings = ["--spool", "segment"]
            let mta = try await stage.mta(to: port, settings)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "2", "--message-count", "10", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            let control = ["--spool-dir", stage.path("spool")]
            let listed = try await queue(stage)
            #expect(listed.destinations?.map(\.ready) == [10])
            let ids = try #require(listed.deliveries).map(\.id)
            #expect(ids.count == 10)
            #expect(try await tool(stage, ["queue", "hold"] + control + Array(ids[..<4])) == "4 deliveries held\n")
            #expect(try await tool(stage, ["queue", "release"] + control + [ids[3]]) == "1 delivery released\n")
            #expect(
                try await tool(stage, ["queue", "remove"] + control + Array(ids[8...])) == "2 deliveries removed\n")
            let text = try await tool(stage, ["queue", "list"] + control)
            #expect(
                text.contains("left_alone_until") && text.contains("connect to 127.0.0.1:\(port): Connection refused"),
                "\(text)")
            _ = try await tool(stage, ["queue", "remove"] + control + ["00000000000000000000000000000001"], code: 1)
            _ = try await tool(stage, ["queue", "flush"] + control, code: 2)
            let first = try await mta.stop(MTARecord.self)
            #expect(first.removed == 2 && first.queued == 8)
            // Held mail stays held over a restart; the rest goes as soon as the next hop is there.
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            let next = try await stage.mta(to: port, settings)
            try await next.wait(for: 5)
            #expect(try await queue(stage).destinations?.map(\.held) == [3])
            #expect(try await tool(stage, ["queue", "release", "--all"] + control) == "3 deliveries released\n")
            try await next.wait(for: 8)
            let second = try await next.stop(MTARecord.self)
            #expect(second.delivered == 8 && second.queued == 0)
            #expect(try await sink.stop(SinkRecord.self).ledger?.unique == 8)
            _ = try await tool(stage, ["queue", "list"] + control, code: 1)
        }

        /// Mail that would wait for an hour, tried, held and let go by its id, its destination, and all of it.
        @Test func flushedMailIsTriedAtOnce() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let server = try stage.script("refusing_server.py", [try stage.openDirectory("kept")])
            let hop = "127.0.0.1:\(try await server.listeningPort())"
            let mta = try await stage.mta(
                configured: "listen: 127.0.0.1:0\nsmart_host: \(hop)\nretry_first: 1h\nretry_factor: 1")
            let mail = Submission(
                sender: "a@x.test", recipients: [.init(address: "defer@y.test")], content: Data("Subject: x\r\n".utf8))
            let reply = try await stage.send([mail], to: mta.port)
            let config = ["--config", stage.path("mta.yaml")]
            let id = try await tried(stage, 1, config)
            #expect(reply == ["250 2.0.0 Ok: queued as \(id)"])
            #expect(try await tool(stage, ["queue", "flush", id] + config) == "1 delivery tried now\n")
            _ = try await tried(stage, 2, config)
            let hold = ["queue", "hold", "--destination", hop]
            #expect(try await tool(stage, hold + config) == "1 delivery held\n")
            #expect(try await tool(stage, ["queue", "flush", "--all"] + config) == "0 deliveries tried now\n")
            #expect(try await tool(stage, hold + config) == "0 deliveries held\n")
            #expect(try await tool(stage, ["queue", "release", "--all"] + config) == "1 delivery released\n")
            _ = try await tried(stage, 3, config)
            _ = try await tool(stage, ["queue", "release", id] + config, code: 1)
            _ = try await tool(stage, ["queue", "hold", "nonsense"] + config, code: 1)
            #expect(try await mta.stop(MTARecord.self).deferrals == 3)
        }

        /// Waits until the one delivery has been tried so often, and waits again.
        /// - Returns: its message's id.
        private func tried(_ stage: Stage, _ attempts: Int, _ which: [String]) async throws -> String {
            for _ in 0..<100 {
                let list = try await tool(stage, ["queue", "list", "--format", "json", "--limit", "9"] + which)
                let found = try ControlLine.decode(ControlResponse.self, Array(list.utf8)).deliveries ?? []
                if found.count == 1, found[0].place == "deferred", found[0].attempts == attempts { return found[0].id }
                try await Task.sleep(nanoseconds: 50_000_000)
            }
            throw StageFault("not deferred after \(attempts) attempts")
        }

        /// A file that is right, one with two mistakes and one whose certificate is none.
        @Test func filesAreCheckedBeforeTheyAreUsed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let file = stage.path("mta.yaml")
            func check(_ text: String, code: Int32) async throws -> ProgramUnderTest {
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                let program = try stage.program("mta", ["check-config", file])
                #expect(try await program.waitForExit() == code, "\(program.errorOutput)")
                return program
            }
            let head = "hostname: mta.test\nspool_dir: \(stage.path("spool"))\nsmart_host: 127.0.0.1:25\n"
            #expect(try await check(head, code: 0).output == "\(file): all is well\n")
            let wrong = try await check(head + "retry_first: soon\nrelay_network: [10.0.0.0/8]\n", code: 2).errorOutput
            #expect(wrong.contains("\(file):4: key 'retry_first': 'soon': expected a duration"), "\(wrong)")
            #expect(
                wrong.contains("\(file):5: unknown key 'relay_network', did you mean 'relay_networks'?"), "\(wrong)")
            let tls =
                "tls: [{name: a, certificate: \(file), key: \(file)}]\nlisteners: [{name: a, address: '127.0.0.1:0', tls: a}]\n"
            #expect(try await check(head + tls, code: 2).errorOutput.contains(file))
            // What is only said is no fault, and the spool was not touched.
            #expect(!FileManager.default.fileExists(atPath: stage.path("spool")))
        }

        /// Keys that cannot be used are named; weak ones are warned of.
        @Test func badKeysHaveNoRecord() async throws {
            let stage = try Stage()
            defer { stage.close() }
            func record(_ key: String, _ domain: String, code: Int32) async throws -> String {
                let words = ["dkim", "record", "--key", stage.path(key), "--selector", "s", "--domain", domain]
                let program = try stage.program("mta", words)
                #expect(try await program.waitForExit() == code)
                #expect((code == 0) == program.output.hasPrefix("s._domainkey.x.test. IN TXT ("))
                return program.errorOutput
            }
            for (name, words) in [
                ("weak.pem", ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
                ("ec.pem", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
            ] {
                let made = try stage.peer("openssl", ["genpkey", "-out", stage.path(name), "-algorithm"] + words)
                #expect(try await made?.waitForExit() == 0)
            }
            #expect(try await record("weak.pem", "x.test", code: 0).contains("an RSA key of 1024 bits"))
            #expect(try await record("weak.pem", "a b", code: 2).contains("--domain 'a b': expected a domain name"))
            #expect(try await record("ec.pem", "x.test", code: 2).contains("ec.pem: expected an RSA or an Ed25519 key"))
            #expect(try await record("nowhere.pem", "x.test", code: 2).contains("nowhere.pem: cannot be read"))
        }

        @Test(arguments: [("segment", "rocksdb"), ("rocksdb", "localdisk"), ("localdisk", "segment")])
        func movingMailToAnotherSpool(from: String, to: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let mta = try await stage.mta(to: port, ["--spool", from])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "5", "--message-count", "40", "--body-size", "5kb"])
            #expect(try await load.waitForExit() == 0)
            let old = ["--spool", from, "--spool-dir", stage.path("spool")]
            #expect(try await mta.stop(MTARecord.self).queued == 40)
            #expect(try await tool(stage, ["spool", "check"] + old).hasPrefix("40 messages"))
            #expect(try await tool(stage, ["spool", "stat"] + old).contains("messages"))
            let csv = try await tool(stage, ["spool", "list", "--format", "csv"] + old).split(separator: "\n")
            #expect(csv.count == 41)
            let id = String(try #require(csv.last).prefix(32))
            let shown = try await tool(stage, ["spool", "show", id] + old)
            #expect(shown.hasPrefix("{") && shown.contains("\nReceived: from ") || shown.contains("}\nReceived: from "))
            #expect(try await tool(stage, ["spool", "export", stage.path("out")] + old).hasPrefix("40 messages"))
            let new = ["--spool", to, "--spool-dir", stage.path("other")]
            #expect(try await tool(stage, ["spool", "import", stage.path("out")] + new).hasPrefix("40 messages"))
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")], port: port)
            let next = try await stage.mta(to: port, spool: "other", ["--spool", to])
            try await next.wait(for: 40)
            let record = try await next.stop(MTARecord.self)
            #expect(record.recovered == 40 && record.delivered == 40)
            let summary = try #require(try await sink.stop(SinkRecord.self).ledger)
            #expect(summary.unique == 40 && summary.changed == 0, "content is what it was")
        }

        @Test(arguments: ["segment", "rocksdb", "localdisk"]) func readingARunningSpool(spool: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let mta = try await stage.mta(to: try freePort(), ["--spool", spool])
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "3", "--message-count", "30", "--body-size", "3kb"])
            #expect(try await load.waitForExit() == 0)
            let which = ["--spool", spool, "--spool-dir", stage.path("spool")]
            #expect(
                try await tool(stage, ["spool", "list", "--format", "json"] + which).split(separator: "\n").count == 30)
            #expect(try await tool(stage, ["spool", "check"] + which).hasPrefix("30 messages"))
            #expect(try await tool(stage, ["spool", "stat"] + which).hasPrefix("messages"))
            #expect(try await tool(stage, ["spool", "export", stage.path("out")] + which).hasPrefix("30 messages"))
            // Taking mail in needs the spool for itself.
            _ = try await tool(stage, ["spool", "import", stage.path("out")] + which, code: 1)
            #expect(try await mta.stop(MTARecord.self).queued == 30)
            let next = try await stage.mta(to: try freePort(), ["--spool", spool])
            let record = try await next.stop(MTARecord.self)
            #expect(record.recovered == 30 && record.possibleDuplicates == 0, "the tools changed nothing")
        }

        @Test func aSpoolThatIsNotThere() async throws {
            let stage = try Stage()
            defer { stage.close() }
            _ = try await tool(stage, ["spool", "stat", "--spool-dir", stage.path("nothing")], code: 2)
            _ = try await tool(stage, ["spool", "stat"], code: 2)
            _ = try await tool(stage, ["spool", "show", "xyz", "--spool-dir", stage.path("nothing")], code: 2)
        }
    }
}
