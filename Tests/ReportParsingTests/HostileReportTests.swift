import Foundation
import Measures
import ReportParsing
import Testing

/// What strangers send is read within bounds, whatever it is.
@Suite struct HostileReportTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Fixtures with octets changed, cut and doubled, the same ones each time: an answer each time.
    @Test func changedReportsNeverTrap() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.count > 10)
        var numbers = SplitMix64(seed: 11)
        for name in names {
            let whole = Array(try Data(contentsOf: folder.appendingPathComponent(name)))
            for _ in 0..<60 {
                var changed = whole
                for _ in 0...numbers.below(6) {
                    let place = numbers.below(changed.count)
                    switch numbers.below(4) {
                    case 0: changed[place] = UInt8(truncatingIfNeeded: numbers.next())
                    case 1: changed.removeSubrange(place..<min(changed.count, place + numbers.below(60)))
                    case 2: changed.insert(contentsOf: changed[place..<min(changed.count, place + 200)], at: place)
                    default: changed[place] = [0x0A, 0x0D, 0x3B, 0x3A, 0x2D, 0x00, 0x20, 0x22][numbers.below(8)]
                    }
                    if changed.isEmpty { changed = [0x0A] }
                }
                use(MailReport(changed))
            }
        }
    }

    @Test func randomOctetsNeverTrap() {
        var numbers = SplitMix64(seed: 12)
        for length in 0..<300 {
            use(MailReport((0..<length).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }))
        }
    }

    /// Touches everything that is worked out later.
    private func use(_ report: MailReport) {
        _ = (report.returned?.messageID, report.returned?.trace.count, report.returned?.supplementalTrace())
        if case .bounce(let bounce) = report.kind {
            #expect(bounce.recipients.count <= ReportLimits.recipients)
            for recipient in bounce.recipients { _ = (recipient.reply, recipient.address) }
        }
    }

    /// Multiparts in one another end at a depth, and many parts at a number.
    @Test func depthAndPartsAreBounded() {
        var text = ""
        for level in 0..<200 { text += "Content-Type: multipart/mixed; boundary=b\(level)\r\n\r\n--b\(level)\r\n" }
        text += "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; b@y.test\r\nAction: failed\r\n"
        if case .bounce(let bounce) = MailReport(bytes(text)).kind { #expect(bounce.form != .rfc3464) }
        let part = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
        let many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + String(repeating: part, count: 20_000)
        guard case .unrecognized = MailReport(bytes(many)).kind else {
            return #expect(Bool(false), "a report of nothing")
        }
    }

    @Test func recipientsAreBounded() {
        let group = "Final-Recipient: rfc822; b@y.test\r\nAction: failed\r\n\r\n"
        let head =
            "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        let report = MailReport(bytes(head + String(repeating: group, count: 5_000) + "--b--\r\n"))
        guard case .bounce(let bounce) = report.kind else { return #expect(Bool(false), "not a bounce") }
        #expect(bounce.recipients.count == ReportLimits.recipients)
    }

    /// A line of a megabyte, a header without an end, a fold of a thousand lines.
    @Test func longLinesAndHeadersAreBounded() throws {
        let long = String(repeating: "x", count: 2 << 20)
        let report = MailReport(bytes("Subject: \(long)\r\n\r\n"))
        #expect(report.isTruncated && (report.header["subject"]?.utf8.count ?? 0) < 20_000)
        let folded = "Subject: a" + String(repeating: "\r\n " + String(repeating: "y", count: 900), count: 1_000)
        #expect((MailReport(bytes(folded)).header["subject"]?.utf8.count ?? 0) < 40_000)
        let fields = MailReport(bytes(String(repeating: "A: b\r\n", count: 100_000)))
        #expect(fields.header.fields.count <= 2_000)
    }

    /// Only a report's own part is believed, not one inside of what was returned.
    @Test func whatWasReturnedIsNoReport() {
        let inner =
            "Content-Type: multipart/report; boundary=i\r\n\r\n--i\r\nContent-Type: message/feedback-report\r\n\r\n"
            + "Feedback-Type: abuse\r\n--i--\r\n"
        let report = MailReport(
            bytes(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\(inner)--b--\r\n"
            ))
        guard case .unrecognized = report.kind else { return #expect(Bool(false), "\(report.kind)") }
        #expect(report.returned != nil)
    }

    /// A reference that is no JSON would break the line of the log that it is put into.
    @Test(arguments: ["eyJhIjo=", "bm90IGpzb24=", "WzFd", "!!!", "eyJhIjoxfSB9", ""])
    func referencesThatAreNoObjectsAreLeftOut(field: String) {
        let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        let report = MailReport(bytes(head + "X-KumoRef: \(field)\r\nMessage-ID: <a@b>\r\n--b--\r\n"))
        #expect(report.returned?.messageID == "<a@b>" && report.returned?.supplementalTrace() == nil)
    }

    @Test(arguments: [
        ("Mon, 23 Nov 2026 20:00:00 +0000", 1_795_464_000), ("23 Nov 2026 20:00:00 -0000", 1_795_464_000),
        ("Mon, 23 Nov 26 15:00 EST", 1_795_464_000), ("Tue, 24 Nov 2026 01:30:00 +0530 (IST)", 1_795_464_000),
        ("Thu, 1 Jan 1970 00:00:00 +0000", 0), ("Thu, 29 Feb 2024 12:00:00 +0000", 1_709_208_000),
    ])
    func datesAreRead(text: String, seconds: Int) { #expect(arrival(text) == seconds) }

    @Test(arguments: [
        "", "soon", "Mon, 99 Nov 2026 20:00:00", "23 Foo 2026 20:00:00", "1 Jan 99999 0:0", "1 Jan 2026 25:00",
    ])
    func whatIsNoDateIsNone(text: String) { #expect(arrival(text) == nil) }

    private func arrival(_ text: String) -> Int? {
        let head =
            "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        guard
            case .complaint(let complaint) =
                MailReport(bytes(head + "Feedback-Type: abuse\r\nArrival-Date: \(text)\r\n--b--\r\n")).kind
        else { return -1 }
        return complaint.arrivalSeconds
    }
}
