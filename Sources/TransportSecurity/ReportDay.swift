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
        // Days of a year that begins with March (Howard Hinnant, chrono-compatible low-level date algorithms).
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        guard self.text == text else { return nil }
    }

    package static func < (left: ReportDay, right: ReportDay) -> Bool { left.number < right.number }

    /// `2026-11-26`
    package var text: String {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }

    /// RFC 3339.
    package var firstSecond: String { text + "T00:00:00Z" }
    package var lastSecond: String { text + "T23:59:59Z" }
    package var startSeconds: Int { number * 86_400 }
}
