import EventLog
import Foundation
import MailTypes
import ReportParsing
import Testing

/// Reports that came back, as lines of the log.
@Suite struct ReportEventTests {
    private static let id = "019aafd2c0de00010000000000000007"

    private func report(_ part: String, header: String = "") -> MailReport {
        let text = """
            From: MAILER-DAEMON@z.test
            Subject: Failed "again"
            Content-Type: multipart/report; boundary=b

            --b
            \(part)

            --b
            Content-Type: text/rfc822-headers

            Received: from a by MTA.test (Millrace) with ESMTP id \(Self.id.uppercased());
             Mon, 23 Nov 2026 20:14:56 +0000
            X-KumoRef: eyJfQF8iOiJcXF8vIiwicmVjaXBpZW50IjoiYkB5LnRlc3QifQ==
            Message-ID: <1.2@x.test>
            \(header)
            --b--

            """
        return MailReport(Array(text.replacingOccurrences(of: "\n", with: "\r\n").utf8))
    }

    private func details(_ report: MailReport, _ content: ReportDetails.Content, envelopeID: String? = nil)
        -> ReportDetails
    {
        ReportDetails(
            content, address: MailAddress("bounce@z.test"), header: report.header,
            original: OriginalMessage(report.returned, envelopeID: envelopeID, hostname: "mta.test"),
            returned: report.returned.map { String(decoding: $0.headerBytes, as: UTF8.self) },
            supplementalTrace: report.returned?.supplementalTrace())
    }

