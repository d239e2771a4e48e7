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
