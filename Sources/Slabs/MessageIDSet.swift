public import MailTypes

/// Ids by the ten million. The ids of one process count up, so a set of them is mostly bits in a row: pages of 65,536
/// sequence numbers each, a bit a message once a page has more than a few.
public struct MessageIDSet: Sendable {
    private struct Page: Hashable {
        var high: UInt64
        /// Sequence numbers without their low sixteen bits.
        var number: UInt64
    }
    /// Up to ``fewest`` low parts in any order, or 65,536 bits in 1,024 words.
    private enum Content {
        case few([UInt16])
        case bits([UInt64])
    }

    private var pages: [Page: Content] = [:]
    /// The page of bits that was asked for last: most ids that come are near the one before. It is not in ``pages``.
    private var hot: Page?
    private var hotWords: [UInt64] = []
    public private(set) var count = 0
    /// More than so many cost less as bits.
    private static let fewest = 512
    private static let words = 1024

    public init() {}

    /// What it holds in memory, about.
    public var memoryBytes: Int {
        pages.capacity * 56 + hotWords.capacity * 8
            + pages.values.reduce(0) { sum, content in
                switch content {
                case .few(let lows): sum + 32 + lows.capacity * 2
                case .bits: sum + 32 + Self.words * 8
                }
            }
    }

    /// - Returns: false if the id was there.
    @discardableResult
    public mutating func insert(_ id: MessageID) -> Bool {
        let page = Page(high: id.high, number: id.low >> 16)
        let low = UInt16(truncatingIfNeeded: id.low)
        let isNew = page == hot || heat(page) ? set(low) : insert(low, into: page)
        if isNew { count += 1 }
        return isNew
    }

    public func contains(_ id: MessageID) -> Bool {
        let page = Page(high: id.high, number: id.low >> 16)
        let low = UInt16(truncatingIfNeeded: id.low)
        if page == hot { return Self.has(low, hotWords) }
        switch pages[page] {
        case nil: return false
        case .few(let lows): return lows.contains(low)
        case .bits(let words): return Self.has(low, words)
        }
    }

    private static func has(_ low: UInt16, _ words: [UInt64]) -> Bool {
        words[Int(low >> 6)] & (1 << UInt64(low & 63)) != 0
    }

    private mutating func set(_ low: UInt16) -> Bool {
        let bit: UInt64 = 1 << UInt64(low & 63)
        guard hotWords[Int(low >> 6)] & bit == 0 else { return false }
        hotWords[Int(low >> 6)] |= bit
        return true
    }

    /// - Returns: whether the page has bits; it is then the hot one.
    private mutating func heat(_ page: Page) -> Bool {
        guard case .bits(let words)? = pages[page] else { return false }
        pages[page] = nil
        makeHot(page, words)
        return true
    }

    private mutating func makeHot(_ page: Page, _ words: [UInt64]) {
        if let hot { pages[hot] = .bits(hotWords) }
        (hot, hotWords) = (page, words)
    }

    private mutating func insert(_ low: UInt16, into page: Page) -> Bool {
        var lows: [UInt16] = []
        if case .few(let known)? = pages[page] { lows = known }
        guard !lows.contains(low) else { return false }
        // The array has one owner again, so that it grows in place.
        pages[page] = nil
        lows.append(low)
        guard lows.count > Self.fewest else {
            pages[page] = .few(lows)
            return true
        }
        var words = [UInt64](repeating: 0, count: Self.words)
        for low in lows { words[Int(low >> 6)] |= 1 << UInt64(low & 63) }
        makeHot(page, words)
        return true
    }
}
