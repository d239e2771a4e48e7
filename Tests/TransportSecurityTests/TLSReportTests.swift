import Foundation
import Testing
import TransportSecurity

@Suite struct TLSReportTests {
    @Test(arguments: [
        (0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_783, "2026-11-26"), (-1, "1969-12-31"),
    ])
    func daysHaveNames(_ number: Int, _ text: String) {
        let day = ReportDay(number: number)
        #expect(day.text == text)
        #expect(number < 0 || ReportDay(text) == day)
        #expect(ReportDay(seconds: number * 86_400 + 86_399) == day && ReportDay(seconds: number * 86_400) == day)
    }

    @Test(arguments: ["2026-02-30", "2026-2-3", "", "2026-13-01", "x-y-z", "2026-11-26-1"])
    func otherTextsAreNoDay(_ text: String) { #expect(ReportDay(text) == nil) }

    private func result(_ failure: TLSFailure?, host: String = "mx.a.test") -> TLSSessionResult {
        var result = TLSSessionResult(domain: "a.test", kind: .sts, strings: ["version: STSv1"], hosts: ["mx.a.test"])
        result.failure = failure
        result.receivingHost = host
        result.receivingIP = "192.0.2.1"
        return result
    }

    /// The keys of RFC 8460 §4.4, and sums that agree.
    @Test func aReportHasTheFormOfTheRFC() throws {
        var book = TLSReportBook()
        let day = ReportDay(number: 20_783)
        for failure in [nil, nil, .expired, .expired, .hostMismatch] as [TLSFailure?] {
            book.note(result(failure), day: day)
        }
        book.note(TLSSessionResult(domain: "a.test", kind: .none), day: day)
        let keys = book.takeChanged()
        #expect(keys == [.init(day: day, domain: "a.test")] && book.takeChanged().isEmpty)
        let report = try #require(book.report(keys[0], organization: "Ours", contact: "tls@ours.test"))
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
        #expect(json?["organization-name"] as? String == "Ours" && json?["contact-info"] as? String == "tls@ours.test")
        let dates = json?["date-range"] as? [String: String]
        #expect(dates == ["start-datetime": "2026-11-26T00:00:00Z", "end-datetime": "2026-11-26T23:59:59Z"])
        let policies = try #require(json?["policies"] as? [[String: Any]])
        #expect(policies.count == 2)
        let policy = policies[0]["policy"] as? [String: Any]
        #expect(policy?["policy-type"] as? String == "sts" && policy?["policy-domain"] as? String == "a.test")
        #expect(
            policy?["policy-string"] as? [String] == ["version: STSv1"]
                && policy?["mx-host"] as? [String] == ["mx.a.test"])
        #expect(
            policies[0]["summary"] as? [String: Int] == [
                "total-successful-session-count": 2, "total-failure-session-count": 3,
            ])
        let details = try #require(policies[0]["failure-details"] as? [[String: Any]])
        #expect(details.map { $0["result-type"] as? String } == ["certificate-expired", "certificate-host-mismatch"])
        #expect(details.map { $0["failed-session-count"] as? Int } == [2, 1])
        #expect(details[0]["receiving-mx-hostname"] as? String == "mx.a.test")
        #expect(details[0]["receiving-ip"] as? String == "192.0.2.1")
        #expect((policies[1]["policy"] as? [String: Any])?["policy-type"] as? String == "no-policy-found")
    }

    @Test func reportsGoOnAfterARestart() throws {
        var book = TLSReportBook()
        let key = TLSReportBook.Key(day: ReportDay(number: 1), domain: "a.test")
        book.note(result(.expired), day: key.day)
        let written = try JSONEncoder().encode(try #require(book.report(key, organization: "o", contact: "c")))
        var second = TLSReportBook()
        second.restore(try JSONDecoder().decode(TLSReport.self, from: written), key)
        #expect(second.takeChanged().isEmpty)
        second.note(result(.expired), day: key.day)
        let report = try #require(second.report(key, organization: "o", contact: "c"))
        #expect(report.policies.count == 1 && report.policies[0].summary.failures == 2)
        #expect(report.policies[0].details.map(\.count) == [2])
        second.forget(before: ReportDay(number: 2))
        #expect(second.report(key, organization: "o", contact: "c") == nil && second.takeChanged().isEmpty)
    }

    /// A peer that is different each time costs no more memory than is allowed; sums stay right.
    @Test func reportsHaveBounds() throws {
        var book = TLSReportBook()
        let day = ReportDay(number: 1)
        for number in 0..<1000 { book.note(result(.validation, host: "\(number).test"), day: day) }
        let report = try #require(book.report(.init(day: day, domain: "a.test"), organization: "", contact: ""))
        #expect(report.policies[0].details.count == TLSReportBook.mostDetails)
        #expect(report.policies[0].summary.failures == 1000)
        for number in 0..<TLSReportBook.mostDomains {
            book.note(TLSSessionResult(domain: "\(number).test", kind: .none), day: day)
        }
        #expect(book.dropped == 1 && book.successes == UInt64(TLSReportBook.mostDomains) && book.failures == 1000)
    }
}
