import Glibc
package import Measures

/// How long a reply waits, nanoseconds: drawn anew each time.
package struct SinkDelay: Hashable, Sendable {
    package enum Shape: Hashable, Sendable {
        case fixed(UInt64)
        /// Any value of the range, bounds included.
        case uniform(UInt64, UInt64)
        /// The logarithm is normally distributed: as answer times of busy servers are, with a long tail.
        case logNormal(median: UInt64, sigma: Double)
        case exponential(mean: UInt64)
    }
    package var shape: Shape
    /// No draw is longer.
    package var most: UInt64

    /// An hour: longer than any client waits.
    package static let longest: UInt64 = 3_600_000_000_000

    package init(_ shape: Shape, most: UInt64 = SinkDelay.longest) {
        self.shape = shape
        self.most = most
    }

    package func draw(_ random: inout SplitMix64) -> UInt64 {
        switch shape {
        case .fixed(let value): min(value, most)
        case .uniform(let low, let high): min(UInt64.random(in: low...max(low, high), using: &random), most)
        case .logNormal(let median, let sigma): bounded(Double(median) * exp(sigma * Self.normal(&random)))
        case .exponential(let mean): bounded(-Double(mean) * log(1 - Double.random(in: 0..<1, using: &random)))
        }
    }

    private func bounded(_ value: Double) -> UInt64 { value < Double(most) ? UInt64(max(0, value)) : most }

    /// Box and Muller's transform.
    private static func normal(_ random: inout SplitMix64) -> Double {
        let (u, v) = (1 - Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random))
        return sqrt(-2 * log(u)) * cos(2 * .pi * v)
    }
}
