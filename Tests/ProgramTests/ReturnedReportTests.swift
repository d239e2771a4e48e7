import Foundation
import RunRecords
import Testing

/// Bounces and complaints on their way back, through running programs.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ReturnedReportTests {
        private func relay(_ stage: Stage, port: Int, to next: Int, _ more: String) async throws -> Server {
            try await stage.mta(
                configured: """
                    listen: 127.0.0.1:\(port)
                    smart_host: 127.0.0.1:\(next)
                    log: {directory: \(stage.path("log"))}
                    classification: {}
                    \(more)
                    """)
        }

        /// Lines of the log, the open segment's too.
        private func events(_ stage: Stage) throws -> [[String: Any]] {
            let directory = stage.path("log")
            let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.contains(".jsonl") }
            return try files.sorted().flatMap { name in
                let data = FileManager.default.contents(atPath: directory + "/" + name) ?? Data()
                let whole = data.lastIndex(of: 0x0A).map { data[...$0] } ?? Data()
                return try whole.split(separator: 0x0A).map {
                    try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] ?? [:]
                }
            }
        }

        private func first(_ type: String, _ stage: Stage) async throws -> [String: Any] {
            try await eventually("an event \(type)") {
                try events(stage).first { $0["type"] as? String == type }
            }
        }

        private func receptions(_ stage: Stage) throws -> [String: String] {
            let found = try events(stage).filter { $0["type"] as? String == "Reception" }
            return Dictionary(
                found.compactMap { event in
                    guard let recipient = event["recipient"] as? String, let id = event["id"] as? String else {
                        return nil
                    }
                    return (recipient, id)
                }, uniquingKeysWith: { first, _ in first })
        }

        /// A sink sends both back; the log names the messages that they are about, and nothing is left to be delivered.
        @Test func bouncesAndComplaintsComeBackIntoTheLog() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            try """
            reports_to: 127.0.0.1:\(port)
            rules:
              - {match: {recipient: "b@y.test"}, action: bounce, reply: "550 5.1.1 Unknown after all"}
              - {match: {recipient: "c@y.test"}, action: complaint, to: fbl@bounces.test}
            """.write(toFile: stage.path("sink.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--behaviour", stage.path("sink.yaml")])
            let mta = try await relay(stage, port: port, to: sink.port, "reports: [{addresses: [bounces.test]}]")
            for recipient in ["b@y.test", "c@y.test"] {
                try await stage.runScript("send_one.py", [String(port), "news@bounces.test", recipient])
            }
            let bounce = try await first("OOB", stage)
            let complaint = try await first("Feedback", stage)
            let record = try await mta.stop(MTARecord.self)
            let ids = try receptions(stage)
            #expect(ids.count == 2, "what is dropped is no reception")
            #expect(record.accepted == 2 && record.delivered == 2 && record.queued == 0 && record.generated == 0)

            #expect(bounce["recipient"] as? String == "b@y.test" && bounce["sender"] as? String == "")
            #expect(bounce["bounce_classification"] as? String == "InvalidRecipient")
            let response = bounce["response"] as? [String: Any]
            #expect(response?["code"] as? Int == 550 && response?["content"] as? String == "Unknown after all")
            let original = bounce["original"] as? [String: String]
            #expect(original?["id"] == ids["b@y.test"] && original?["found_by"] == "received")
            #expect((bounce["delivery_report"] as? [String: Any])?["action"] as? String == "failed")

            #expect(complaint["recipient"] as? String == "fbl@bounces.test")
            #expect((complaint["original"] as? [String: String])?["id"] == ids["c@y.test"])
            let feedback = complaint["feedback_report"] as? [String: Any]
            #expect(feedback?["feedback_type"] as? String == "abuse")
            #expect(feedback?["original_rcpt_to"] as? [String] == ["c@y.test"])
            #expect(feedback?["original_mail_from"] as? String == "news@bounces.test")
        }

        /// What is no report goes by its rule, too: dropped for one recipient, relayed for the other, told once.
        @Test func eachRecipientHasItsRule() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let (sink, http) = (try await stage.sink(["--keep", kept]), try freePort())
            let mta = try await relay(
                stage, port: 0, to: sink.port,
                """
                http: {address: '127.0.0.1:\(http)'}
                reports:
                  - {addresses: [drop@z.test]}
                  - {addresses: ["re*@z.test"], log_oob: log_then_relay}
                """)
            try await stage.runScript("send_one.py", [String(mta.port), "", "drop@z.test", "relay@z.test"])
            let event = try await first("UnrecognizedReport", stage)
            try await sink.wait(for: 1)
            let metrics = try await stage.metrics(http)
            #expect(metrics["millrace_reports_total{kind=\"unrecognized\"}"] == 1)
            #expect(metrics["millrace_reports_dropped_total"] == 1)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.accepted == 1 && record.queued == 0)
            #expect(try KeptMessage.all(in: kept).map(\.recipients) == [["relay@z.test"]])
            #expect(event["report_address"] as? String == "drop@z.test")
            let other = event["unrecognized_report"] as? [String: String]
            #expect(other?["kind"] == "unknown" && other?["subject"] == "one to be refused")
            #expect(try events(stage).count { $0["type"] as? String == "UnrecognizedReport" } == 1)
        }

        /// Postfix takes a message, cannot deliver it and bounces it back through us: found by the ENVID that it was given
        /// and by our Received field.
        @Test func postfixBouncesIntoTheLog() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let port = try freePort()
            let settings = [
                "smtpd_reject_unlisted_recipient": "no",
                "transport_maps": "inline:{ { none.test=error:5.1.1 no such mailbox } }",
            ]
            guard let postfix = try await stage.postfix("postfix", to: port, settings) else { return }
            let mta = try await relay(stage, port: port, to: postfix.port, "reports: [{addresses: [bounces.test]}]")
            try await stage.runScript("send_one.py", [String(port), "news@bounces.test", "b@none.test"])
            let bounce = try await first("OOB", stage)
            let record = try await mta.stop(MTARecord.self)
            let id = try receptions(stage)["b@none.test"]
            #expect(record.accepted == 1 && record.delivered == 1 && record.queued == 0)
            #expect(bounce["recipient"] as? String == "b@none.test")
            #expect(bounce["bounce_classification"] as? String == "InvalidRecipient")
            #expect((bounce["original"] as? [String: String])?["id"] == id)
            let report = bounce["delivery_report"] as? [String: Any]
            #expect(report?["original_envelope_id"] as? String == id && report?["form"] as? String == "rfc3464")
        }

        /// Categories and normalised codes of what next hops say, and their counts.
        @Test func failuresAreClassified() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try """
            rules:
              - {match: {recipient: "b@y.test"}, at: rcpt, action: reject, reply: "550 4.2.2 Mailbox full"}
              - {match: {recipient: "c@y.test"}, at: end, action: reject, reply: "554 Blocked by the snow"}
            """.write(toFile: stage.path("sink.yaml"), atomically: true, encoding: .utf8)
            try """
            categories: [Weather]
            rules:
              - {category: Weather, text: ["by the snow"]}
            """.write(toFile: stage.path("own.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--behaviour", stage.path("sink.yaml")])
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    log: {directory: \(stage.path("log"))}
                    http: {address: '127.0.0.1:\(http)'}
                    classification: {files: [\(stage.path("own.yaml")), default]}
                    """)
            for recipient in ["b@y.test", "c@y.test"] {
                try await stage.runScript("send_one.py", [String(mta.port), "", recipient])
            }
            try await mta.wait(for: 2)
            let metrics = try await stage.metrics(http)
            #expect(metrics["millrace_classified_recipients_total{category=\"Weather\",event=\"Bounce\"}"] == 1)
            _ = try await mta.stop(MTARecord.self)
            let bounces = try events(stage).filter { $0["type"] as? String == "Bounce" }
            let found = Dictionary(
                uniqueKeysWithValues: bounces.map {
                    ($0["recipient"] as? String, $0["bounce_classification"] as? String)
                })
            #expect(found == ["b@y.test": "QuotaIssues", "c@y.test": "Weather"])
            let response = bounces.first { $0["recipient"] as? String == "b@y.test" }?["response"] as? [String: Any]
            #expect(response?["enhanced_code"] as? [String: Int] == ["class": 5, "subject": 2, "detail": 2])
            #expect(response?["enhanced_code_origin"] as? String == "contradictory")
        }

        @Test func repliesAreClassifiedOnTheCommandLine() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let plain = try stage.program("mta", ["classify", "550 4.1.1 User unknown"])
            #expect(try await plain.waitForExit() == 0, "\(plain.errorOutput)")
            #expect(
                plain.output.hasPrefix("InvalidRecipient  550 5.1.1 (contradictory, written 4.1.1)  rule 'bad-mailbox'")
            )
            let input = "550-5.7.1 Message contains\n550 5.7.1 a virus, \"bad\"\n452 4.2.2 full\n"
            let csv = try stage.program("mta", ["classify", "--format", "csv"], input: input)
            #expect(try await csv.waitForExit() == 0, "\(csv.errorOutput)")
            let rows = csv.output.split(separator: "\n")
            #expect(
                rows.count == 3 && rows.map { $0.prefix { $0 != "," } } == ["category", "VirusRelated", "QuotaIssues"])
            #expect(rows[1].hasSuffix("\"Message contains a virus, \"\"bad\"\"\""))
            let json = try stage.program("mta", ["classify", "--format", "json", "421 Goodbye"])
            #expect(try await json.waitForExit() == 0)
            let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(object?["category"] as? String == "TransientFailure" && object?["origin"] as? String == "derived")
            let none = try stage.program("mta", ["classify", "hello"])
            #expect(try await none.waitForExit() == 2)
            try "rules:\n  - {category: SpamBlok, code: [550]}\n".write(
                toFile: stage.path("bad.yaml"), atomically: true, encoding: .utf8)
            let bad = try stage.program("mta", ["classify", "--check", stage.path("bad.yaml")])
            #expect(try await bad.waitForExit() == 2 && bad.errorOutput.contains("did you mean 'SpamBlock'?"))
            let good = try stage.program("mta", ["classify", "--check", "default"])
            #expect(try await good.waitForExit() == 0, "\(good.output)\(good.errorOutput)")
            #expect(good.output.contains("all is well"))
        }
    }
}
