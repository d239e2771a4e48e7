import Measures

/// Whether repeated runs show that two systems differ in a figure, and by how much.
package struct Contrast: Codable, Hashable, Sendable {
    /// Repeats of each.
    package var first: Int
    package var second: Int
    /// Nil where a ratio means nothing: a value of 0 or less.
    package var ratio: RatioEstimate?
    /// Of the Mann–Whitney test, two-sided.
    package var p: Double
    /// Hodges and Lehmann's shift, in the figure's unit.
    package var shift: Double
    /// Largest p that counts as shown.
    package var level: Double

    /// - Parameters:
    ///   - pairs: values of the same repeat of both, where the runs were interleaved; nil where they were not.
    ///   - level: largest p that counts; the ratio's interval has the confidence 1 − level.
    package init(
        _ first: [Double], _ second: [Double], pairs: [(Double, Double)]? = nil, level: Double = 0.05,
        seed: UInt64 = Bootstrap.defaultSeed
    ) {
        (self.first, self.second, self.level) = (first.count, second.count, level)
        let test = RankSum(first, second)
        p = test.p
        shift = RankSum.shift(first, second)
        ratio =
            pairs.map { RatioEstimate.paired($0, confidence: 1 - level, seed: seed) }
            ?? RatioEstimate.unpaired(first, second, confidence: 1 - level, seed: seed)
    }

    /// Both must say so: the test, and the interval of the ratio, which must not hold 1.
    package var isShown: Bool { p <= level && ratio.map { !$0.interval.contains(1) } ?? true }

    /// Whether so few repeats could have shown any difference.
    package var couldShow: Bool { RankSum.smallestP(first, second) <= level }

    /// For people, without the ratio: `p = 0.008`, `no difference shown (p = 0.4, n = 5 + 5)`, or what it would take.
    package var verdict: String {
        if isShown { return "p = \(Self.text(p))" }
        guard couldShow else {
            let few = min(first, second)
            return "no difference can be shown with \(few) repeat\(few == 1 ? "" : "s"): "
                + "use at least \(RankSum.fewestRepeats(level: level))"
        }
        return "no difference shown (p = \(Self.text(p)), n = \(first) + \(second))"
    }

    /// One digit of what is below 0.1, two above: more would say too much.
    package static func text(_ p: Double) -> String {
        p < 0.0001 ? "below 0.0001" : p < 0.1 ? significant(p, 1) : fixed(p, 2)
    }
}
