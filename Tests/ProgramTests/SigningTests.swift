import Foundation
import RunRecords
import TestSupport
import Testing

/// DKIM through a running relay, verified where it arrives by other people's programs.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SigningTests {
        private func key(_ stage: Stage, _ name: String, _ algorithm: [String]) async throws -> String {
            let words = ["genpkey", "-algorithm"] + algorithm + ["-out", stage.path(name)]
            guard let openssl = try stage.peer("openssl", words) else { throw StageFault("no openssl") }
            #expect(try await openssl.waitForExit() == 0, "\(openssl.errorOutput)")
            return stage.path(name)
        }

        /// The line that `mta dkim record` prints for a zone file.
        private func record(_ stage: Stage, _ key: String, _ selector: String, _ domain: String) async throws -> String
        {
            let program = try stage.program(
                "mta", ["dkim", "record", "--key", key, "--selector", selector, "--domain", domain])
            #expect(try await program.waitForExit() == 0 && program.errorOutput.isEmpty, "\(program.errorOutput)")
            #expect(program.output.hasPrefix("\(selector)._domainkey.\(domain). IN TXT ( \"v=DKIM1; k="))
            return program.output
        }

        private func message(from author: String, _ body: String = "") -> Data {
            let text =
                "From: Jörg <a@\(author)>\r\nTo: b@far.test,\r\n\tc@far.test\r\nSubject: one  two \r\n"
                + "List-Id: <l.x.test>\r\nList-Unsubscribe: <https://x.test/u>\r\n"
                + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\n"
                + "Grüße \u{A0} von hier \r\n.\r\n..two\r\n.dot\r\n\t blanks \t\r\n\r\n\r\n\(body)\r\n\r\n"
            return Data(text.utf8)
        }

        /// Over SMTP as DATA and BDAT, small and in many pieces; over HTTP one text for all and a text for each; one
        /// signature, two of different kinds, none where none is wanted or the author is not clear.
        @Test func whatArrivesVerifies() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let rsa = try await key(stage, "rsa.pem", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
            let ed = try await key(stage, "ed.pem", ["ed25519"])
            let own = try await record(stage, rsa, "rsa", "x.test")
            let others = [try await record(stage, rsa, "r", "two.test"), try await record(stage, ed, "e", "two.test")]
            try (own + others.joined()).write(toFile: stage.path("records"), atomically: true, encoding: .utf8)
            let kept = try stage.openDirectory("kept")
            let (sink, http) = (try await stage.sink(["--keep", kept]), try freePort())
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    http: {address: '127.0.0.1:\(http)'}
                    dkim:
                      - {domain: x.test, selector: rsa, key: \(rsa), expires_after: 7d}
                      - {domain: two.test, selector: r, key: \(rsa), subdomains: true}
                      - domain: two.test
                        selector: e
                        key: \(ed)
                        header_canonicalization: simple
                        body_canonicalization: simple
                    """)
            try await submit(stage, mta.port)
            try await inject(stage, http)
            try await mta.wait(for: 19)
            let run = try await mta.stop(MTARecord.self)
            #expect(run.delivered == 19 && run.faults.isEmpty)
            let said = try await stage.runScript("dkim_kept.py", [kept, stage.path("records")])
            let whole = [
                "bdat-long@far.test 2 2 0 0", "bdat@far.test 1 1 0 0", "below@far.test 1 1 0 0",
                "data-long@far.test 2 2 0 0", "data@far.test 1 1 0 0", "none@far.test 0 0 0 0",
                "unclear@far.test 0 0 0 0",
            ]
            let injected = ["all", "each", "own"].flatMap { name in
                (0..<4).map { "\(name)\($0)@far.test 2 2 0 0" }
            }
            #expect(said.split(separator: "\n").map(String.init).sorted() == (whole + injected).sorted())
            try expectOpenDKIM(stage, try KeptMessage.all(in: kept), own)
        }

        private func submit(_ stage: Stage, _ port: Int) async throws {
            let long = String(repeating: "A line of text that is long enough to be one.\r\n.\r\n", count: 8000)
            let mail = [
                ("data", message(from: "x.test"), false), ("bdat", message(from: "x.test"), true),
                ("data-long", message(from: "two.test", long), false),
                ("bdat-long", message(from: "TWO.test", long), true),
                ("below", message(from: "x.test"), true), ("none", message(from: "sub.x.test"), false),
                ("unclear", Data("From: a@x.test\r\n".utf8) + message(from: "two.test"), false),
            ]
            let replies = try await stage.send(
                mail.map { name, content, chunks in
                    Submission(
                        sender: "a@bounces.test", mailOptions: ["BODY=8BITMIME"],
                        recipients: [.init(address: name + "@far.test")], content: content, chunks: chunks)
                }, to: port)
            #expect(replies.allSatisfy { $0.hasPrefix("250 2.0.0") }, "\(replies)")
        }

        private func inject(_ stage: Stage, _ port: Int) async throws {
            func recipients(_ name: String) -> String {
                (0..<4).map { #"{"email": "\#(name)\#($0)@far.test", "name": "Kim \#($0)"}"# }.joined(separator: ", ")
            }
            let text = #""From: Me <me@two.test>\nSubject: Hi\n\nGrüße\n.\n..\nend\n""#
            let built =
                #"{"from": {"email": "me@sub.two.test"}, "subject": "Hi", "text_body": "Grüße {{ name }}\n.\n"}"#
            let requests = [
                ("all", text, #", "trace_headers": {"supplemental_header": false}"#), ("own", text, ""),
                ("each", built.replacing("sub.", with: ""), #", "trace_headers": {"received_header": true}"#),
            ].map { name, content, more in
                HTTPRequest.injection(
                    #"{"envelope_sender": "a@b.test", "recipients": [\#(recipients(name))], "content": \#(content)\#(more)}"#
                )
            }
            for reply in try await stage.http(requests, to: port) {
                #expect(reply.status == 200 && reply.text.contains(#""success_count":4"#), "\(reply)")
            }
        }

        /// OpenDKIM finds the record as it was printed, in a zone of a real name server.
        private func expectOpenDKIM(_ stage: Stage, _ messages: [KeptMessage], _ record: String) throws {
            let directory = try stage.openDirectory("opendkim")
            try """
            $ORIGIN x.test.
            $TTL 300
            @ SOA ns root 1 3600 600 86400 300
            @ NS ns
            ns A 127.0.0.1
            \(record)
            """.write(toFile: directory + "/zone", atomically: true, encoding: .utf8)
            let command = "\(Stage.root)/Tests/DKIMSigningTests/Support/opendkim-verify \(directory)"
            let signed = try #require(messages.first { $0.recipients == ["data@far.test"] }).content
            // RFC 8058 §4: what unsubscribes has to be signed.
            let lines = String(decoding: signed, as: UTF8.self).replacing("\r\n", with: "\n")
            let fields = try #require(lines.firstMatch(of: /\th=([a-z:\n\t -]+);/)).1.filter { !$0.isWhitespace }
                .split(separator: ":").map(String.init)
            #expect(Set(fields).isSuperset(of: ["from", "list-id", "list-unsubscribe", "list-unsubscribe-post"]))
            let file = URL(fileURLWithPath: directory + "/signed.eml")
            try signed.write(to: file)
            _ = try NameServer.run(command)
            try Data(String(decoding: signed, as: UTF8.self).replacing("von hier", with: "von dort").utf8).write(
                to: file)
            #expect(throws: NameServer.Fault.self) { try NameServer.run(command) }
        }

        /// Mail that is taken from anyone does not get the word of the domain that it names as its author's.
        @Test(arguments: [("192.0.2.0/24", false), ("127.0.0.0/8", true)])
        func onlyMailOfThoseWhoMayRelayIsSigned(_ network: String, _ isSigned: Bool) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ed = try await key(stage, "ed.pem", ["ed25519"])
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    relay_networks: [\(network)]
                    relay_domains: [x.test]
                    dkim: [{domain: x.test, selector: e, key: \(ed)}]
                    """)
            let mail = Submission(
                sender: "a@else.test", recipients: [.init(address: "b@x.test")], content: message(from: "x.test"),
                chunks: true)
            #expect(try await stage.send([mail], to: mta.port).map { $0.prefix(3) } == ["250"])
            try await mta.wait(for: 1)
            _ = try await mta.stop(MTARecord.self)
            let text = String(decoding: try #require(try KeptMessage.all(in: kept).first).content, as: UTF8.self)
            #expect(text.contains("DKIM-Signature: ") == isSigned)
        }

        /// A signature that is wanted and cannot be made: the client is to try again, nothing goes out without it.
        @Test func whatCannotBeSignedIsRefusedForNow() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ed = try await key(stage, "ed.pem", ["ed25519"])
            try await stage.runScript("broken_key.py", [stage.path("broken.pem")])
            let (sink, http) = (try await stage.sink(), try freePort())
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    http: {address: '127.0.0.1:\(http)'}
                    dkim:
                      - {domain: bad.test, selector: e, key: \(ed)}
                      - {domain: bad.test, selector: r, key: \(stage.path("broken.pem"))}
                      - {domain: good.test, selector: e, key: \(ed)}
                    """)
            let replies = try await stage.send(
                ["bad.test", "good.test", "bad.test", "unsigned.test"].map {
                    Submission(
                        sender: "a@x.test", recipients: [.init(address: "b@far.test"), .init(address: "c@far.test")],
                        content: message(from: $0), chunks: true)
                }, to: mta.port)
            #expect(replies.map { $0.prefix(9) } == ["451 4.3.0", "250 2.0.0", "451 4.3.0", "250 2.0.0"], "\(replies)")
            let request = HTTPRequest.injection(
                #"{"envelope_sender": "a@x.test", "recipients": [{"email": "b@far.test"}], "content": "From: a@bad.test\n\nHi\n"}"#
            )
            let answer = try await stage.http([request], to: http)[0]
            #expect(answer.status == 200 && answer.text.contains(#""fail_count":1,"failed_recipients":["b@far.test"]"#))
            #expect(answer.text.contains("451 4.3.0"), "\(answer)")
            try await mta.wait(for: 4)
            let metrics = try await stage.metrics(http)
            #expect(metrics["millrace_dkim_failures_total"] == 3)
            #expect(metrics["millrace_recipients_total{outcome=\"refused\"}"] == 5)
            let record = try await mta.stop(MTARecord.self)
            #expect(
                record.accepted == 4 && record.delivered == 4 && record.faults.contains { $0.contains("be signed") })
        }
    }
}
