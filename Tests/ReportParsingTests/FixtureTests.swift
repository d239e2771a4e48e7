import Foundation
import MailTypes
import ReportParsing
import Testing

/// Reports in the shapes that the large systems give them, written by us after theirs; each is read with CRLF and LF.
@Suite struct FixtureTests {
    private static func bytes(_ name: String, _ lineEnd: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        let text = try String(contentsOf: folder.appendingPathComponent(name + ".eml"), encoding: .utf8)
        return Array(text.replacingOccurrences(of: "\n", with: lineEnd).utf8)
    }

    private func bounce(_ name: String, _ lineEnd: String) throws -> (DeliveryReport, MailReport) {
        let report = MailReport(try Self.bytes(name, lineEnd))
        guard case .bounce(let bounce) = report.kind else {
            Issue.record("\(name) is \(report.kind)")
            throw CancellationError()
        }
        return (bounce, report)
    }

    private func complaint(_ name: String, _ lineEnd: String) throws -> (FeedbackReport, MailReport) {
        let report = MailReport(try Self.bytes(name, lineEnd))
        guard case .complaint(let complaint) = report.kind else {
            Issue.record("\(name) is \(report.kind)")
            throw CancellationError()
        }
        return (complaint, report)
    }

    private static let seconds = 1_795_464_000  // Mon, 23 Nov 2026 20:00:00 +0000

    @Test(arguments: ["\r\n", "\n"]) func postfix(lineEnd: String) throws {
        let (bounce, report) = try bounce("postfix", lineEnd)
        #expect(bounce.form == .rfc3464 && bounce.recipients.count == 2)
        #expect(bounce.reportingMTA == TypedText(type: "dns", value: "mx.z.test"))
        #expect(bounce.originalEnvelopeID == "019aafd2c0de00010000000000000007")
        #expect(bounce.arrivalSeconds == Self.seconds + 14 * 60 + 56)
        #expect(bounce.extensions.map(\.name) == ["x-postfix-queue-id", "x-postfix-sender"])
        let (first, second) = (bounce.recipients[0], bounce.recipients[1])
        #expect(first.address == "list@y.test" && first.finalRecipient?.address == "b@z.test")
        #expect(first.action == .failed && first.status == .init(5, 1, 1))
        let text = "<b@z.test>: Recipient address rejected: User unknown in virtual mailbox table"
        #expect(first.reply == SMTPReply(550, .init(5, 1, 1), text))
        #expect(second.outcome == .delayed && second.willRetryUntilSeconds == Self.seconds + 5 * 86_400 + 14 * 60 + 56)
        let why = "connect to 192.0.2.41[192.0.2.41]:25: Connection timed out"
        #expect(second.reply == SMTPReply(450, .init(4, 4, 1), why))
        let returned = try #require(report.returned)
        #expect(!returned.isWhole && returned.messageID == "<1.2@example.org>")
        #expect(returned.trace.map(\.by) == ["mx.z.test", "mta.example.org"])
        #expect(returned.trace.map(\.id) == ["4bc1d2f3a1", "019aafd2c0de00010000000000000007"])
        #expect(returned.supplementalTrace() == #"{"_@_":"\\_/","recipient":"list@y.test"}"#)
    }

    @Test(arguments: ["\r\n", "\n"]) func exim(lineEnd: String) throws {
        let (bounce, report) = try bounce("exim", lineEnd)
        #expect(bounce.form == .exim && bounce.recipients.map(\.address) == ["b@y.test", "d@y.test"])
        #expect(bounce.recipients[0].reply == SMTPReply(550, .init(5, 1, 1), "User b@y.test unknown"))
        #expect(bounce.recipients[1].reply == SMTPReply(550, nil, "mailbox is full: retry timeout exceeded"))
        #expect(report.returned?.trace.last?.id == "019aafd2c0de00010000000000000008")
        #expect(report.returned?.messageID == "<2.2@example.org>" && report.returned?.isWhole == true)
    }

    /// The status part is in base64, and the message that came back is itself a report, which is not ours.
    @Test(arguments: ["\r\n", "\n"]) func exchange(lineEnd: String) throws {
        let (bounce, report) = try bounce("exchange", lineEnd)
        #expect(bounce.recipients.map(\.address) == ["b@z.test"])
        let why = "RESOLVER.ADR.RecipientNotFound; Recipient not found"
        #expect(bounce.recipients[0].reply == SMTPReply(550, .init(5, 1, 10), why))
        #expect(bounce.recipients[0].extensions.map(\.value) == ["B"])
        #expect(bounce.receivedFromMTA?.value == "mta.example.org")
        #expect(report.returned?.messageID == "<3.2@example.org>")
        #expect(report.returned?.trace.last?.id == "019aafd2c0de00010000000000000009")
        #expect(report.header["subject"] == "Undeliverable: Hello")
    }

