import Foundation
import Testing
import TransportSecurity

@Suite struct TLSReportOutboxTests {
    private let day = ReportDay("2026-11-25")!
    private var end: Int { day.startSeconds + 86_400 }
    private let mail = ReportPlace.mail("tls@example.org")
    private let web = ReportPlace.web("https://example.org/tls")

    private func outbox(_ files: [String] = ["a.json", "b.json"], spread: Int = 0) -> TLSReportOutbox {
        var turn = 0
        return TLSReportOutbox(day, files: files, spread: spread) { most in
            turn += 1
            return min(most, turn * 100)
        }
    }

    @Test func reportsAreSpreadOverTheNight() {
        let box = outbox(spread: 14_400)
        #expect(box.due(now: end, atMost: 10).isEmpty)
        #expect(box.due(now: end + 159, atMost: 10).isEmpty)
        #expect(box.due(now: end + 160, atMost: 10).map(\.file) == ["a.json"])
        #expect(box.due(now: end + 260, atMost: 10).map(\.file) == ["a.json", "b.json"])
        #expect(box.due(now: end + 260, atMost: 1).map(\.file) == ["a.json"])
    }

    /// What was sent to one place is not sent there again for another's sake.
    @Test func eachPlaceGetsItOnce() throws {
        var box = outbox(["a.json"])
        box.note(.sent(all: [mail, web], now: [mail]), of: "a.json", now: end + 60)
        #expect(box.items.map(\.sent) == [["mailto:tls@example.org"]])
        #expect(box.due(now: end + 359, atMost: 1).isEmpty && box.due(now: end + 360, atMost: 1).count == 1)
        // Over a restart, too.
        box = try JSONDecoder().decode(TLSReportOutbox.self, from: JSONEncoder().encode(box))
        #expect(box.day == day)
        box.note(.sent(all: [mail, web], now: [web]), of: "a.json", now: end + 360)
        #expect(box.items.isEmpty && box.counts.mailed == 1 && box.counts.posted == 1 && !box.isTrivial)
    }

    @Test func aDayIsEnough() {
        var box = outbox(["a.json"])
        var (now, tries) = (end + 60, 0)
        while let item = box.items.first {
            #expect(item.due <= end + TLSReportOutbox.lifeSeconds)
            now = item.due
            box.note(.failed, of: item.file, now: now)
            tries += 1
        }
        // 5, 10, 20 … minutes, then every four hours.
        #expect(tries == 11 && box.counts.abandoned == 1)
        #expect(now < end + TLSReportOutbox.lifeSeconds && now > end + TLSReportOutbox.lifeSeconds - 14_400)
    }

    @Test func theNextDayEndsIt() {
        var box = outbox()
        box.note(.unwanted, of: "a.json", now: end + 60)
        box.note(.unwanted, of: "unknown.json", now: end + 60)
        box.end()
        #expect(box.items.isEmpty && box.counts.unwanted == 1 && box.counts.abandoned == 1)
        #expect(outbox([]).isTrivial)
    }
}
