import Measures

/// Picks a share of a sequence: so many of each thousand million, at random places, and exact all the same.
///
/// The sequence is cut into strata that hold one hit each, at a place that the seed decides. Of the first `n` there are
/// `n × share` hits wherever that is a whole number and within one of it elsewhere, whatever the seed.
package struct EvenShare: Sendable {
    private let parts: UInt64
    /// Hits are what is not picked: shares above a half are evened out the same way.
    private let isInverted: Bool
    private let seed: UInt64
    private var count: UInt64 = 0
    private var stratum: UInt64 = 0
    private var hit: UInt64 = 0

    private static let whole: UInt64 = 1_000_000_000

    /// - Parameter billionths: 0 picks none, 1,000,000,000 all.
    package init(billionths: Int, seed: UInt64) {
        let share = UInt64(max(0, min(billionths, Int(Self.whole))))
        isInverted = share > Self.whole / 2
        parts = isInverted ? Self.whole - share : share
        self.seed = seed
        place()
    }

    /// Whether the next one is picked.
    package mutating func next() -> Bool {
        defer { count += 1 }
        guard parts > 0 else { return isInverted }
        if count == end(stratum) {
            stratum += 1
            place()
        }
        return (count == hit) != isInverted
    }

    /// Where this stratum ends: the first index that is not in it.
    private func end(_ stratum: UInt64) -> UInt64 { (stratum + 1) * Self.whole / parts }

    private mutating func place() {
        guard parts > 0 else { return }
        let begin = stratum * Self.whole / parts
        var random = SplitMix64(seed: seed ^ stratum &* 0x9E37_79B9_7F4A_7C15)
        hit = begin + random.next() % (end(stratum) - begin)
    }
}

/// Draws from weighted choices as from a shuffled deck that holds each as often as its weight says: after each whole
/// deck the counts are exact.
package struct ShuffledDeck: Sendable {
    private let deck: [Int]
    private var cards: [Int]
    private var random: SplitMix64

    /// Cards of one deck at most; weights above are scaled by the reader of a configuration.
    package static let mostCards = 10_000

    /// - Parameter weights: not all zero.
    package init(weights: [Int], seed: UInt64) {
        deck = weights.enumerated().flatMap { Array(repeating: $0.offset, count: max(0, $0.element)) }
        cards = []
        random = SplitMix64(seed: seed)
    }

    /// Index of a weight.
    package mutating func draw() -> Int {
        if deck.count == 1 { return deck[0] }
        if cards.isEmpty { cards = deck.shuffled(using: &random) }
        return cards.removeLast()
    }
}
