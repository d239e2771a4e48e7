/// A price that changes with the volume of a month: each part of the volume is paid at the price of its own tier.
package struct Tariff: Hashable, Sendable {
    package struct Tier: Hashable, Sendable {
        /// The volume up to which this price holds; nil: all that is more.
        package var upTo: Double?
        /// US dollars a unit.
        package var usd: Double

        package init(upTo: Double?, usd: Double) {
            self.upTo = upTo
            self.usd = usd
        }
    }

    package let tiers: [Tier]

    /// - Parameter tiers: at least one; bounds rise, and the last tier alone has none.
    package init(tiers: [Tier]) {
        precondition(!tiers.isEmpty && tiers[tiers.count - 1].upTo == nil)
        self.tiers = tiers
    }

    /// One price for any volume.
    package init(flat usd: Double) { tiers = [Tier(upTo: nil, usd: usd)] }

    /// US dollars for a month's `volume`.
    package func total(_ volume: Double) -> Double {
        var (from, sum) = (0.0, 0.0)
        for tier in tiers {
            let to = min(volume, tier.upTo ?? volume)
            guard to > from else { break }
            sum += (to - from) * tier.usd
            from = to
        }
        return sum
    }

    /// Where the price changes, rising.
    package var bounds: [Double] { tiers.compactMap(\.upTo) }
    /// The price of the next unit of a volume beyond all bounds.
    package var last: Double { tiers[tiers.count - 1].usd }
    package var isFlat: Bool { tiers.count == 1 }
}