    private func object(_ kind: MailEvent.Kind, _ details: ReportDetails) throws -> [String: Any] {
        var event = MailEvent(kind, at: 1)
        event.report = details
        var bytes: [UInt8] = []
        event.append(to: &bytes)
        #expect(bytes.count(where: { $0 == 0x0A }) == 1)
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test func bouncesHaveTheirFields() throws {
        let report = report(
            """
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.z.test
            Arrival-Date: Mon, 23 Nov 2026 20:14:56 +0000
            X-Queue: 1

            Original-Recipient: rfc822; list@y.test
            Final-Recipient: rfc822; b@z.test
            Action: failed
            Status: 5.1.1
            Diagnostic-Code: smtp; 550 5.1.1 no "b" here
            """)
        guard case .bounce(let bounce) = report.kind else { return #expect(Bool(false), "no bounce") }
        let line = try object(.outOfBand, details(report, .delivery(bounce, bounce.recipients[0])))
        #expect(line["type"] as? String == "OOB" && line["report_address"] as? String == "bounce@z.test")
        let delivery = try #require(line["delivery_report"] as? [String: Any])
        #expect(delivery["form"] as? String == "rfc3464" && delivery["action"] as? String == "failed")
        #expect(delivery["original_recipient"] as? String == "list@y.test")
        #expect(delivery["final_recipient"] as? String == "b@z.test")
        #expect(delivery["reporting_mta"] as? [String: String] == ["mta_type": "dns", "name": "mx.z.test"])
        #expect(delivery["arrival_date"] as? String == "2026-11-23T20:14:56.000Z")
        #expect(delivery["extensions"] as? [String: [String]] == ["x-queue": ["1"]])
        #expect((delivery["supplemental_trace"] as? [String: String])?["recipient"] == "b@y.test")
        #expect((delivery["original_message"] as? String)?.contains("Message-ID: <1.2@x.test>") == true)
        let original = try #require(line["original"] as? [String: String])
        #expect(original == ["id": Self.id, "found_by": "received", "message_id": "<1.2@x.test>"])
    }

    /// KumoMTA's names, each there also where it is empty if it is a list.
    @Test func complaintsHaveTheirFields() throws {
        let report = report(
            """
            Content-Type: message/feedback-report

            Feedback-Type: abuse
            User-Agent: Agent/1
            Version: 1
            Original-Rcpt-To: <b@y.test>
            Original-Mail-From: <a@x.test>
            Source-IP: 192.0.2.1
            Incidents: 2
            Reporting-MTA: dns; mx.z.test
            Strange "Name": x
            Removal-Recipient: b@y.test
            """)
        guard case .complaint(let complaint) = report.kind else { return #expect(Bool(false), "no complaint") }
        let line = try object(.feedback, details(report, .complaint(complaint)))
        let feedback = try #require(line["feedback_report"] as? [String: Any])
        let names: Set = [
            "feedback_type", "user_agent", "version", "incidents", "original_mail_from", "reporting_mta", "source_ip",
            "authentication_results", "original_rcpt_to", "reported_domain", "reported_uri", "extensions",
            "original_message", "supplemental_trace",
        ]
        #expect(Set(feedback.keys) == names)
        #expect(feedback["original_rcpt_to"] as? [String] == ["b@y.test"] && feedback["incidents"] as? Int == 2)
        #expect((feedback["reported_uri"] as? [String])?.isEmpty == true)
        #expect(feedback["extensions"] as? [String: [String]] == ["removal-recipient": ["b@y.test"]])
        #expect(line["type"] as? String == "Feedback")
    }

    @Test func whatIsNeitherSaysWhatItIs() throws {
        let report = report("Content-Type: text/plain\n\nHello")
        let line = try object(.unrecognizedReport, details(report, .other(isAutomatic: true)))
        let other = try #require(line["unrecognized_report"] as? [String: String])
        #expect(other == ["kind": "automatic_reply", "from": "MAILER-DAEMON@z.test", "subject": "Failed \"again\""])
    }

    /// Only ids that our own name stands beside are ours; the ENVID is what we sent.
    @Test func theOriginalIsFoundByOurOwnIds() throws {
        let report = report("Content-Type: text/plain\n\nHello")
        let other = String(repeating: "0", count: 31) + "1"
        let elsewhere = OriginalMessage(report.returned, envelopeID: nil, hostname: "other.test")
        #expect(elsewhere.id == nil && elsewhere.messageID == "<1.2@x.test>")
        let byEnvelope = OriginalMessage(report.returned, envelopeID: other, hostname: "other.test")
        #expect(byEnvelope.id?.description == other && byEnvelope.evidence == .envelopeID)
        let ours = OriginalMessage(report.returned, envelopeID: other, hostname: "mta.test")
        #expect(ours.id?.description == Self.id && ours.evidence == .received, "what we wrote is better evidence")
        #expect(OriginalMessage(report.returned, envelopeID: "their own", hostname: "other.test").id == nil)
        let text =
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n"
            + "Message-ID: <\(Self.id)@mta.test>\n\nx\n--b--\n"
        let notice = OriginalMessage(MailReport(Array(text.utf8)).returned, envelopeID: nil, hostname: "mta.test")
        #expect(notice.id?.description == Self.id && notice.evidence == .messageID)
    }

    @Test func codesAreNormalisedInTheResponse() throws {
        var event = MailEvent(.bounce, at: 1)
        event.response = SMTPReply(550, nil, "4.7.1 no")
        event.classification = "PolicyRelated"
        event.enhancedCode = .init(.init(5, 7, 1), origin: "contradictory")
        var bytes: [UInt8] = []
        event.append(to: &bytes)
        let line = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        let response = try #require(line["response"] as? [String: Any])
        #expect(response["enhanced_code"] as? [String: Int] == ["class": 5, "subject": 7, "detail": 1])
        #expect(response["enhanced_code_origin"] as? String == "contradictory")
        #expect(line["bounce_classification"] as? String == "PolicyRelated")
    }

    // MARK: What has to be safe

    /// Who waits is told once the line is in the file, all of them, and an event that cannot be written is a fault.
    @Test func whoeverWaitsIsToldWhenItIsWritten() async throws {
        let home = try LogHome()
        let log = try EventLog(EventLogSettings(directory: home.path))
        for number in 0..<20 {
            let fault = await withCheckedContinuation { continuation in
                log.append(line(.outOfBand, number), events: 1) { continuation.resume(returning: $0) }
            }
            #expect(fault == nil)
            #expect(numbers(home.lines.map { Array($0.utf8) }) == Array(0...number))
        }
        log.close()
    }

    @Test func whatCannotBeWrittenIsSaid() async throws {
        let home = try LogHome()
        var settings = EventLogSettings(directory: home.path)
        settings.bufferBytes = 100
        let log = try EventLog(settings)
        let full = await withCheckedContinuation { continuation in
            log.append([UInt8](repeating: 0x20, count: 101), events: 1) { continuation.resume(returning: $0) }
        }
        #expect(full != nil)
        log.close()
    }
}
