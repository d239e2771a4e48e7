import MailTypes
import Testing

@Suite struct DeliveryTermsTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-26T09:30:00Z", 1_795_685_400),
            ("2026-11-26t09:30:00.999z", 1_795_685_400), ("2026-11-26T10:30:00+01:00", 1_795_685_400),
            ("2026-11-26T04:00:00-05:30", 1_795_685_400), ("2024-02-29T23:59:60Z", 1_709_251_199),
            ("2100-02-28T00:00:00Z", 4_107_456_000), ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("2100-02-29T00:00:00Z", nil), ("2026-13-01T00:00:00Z", nil), ("2026-11-26T24:00:00Z", nil),
            ("2026-11-26T09:30:00", nil), ("2026-11-26", nil), ("26-11-26T09:30:00Z", nil), ("", nil),
            ("2026-11-26T09:30:00.Z", nil), ("2026-11-26T09:30:00+1:00", nil), ("2026-11-26T09:30:00ZZ", nil),
            ("２026-11-26T09:30:00Z", nil),
        ] as [(String, Int?)]) func datesAreRead(text: String, seconds: Int?)
    {
        #expect(InternetDate.unixSeconds(text) == seconds)
        guard let seconds else { return }
        #expect(InternetDate.unixSeconds(InternetDate.text(unixSeconds: seconds)) == seconds)
    }

    @Test(
        arguments: [
            ("120;R", "120;R"), ("120;r", "120;R"), ("+120;RT", "120;RT"), ("-30;nt", "-30;NT"), ("0;N", "0;N"),
            ("999999999;N", "999999999;N"), ("1000000000;N", nil), ("120", nil), ("120;", nil), ("120;X", nil),
            ("120;TR", nil), (";R", nil), ("-;N", nil), ("1.5;R", nil), ("120;R;T", nil), ("120 ;R", nil),
            ("--1;N", nil),
        ] as [(String, String?)]) func deliverByIsRead(text: String, written: String?)
    {
        #expect(DeliverBy(parameter: text)?.parameter == written)
    }

    @Test func whatIsLeftOfTheTimeIsPassedOn() throws {
        var by = try #require(DeliverBy(parameter: "100;RT"))
        by.since = 50_000
        #expect(by.deadline == 150_000)
        #expect(by.passedOn(at: 50_000).parameter == "100;RT")
        #expect(by.passedOn(at: 50_001).parameter == "99;RT", "never more than there is")
        #expect(by.passedOn(at: 149_999).parameter == "0;RT" && by.passedOn(at: 160_001).parameter == "-11;RT")
        var late = try #require(DeliverBy(parameter: "-999999999;N"))
        late.since = 50_000
        #expect(late.deadline == 0 && late.passedOn(at: 90_000).parameter == "-999999999;N")
    }

    @Test func spansBecomeTimes() {
        var terms = DeliveryTerms()
        #expect(terms.isEmpty && terms.returnedAt == nil && terms.noticeAt == nil)
        terms.release = .interval(60)
        terms.deliverBy = DeliverBy(seconds: 90, mode: .return)
        terms.begin(at: 1_000)
        #expect(terms.notBefore == 61_000 && terms.returnedAt == 91_000 && terms.noticeAt == nil)
        terms.expires = 70_000
        #expect(terms.returnedAt == 70_000)
        terms.deliverBy?.mode = .notify
        #expect(terms.returnedAt == 70_000 && terms.noticeAt == 91_000)
        for release in [FutureRelease.interval(5), .date(86_400)] {
            #expect(FutureRelease(field: release.field) == release)
        }
        #expect(FutureRelease.date(86_400).field == "until;1970-01-02T00:00:00Z")
        #expect(FutureRelease(field: "for;x") == nil && FutureRelease(field: "5") == nil)
    }

    /// RFC 2852 §4.1.4.2: word of delays is asked for while there is time, of whom the sender wants to hear.
    @Test func delaysAreAskedForWhileThereIsTime() throws {
        var envelope = Envelope(
            reversePath: MailAddress("a@x.test"),
            recipients: ["b@y.test", "c@y.test", "d@y.test"].map { MailAddress($0) })
        var by = try #require(DeliverBy(parameter: "90;N"))
        by.since = 10_000
        var terms = DeliveryTerms()
        terms.deliverBy = by
        envelope.terms = terms
        envelope.options?.recipients = [.none, .init(notify: .never), .init(notify: .success)]
        func wishes(_ envelope: Envelope) -> [NotifyConditions?] { (0..<3).map { envelope.options(of: $0).notify } }
        let asked = envelope.forNextHop(offersDeliverBy: false, now: 99_999)
        #expect(wishes(asked) == [[.failure, .delay], .never, [.success, .delay]])
        #expect(envelope.forNextHop(offersDeliverBy: false, now: 100_000) == envelope, "the time is over")
        let passed = envelope.forNextHop(offersDeliverBy: true, now: 100_000)
        #expect(wishes(passed) == wishes(envelope) && passed.terms?.deliverBy?.parameter == "0;N")
        envelope.terms?.deliverBy?.mode = .return
        #expect(envelope.forNextHop(offersDeliverBy: false, now: 99_999) == envelope)
    }

    /// RFC 4865 §5.2.2: whatever is to be done when the time is over.
    @Test(
        arguments: [
            (.interval(60), "60;R", true), (.interval(60), "61;R", false), (.interval(60), "60;N", true),
            (.interval(60), "61;NT", false), (.interval(60), "-5;N", true), (.date(1_060), "60;N", true),
            (.date(1_060), "61;R", false), (nil, "-5;N", false), (nil, "1;R", false),
        ] as [(FutureRelease?, String, Bool)])
    func releaseComesBeforeTheDeadline(release: FutureRelease?, by: String, isContradictory: Bool) {
        var terms = DeliveryTerms()
        (terms.release, terms.deliverBy) = (release, DeliverBy(parameter: by))
        #expect(terms.isContradictory(at: 1_000_000) == isContradictory)
    }

    // MARK: Windows

    /// 1970-01-01 was a Thursday.
    private static let day = 86_400
    private static let hour = 3_600

    @Test(arguments: [
        // Monday to Wednesday, 9 to 17, an hour east of UTC: seconds from 1970 on, and when it opens.
        (0, 4 * day + 8 * hour), (4 * day + 7 * hour, 4 * day + 8 * hour), (4 * day + 8 * hour, 4 * day + 8 * hour),
        (4 * day + 16 * hour - 1, 4 * day + 16 * hour - 1), (4 * day + 16 * hour, 5 * day + 8 * hour),
        (6 * day + 20 * hour, 11 * day + 8 * hour), (7 * day, 11 * day + 8 * hour),
    ]) func windowsOpenOnTheirDays(now: Int, opens: Int) {
        let window = DeliveryWindow(days: 0b111, timeZone: "x", start: 9 * Self.hour, end: 17 * Self.hour)
        #expect(window.opening(from: UInt64(now) * 1_000) { _ in Self.hour } == UInt64(opens) * 1_000)
    }

    /// From Friday evening to Saturday morning.
    @Test(arguments: [
        (day + 21 * hour, day + 22 * hour), (day + 23 * hour, day + 23 * hour),
        (2 * day + 5 * hour, 2 * day + 5 * hour),
        (2 * day + 6 * hour, 8 * day + 22 * hour), (2 * day + 22 * hour, 8 * day + 22 * hour),
    ]) func windowsMayPassMidnight(now: Int, opens: Int) {
        let window = DeliveryWindow(days: 1 << 4, timeZone: "x", start: 22 * Self.hour, end: 6 * Self.hour)
        #expect(window.opening(from: UInt64(now) * 1_000) { _ in 0 } == UInt64(opens) * 1_000)
    }

    /// Whatever the clock does meanwhile, it opens at its own time of the day, and never before it is asked.
    @Test func clocksMayChange() {
        let window = DeliveryWindow(days: 0x7F, timeZone: "x", start: 9 * Self.hour, end: 10 * Self.hour)
        let change = 10 * Self.day + 3 * Self.hour
        let offset = { $0 < change ? Self.hour : 2 * Self.hour }
        #expect(
            window.opening(from: UInt64(9 * Self.day + 9 * Self.hour) * 1_000, offset: offset)
                == UInt64(10 * Self.day + 7 * Self.hour) * 1_000)
        for now in stride(from: 8 * Self.day, to: 12 * Self.day, by: 997) {
            let opens = window.opening(from: UInt64(now) * 1_000, offset: offset)
            #expect(opens >= UInt64(now) * 1_000)
            #expect(window.opening(from: opens, offset: offset) == opens)
        }
    }
}
