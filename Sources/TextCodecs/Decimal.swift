/// Decimal digits without a text in between: every message has such numbers.
package enum Decimal {
    /// Writes the digits so that they end where `digits`, of 20 places, ends.
    /// - Returns: where they begin.
    package static func write(_ number: UInt64, endingAt digits: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var (first, rest) = (digits.count, number)
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        return first
    }
}

extension [UInt8] {
    package mutating func appendDecimal(_ number: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            let first = Decimal.write(number, endingAt: digits)
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }
}
