import MailTypes

/// A day of reports: from midnight to midnight UTC (RFC 8460 §4.1).
package struct ReportDay: Sendable, Hashable, Comparable {
    /// Days since 1970.
    package let number: Int

    package init(number: Int) { self.number = number }
    package init(seconds: Int) { number = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400 }

    /// - Parameter text: `2026-11-26`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        number = MailDate.days(year, month, day)
        guard self.text == text else { return nil }
    }

    package static func < (left: ReportDay, right: ReportDay) -> Bool { left.number < right.number }

    /// `2026-11-26`
    package var text: String {
        let (year, month, day) = MailDate.civil(number)
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }

    /// RFC 3339.
    package var firstSecond: String { text + "T00:00:00Z" }
    package var lastSecond: String { text + "T23:59:59Z" }
    package var startSeconds: Int { number * 86_400 }
}
