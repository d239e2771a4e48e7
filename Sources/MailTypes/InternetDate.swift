/// Dates as RFC 3339 §5.6 writes them: `2026-11-26T09:30:00Z`, `2026-11-26T09:30:00.5+01:00`. Without a calendar library.
package enum InternetDate {
    /// Seconds since 1970; fractions are cut off. Nil: it is no such date.
    package static func unixSeconds(_ text: some StringProtocol) -> Int? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard rest.count >= digits, rest.prefix(digits).allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            let value = rest.prefix(digits).reduce(0) { $0 * 10 + Int($1 - 0x30) }
            rest = rest.dropFirst(digits)
            return range.contains(value) ? value : nil
        }
        func skip(_ characters: StaticString) -> Bool {
            let allowed = UnsafeBufferPointer(start: characters.utf8Start, count: characters.utf8CodeUnitCount)
            guard let byte = rest.first, allowed.contains(byte) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4, 1970...9999), skip("-"), let month = number(2, 1...12), skip("-"),
            let day = number(2, 1...daysOf(month, year)), skip("Tt "), let hour = number(2, 0...23), skip(":"),
            let minute = number(2, 0...59), skip(":"), let second = number(2, 0...60)
        else { return nil }
        if skip(".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
        }
        var offset = 0
        if !skip("Zz") {
            let isBehind = rest.first == 0x2D
            guard skip("+-"), let hours = number(2, 0...23), skip(":"), let minutes = number(2, 0...59) else {
                return nil
            }
            offset = (hours * 60 + minutes) * (isBehind ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        return MailDate.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + min(second, 59) - offset
    }

    /// In UTC, to the second.
    package static func text(unixSeconds: Int) -> String {
        let day = unixSeconds.quotientFloor(86_400)
        let (year, month, dayOfMonth) = MailDate.civil(day)
        let second = unixSeconds - day * 86_400
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(dayOfMonth))T"
            + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
    }

    private static func daysOf(_ month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}