    @Test(arguments: ["\r\n", "\n"]) func google(lineEnd: String) throws {
        let (bounce, report) = try bounce("google", lineEnd)
        let recipient = try #require(bounce.recipients.first)
        #expect(bounce.form == .rfc3464 && recipient.address == "b@gmail.test" && recipient.status == .init(5, 1, 1))
        #expect(recipient.reply.code == 550 && recipient.reply.enhanced == .init(5, 1, 1))
        #expect(
            recipient.reply.text.hasPrefix("The email account that you tried to reach does not exist. Please try d"))
        #expect(!recipient.reply.text.contains("550"), "\(recipient.reply.text)")
        #expect(recipient.lastAttemptSeconds == Self.seconds + 15 * 60 + 4)
        #expect(report.returned?.messageID == "<4.2@example.org>" && report.returned?.isWhole == true)
        #expect(bounce.extensions.map(\.name) == ["x-original-message-id"])
    }

    @Test(arguments: ["\r\n", "\n"]) func qmail(lineEnd: String) throws {
        let (bounce, report) = try bounce("qmail", lineEnd)
        #expect(bounce.form == .qsbmf && bounce.recipients.map(\.address) == ["b@q.test", "c@q.test"])
        let why = "Mail from this network is refused Giving up on 192.0.2.27."
        #expect(bounce.recipients[0].reply == SMTPReply(550, .init(5, 7, 1), why))
        let other = "Sorry, no mailbox here by that name. (#5.1.1)"
        #expect(bounce.recipients[1].reply == SMTPReply(550, .init(5, 1, 1), other))
        #expect(report.returned?.messageID == "<5.2@example.org>")
        #expect(report.returned?.trace.last?.id == "019aafd2c0de0001000000000000000b")
    }

    @Test(arguments: ["\r\n", "\n"]) func yahooComplains(lineEnd: String) throws {
        let (complaint, report) = try complaint("yahoo-arf", lineEnd)
        #expect(complaint.feedbackType == "abuse" && complaint.userAgent == "Yahoo!-Mail-Feedback/2.0")
        #expect(complaint.version == "0.1" && complaint.originalMailFrom == "bounce@bounces.example.org")
        #expect(complaint.originalRecipients == ["b@yahoo.test"] && complaint.reportedDomains == ["example.org"])
        #expect(complaint.arrivalSeconds == Self.seconds + 14 * 60 + 59)
        #expect(complaint.authenticationResults.first?.hasSuffix("spf=pass smtp.mailfrom=bounces.example.org") == true)
        #expect(report.returned?.supplementalTrace() == #"{"_@_":"\\_/","recipient":"b@yahoo.test"}"#)
        #expect(report.returned?.trace.last?.id == "019aafd2c0de0001000000000000000c")
    }

    /// All fields of RFC 5965 and some of RFC 6591, those repeated that may be.
    @Test(arguments: ["\r\n", "\n"]) func everyFieldOfAComplaint(lineEnd: String) throws {
        let (complaint, report) = try complaint("arf-full", lineEnd)
        #expect(complaint.feedbackType == "auth-failure" && complaint.form == .arf && complaint.incidents == 3)
        #expect(complaint.originalEnvelopeID == "019aafd2c0de0001000000000000000d" && complaint.originalMailFrom == "")
        #expect(complaint.originalRecipients == ["user@z.test", "second@z.test"])
        #expect(complaint.arrivalSeconds == 1_110_304_800)
        #expect(complaint.reportingMTA == TypedText(type: "dns", value: "mail.z.test"))
        #expect(complaint.sourceIP == "192.0.2.2" && complaint.authenticationResults.count == 2)
        #expect(complaint.reportedDomains == ["example.net", "example.com"])
        #expect(complaint.reportedURIs == ["http://example.net/earn_money.html", "mailto:user@example.com"])
        let names = ["removal-recipient", "auth-failure", "delivery-result", "identity-alignment", "dkim-domain"]
        #expect(complaint.extensions.map(\.name) == names && complaint.all("auth-failure") == ["bodyhash"])
        #expect(report.returned?.isWhole == false)
    }

    @Test(arguments: ["\r\n", "\n"]) func hotmailComplains(lineEnd: String) throws {
        let (complaint, report) = try complaint("hotmail-jmrp", lineEnd)
        #expect(complaint.form == .jmrp && complaint.originalRecipients == ["b@hotmail.test"])
        #expect(report.returned?.trace.last?.id == "019aafd2c0de0001000000000000000e")
    }

    @Test(arguments: ["\r\n", "\n"]) func internationalAddresses(lineEnd: String) throws {
        let (bounce, report) = try bounce("international", lineEnd)
        #expect(bounce.recipients[0].originalRecipient?.address == "東京@y.test")
        #expect(bounce.recipients[0].finalRecipient == TypedText(type: "utf-8", value: "東京@z.test"))
        #expect(report.returned?.header["subject"] == "東" && report.returned?.messageID == "<8.2@example.org>")
    }

    /// The boundary is not the one that was named, no empty line is between recipients, types are missing.
    @Test(arguments: ["\r\n", "\n"]) func brokenOnesAreReadAsFarAsTheyGo(lineEnd: String) throws {
        let (bounce, report) = try bounce("broken", lineEnd)
        #expect(bounce.reportingMTA == TypedText(type: "", value: "z.test"))
        #expect(bounce.recipients.map(\.address) == ["b@z.test", "c@z.test"])
        #expect(bounce.recipients[0].outcome == .failed)
        #expect(bounce.recipients[0].reply == SMTPReply(552, .init(5, 2, 2), "over quota"))
        #expect(bounce.recipients[1].action == .failed && bounce.recipients[1].reply.code == 550)
        #expect(report.returned?.messageID == "<9.2@example.org>")
    }

    @Test(arguments: ["\r\n", "\n"]) func fieldsInATextAreFound(lineEnd: String) throws {
        let (bounce, report) = try bounce("loose", lineEnd)
        #expect(bounce.form == .loose && bounce.recipients.map(\.address) == ["b@z.test"])
        #expect(bounce.recipients[0].reply == SMTPReply(550, .init(5, 3, 0), "failed"))
        #expect(report.returned?.messageID == "<10.2@example.org>")
    }

    @Test func whatIsNoReportIsNone() throws {
        guard case .automaticReply = MailReport(try Self.bytes("vacation", "\r\n")).kind else {
            return #expect(Bool(false), "a vacation notice")
        }
        guard case .unrecognized = MailReport(try Self.bytes("spam", "\r\n")).kind else {
            return #expect(Bool(false), "somebody's mail")
        }
    }
}
