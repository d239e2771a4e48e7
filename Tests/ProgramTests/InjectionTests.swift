import Foundation
import RunRecords
import Testing

/// Mail over HTTP, as KumoMTA's clients send it, and what is served beside.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct InjectionTests {
        /// Requests of every kind through Python's own HTTP client; what arrives is judged by the sink.
        @Test func clientsInject() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let (mta, http) = try await stage.injectingRelay(to: sink.port)
            let output = try await stage.runScript("http_clients.py", [String(http)])
            let expected = try #require(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)))
            try await mta.wait(for: expected)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == UInt64(expected) && record.queued == 0)
            let messages = try KeptMessage.all(in: kept)
            // One transaction a recipient: nobody sees the others.
            #expect(messages.count == expected && messages.allSatisfy { $0.recipients.count == 1 })
            // Whatever stood in a text arrived as one message, dots and line ends whole.
            let smuggled = messages.filter { $0.recipients[0].hasPrefix("smuggle") }
            #expect(smuggled.count == 8)
            #expect(smuggled.allSatisfy { $0.text.contains("MAIL FROM:<evil@x.test>") })
            expectTheLetters(messages.filter { $0.recipients[0].hasSuffix("@kumo.test") })
        }

        private func expectTheLetters(_ messages: [KeptMessage]) {
            let letters = messages.filter { $0.recipients[0].hasPrefix("k") }
            #expect(letters.count == 100)
            for letter in letters {
                let index = letter.recipients[0].dropFirst().prefix { $0 != "@" }
                for part in [
                    "Received: from http", "X-Ref: ", "X-Campaign: spring\r\n", "Subject: Code \(index)\r\n",
                    "Dear Kim \(index), \(index) of 100, 30", "<p>Dear Kim \(index)</p>", "filename=\"hello.txt\"",
                    "aGVsbG8gd29ybGQ=", "Content-ID: <logo>",
                ] { #expect(letter.text.contains(part), "\(part) in \(letter.text)") }
                let reference = letter.text.firstMatch(of: /X-Ref: ([A-Za-z0-9+\/=]+)/).map { String($0.1) } ?? ""
                let decoded = Data(base64Encoded: reference).map { String(decoding: $0, as: UTF8.self) } ?? ""
                #expect(decoded.contains(#""recipient":"\#(letter.recipients[0])""#), "\(decoded)")
            }
            for (dialect, text) in [("Static", "Dear {{name}}\r\n"), ("Handlebars", "Dear Kim\r\n")] {
                let letter = messages.first { $0.recipients[0].hasPrefix(dialect) }
                #expect(letter?.text.hasSuffix(text) == true && letter?.text.contains("X-KumoRef") == false)
            }
        }

        /// What schemathesis makes of our own description, with and without keys: nothing is answered that is not in it.
        @Test func theDescriptionHolds() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (open, http) = try await stage.injectingRelay(to: sink.port, spool: "memory")
            try await stage.runScript("http_fuzz.py", [String(http)])
            #expect(try await open.stop(MTARecord.self).accepted > 20)
            let (closed, second) = try await stage.injectingRelay(
                to: sink.port, spool: "memory", "  trusted_networks: []\n  api_keys: \(try await keys(stage))")
            try await stage.runScript("http_fuzz.py", [String(second), "app:secret"])
            #expect(try await closed.stop(MTARecord.self).accepted > 0)
        }

        /// Raw octets: slow, cut, smuggled, pipelined, huge and broken requests.
        @Test func nothingRawHarms() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, http) = try await stage.injectingRelay(to: sink.port, spool: "memory", "  request_timeout: 2s")
            let output = try await stage.runScript("http_raw.py", [String(http), String(mta.program.pid), "2"])
            let expected = try #require(UInt64(output.trimmingCharacters(in: .whitespacesAndNewlines)))
            try await mta.wait(for: Int(expected))
            #expect(try await mta.stop(MTARecord.self).delivered == expected)
        }

        /// /metrics after some mail, and the queries of the dashboard, by other people's parsers.
        @Test func prometheusReadsTheMetrics() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, http) = try await stage.injectingRelay(to: sink.port)
            let generator = try stage.generator(to: mta.port, ["--message-count", "500", "--concurrency", "4"])
            #expect(try await generator.waitForExit() == 0)
            try await mta.wait(for: 500)
            try await stage.runScript(
                "http_metrics.py", [String(http), Stage.root + "/docs/grafana/millrace-mta.json"])
        }

        /// Python's client verifies the certificate and its name; in the clear there is nothing to be had.
        @Test func injectionOverTLS() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let ca = try await Authority(stage)
            let own = try await ca.issue("own", ["DNS:localhost"])
            let (mta, http) = try await stage.injectingRelay(
                to: sink.port,
                "  tls: own\ntls: [{name: own, certificate: \(own.certificate), key: \(own.key)}]")
            let request = HTTPRequest.injection(
                #"{"envelope_sender": "a@x.test", "recipients": [{"email": "b@y.test"}], "content": "Subject: x\n\nHi\n"}"#
            )
            let calls = [request, HTTPRequest(path: "/api/check-liveness/v1"), request]
            let replies = try await stage.http(calls, to: http, authority: ca.certificate)
            #expect(replies.map(\.status) == [200, 200, 200])
            #expect(replies[0].text.contains(#""success_count":1"#))
            await #expect(throws: StageFault.self) { try await stage.http([request], to: http) }
            try await mta.wait(for: 2)
            #expect(try await mta.stop(MTARecord.self).delivered == 2)
        }

        /// No mail is taken, so nobody should bring any: a load balancer learns it, and a client is told to come again.
        @Test func whoTakesNoMailSaysSo() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, http) = try await stage.injectingRelay(to: sink.port, "min_free_disk: 900000GB")
            let alive = HTTPRequest(path: "/api/check-liveness/v1")
            var attempts = 0
            while attempts < 100, try await stage.http([alive], to: http)[0].status == 200 { attempts += 1 }
            let request = HTTPRequest.injection(
                #"{"envelope_sender": "a@x.test", "recipients": [{"email": "b@y.test"}], "content": "Subject: x\n\nHi\n"}"#
            )
            let replies = try await stage.http([alive, request, HTTPRequest(path: "/metrics")], to: http)
            #expect(replies.map(\.status) == [503, 503, 200])
            #expect(replies[0].text == "disk is too full\n" && replies[1].text == replies[0].text)
            #expect(try await mta.stop(MTARecord.self).accepted == 0)
        }

        private func keys(_ stage: Stage) async throws -> String {
            let add = try stage.program(
                "mta", ["users", "add", "app", "--file", stage.path("keys")], input: "secret\n")
            #expect(try await add.waitForExit() == 0)
            return stage.path("keys")
        }

        /// Keys: none, wrong, right; trusted clients need none.
        @Test func keysAreAsked() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, http) = try await stage.injectingRelay(
                to: sink.port, "  trusted_networks: []\n  api_keys: \(try await keys(stage))")
            try await stage.runScript("http_keys.py", [String(http)])
            #expect(try await mta.stop(MTARecord.self).accepted == 2)
        }
    }
}
