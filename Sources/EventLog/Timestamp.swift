import MailTypes

/// Times as names of files and fields write them, in UTC, digit by digit: a line has several.
enum Timestamp {
    /// `2026-11-25T22:13:00.123Z` (RFC 3339).
    static func append(milliseconds: UInt64, to out: inout [UInt8]) {
        append(milliseconds, to: &out, dash: 0x2D, colon: 0x3A, middle: 0x54)
        out.append(0x5A)
    }

    /// `20261125-221300.123`: sorts as the times do.
    static func name(milliseconds: UInt64) -> String {
        var out: [UInt8] = []
        append(milliseconds, to: &out, dash: nil, colon: nil, middle: 0x2D)
        return String(decoding: out, as: UTF8.self)
    }

    /// The time that ``name(milliseconds:)`` wrote; digits behind it are passed over. Nil: it is no such name.
    static func milliseconds(name: String) -> UInt64? {
        let bytes = Array(name.utf8)
        let isDigit = bytes.map { $0 >= 0x30 && $0 <= 0x39 }
        guard bytes.count >= 19, bytes[8] == 0x2D, bytes[15] == 0x2E else { return nil }
        guard isDigit.indices.allSatisfy({ isDigit[$0] || $0 == 8 || $0 == 15 }) else { return nil }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) } }
        let (year, month, day) = (number(0..<4), number(4..<6), number(6..<8))
        let (hour, minute, second) = (number(9..<11), number(11..<13), number(13..<15))
        // The last year of four digits is left out: the next millisecond always has a name of this length.
        guard 1970..<9999 ~= year, 1...12 ~= month, 1...31 ~= day else { return nil }
        guard hour < 24, minute < 60, second < 60 else { return nil }
        let seconds = MailDate.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        return UInt64(seconds * 1000 + number(16..<19))
    }

    private static func append(
        _ milliseconds: UInt64, to out: inout [UInt8], dash: UInt8?, colon: UInt8?, middle: UInt8
    ) {
        let seconds = Int(milliseconds / 1000)
        let second = seconds % 86_400
        let (year, month, day) = MailDate.civil(seconds / 86_400)
        Decimal.append(year, width: 4, to: &out)
        if let dash { out.append(dash) }
        Decimal.append(month, width: 2, to: &out)
        if let dash { out.append(dash) }
        Decimal.append(day, width: 2, to: &out)
        out.append(middle)
        Decimal.append(second / 3600, width: 2, to: &out)
        if let colon { out.append(colon) }
        Decimal.append(second / 60 % 60, width: 2, to: &out)
        if let colon { out.append(colon) }
        Decimal.append(second % 60, width: 2, to: &out)
        out.append(0x2E)
        Decimal.append(Int(milliseconds % 1000), width: 3, to: &out)
    }
}

/// Numbers as ASCII digits, without a text in between.
enum Decimal {
    /// - Parameters:
    ///   - value: not negative.
    ///   - width: at least so many digits, zeros in front.
    static func append(_ value: Int, width: Int = 1, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, at) = (value, 20)
            while rest > 0 || 20 - at < width {
                at -= 1
                digits[at] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: digits[at...]))
        }
    }
}
