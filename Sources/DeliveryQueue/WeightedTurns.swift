/// Turns by weight, as evenly as can be (smooth weighted round robin): of weights 5, 1, 1 the turns are a a b a c a a.
/// In as many turns as the weights add up to, each has exactly its weight, wherever one begins to count. A value.
package struct WeightedTurns: Hashable, Sendable {
    package let weights: [Int]
    private var credits: [Int]

    /// - Parameter weights: each at least 1.
    package init(_ weights: [Int]) {
        self.weights = weights
        credits = Array(repeating: 0, count: weights.count)
    }

    /// Whose turn it is among those that may have one.
    package func next(among usable: (Int) -> Bool = { _ in true }) -> Int? {
        var best: Int?
        for index in weights.indices where usable(index) {
            if credits[index] + weights[index] > best.map({ credits[$0] + weights[$0] }) ?? .min { best = index }
        }
        return best
    }

    /// It had its turn. Who may not have one saves nothing up meanwhile.
    package mutating func take(_ index: Int, among usable: (Int) -> Bool = { _ in true }) {
        var total = 0
        for other in weights.indices where usable(other) {
            credits[other] += weights[other]
            total += weights[other]
        }
        credits[index] -= total
    }
}
