package import Measures

/// Times and latencies as the ledgers have them, message by message: what a record's histograms were made of.
package struct LedgerTimes: Sendable {
    /// Begun to final reply, and due to final reply, of accepted messages; those of a warm-up are among them.
    package private(set) var transaction = LatencyHistogram()
    package private(set) var intended = LatencyHistogram()
    /// Due to received, of first arrivals.
    package private(set) var endToEnd = LatencyHistogram()
    /// When the first message began; nil without any.
    package private(set) var firstBegunUnixNanoseconds: UInt64?
    package private(set) var lastAcceptedUnixNanoseconds: UInt64?
    package private(set) var lastReceivedUnixNanoseconds: UInt64?

    mutating func noteArrival(_ unixNanoseconds: UInt64) {
        lastReceivedUnixNanoseconds = max(unixNanoseconds, lastReceivedUnixNanoseconds ?? 0)
    }

    /// - Parameter received: of the first arrival; nil: it has not arrived.
    mutating func note(due: UInt64, begun: UInt64, ended: UInt64, isAccepted: Bool, received: UInt64?) {
        firstBegunUnixNanoseconds = min(begun, firstBegunUnixNanoseconds ?? .max)
        // Two clocks that differ may put the end before the begin.
        if let received { endToEnd.record(nanoseconds: max(received, due) - due) }
        guard isAccepted else { return }
        lastAcceptedUnixNanoseconds = max(ended, lastAcceptedUnixNanoseconds ?? 0)
        transaction.record(nanoseconds: max(ended, begun) - begun)
        intended.record(nanoseconds: max(ended, due) - due)
    }
}

/// The fields of a line, from left to right.
struct LedgerFields {
    private var rest: ArraySlice<UInt8>

    init(_ rest: ArraySlice<UInt8>) { self.rest = rest }

    /// Up to the next comma; empty at the end.
    mutating func next() -> ArraySlice<UInt8> {
        let field = rest.prefix { $0 != UInt8(ascii: ",") }
        rest = rest.dropFirst(field.count + 1)
        return field
    }

    /// Nil for what is no number, or too large for one.
    mutating func number() -> UInt64? {
        let field = next()
        guard !field.isEmpty, field.count < 20 else { return nil }
        var value: UInt64 = 0
        for byte in field {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value &* 10 &+ UInt64(byte - 0x30)
        }
        return value
    }
}
