import MailTypes

/// Times as names of files and fields write them, in UTC.
enum Timestamp {
    /// `2026-11-25T22:13:00.123Z` (RFC 3339).
    static func text(milliseconds: UInt64) -> String {
        let (date, clock) = parts(seconds: Int(milliseconds / 1000))
        return "\(date.0)-\(two(date.1))-\(two(date.2))T\(two(clock.0)):\(two(clock.1)):\(two(clock.2))."
            + three(Int(milliseconds % 1000)) + "Z"
    }

    /// `20261125-221300.123`: sorts as the times do.
    static func name(milliseconds: UInt64) -> String {
        let (date, clock) = parts(seconds: Int(milliseconds / 1000))
        return "\(date.0)\(two(date.1))\(two(date.2))-\(two(clock.0))\(two(clock.1))\(two(clock.2))."
            + three(Int(milliseconds % 1000))
    }

    private static func parts(seconds: Int) -> ((Int, Int, Int), (Int, Int, Int)) {
        let second = seconds % 86_400
        return (MailDate.civil(seconds / 86_400), (second / 3600, second / 60 % 60, second % 60))
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    private static func three(_ value: Int) -> String {
        value < 10 ? "00\(value)" : value < 100 ? "0\(value)" : "\(value)"
    }
}
