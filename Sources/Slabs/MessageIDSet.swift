public import MailTypes

/// Ids by the ten million. The ids of one process count up, so a set of them is mostly bits in a row: pages of 4,096
/// sequence numbers each, a bit a message once a page has more than a few.
public struct MessageIDSet: Sendable {
    private struct Page: Hashable {
        var high: UInt64
        /// Sequence numbers without their low twelve bits.
        var number: UInt64
    }
    /// Up to ``fewest`` low parts in any order, or 4,096 bits in 64 words.
    private enum Content {
        case few([UInt16])
        case bits([UInt64])
    }

    private var pages: [Page: Content] = [:]
    public private(set) var count = 0
    /// More than so many cost less as bits.
    private static let fewest = 128

    public init() {}

    /// What it holds in memory, about.
    public var memoryBytes: Int {
        pages.capacity * 56
            + pages.values.reduce(0) { sum, content in
                switch content {
                case .few(let lows): sum + 32 + lows.capacity * 2
                case .bits: sum + 32 + 512
                }
            }
    }

    /// - Returns: false if the id was there.
    @discardableResult
    public mutating func insert(_ id: MessageID) -> Bool {
        let page = Page(high: id.high, number: id.low >> 12)
        let isNew = Self.insert(UInt16(id.low & 4095), into: &pages[page, default: .few([])])
        if isNew { count += 1 }
        return isNew
    }

    private static func insert(_ low: UInt16, into content: inout Content) -> Bool {
        switch content {
        case .bits(var words):
            // Taken out for the change, so that it is made in place.
            content = .few([])
            defer { content = .bits(words) }
            let bit: UInt64 = 1 << UInt64(low & 63)
            guard words[Int(low >> 6)] & bit == 0 else { return false }
            words[Int(low >> 6)] |= bit
            return true
        case .few(var lows):
            guard !lows.contains(low) else { return false }
            content = .few([])
            lows.append(low)
            content = lows.count > fewest ? .bits(Self.bits(lows)) : .few(lows)
            return true
        }
    }

    private static func bits(_ lows: [UInt16]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: 64)
        for low in lows { words[Int(low >> 6)] |= 1 << UInt64(low & 63) }
        return words
    }

    public func contains(_ id: MessageID) -> Bool {
        let low = UInt16(id.low & 4095)
        switch pages[Page(high: id.high, number: id.low >> 12)] {
        case nil: return false
        case .few(let lows): return lows.contains(low)
        case .bits(let words): return words[Int(low >> 6)] & (1 << UInt64(low & 63)) != 0
        }
    }
}
