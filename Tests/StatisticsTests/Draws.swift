import Foundation
import Measures

/// Distributions whose medians are known, drawn from a fixed seed.
enum Draws: String, CaseIterable, Sendable {
    case normal, logNormal, exponential
    /// One value in ten has ten times the deviation.
    case outliers

    var median: Double {
        switch self {
        case .normal, .outliers: 100
        case .logNormal: 1
        case .exponential: log(2)
        }
    }

    func value(_ random: inout SplitMix64) -> Double {
        switch self {
        case .normal: 100 + 10 * Self.deviate(&random)
        case .logNormal: exp(0.3 * Self.deviate(&random))
        case .exponential: -log(Self.uniform(&random))
        case .outliers: 100 + (Self.uniform(&random) < 0.1 ? 20 : 2) * Self.deviate(&random)
        }
    }

    func values(_ count: Int, _ random: inout SplitMix64) -> [Double] { (0..<count).map { _ in value(&random) } }

    /// Above 0 and below 1.
    static func uniform(_ random: inout SplitMix64) -> Double {
        (Double(random.next() >> 11) + 0.5) / 9_007_199_254_740_992
    }

    /// Box and Muller's.
    static func deviate(_ random: inout SplitMix64) -> Double {
        (-2 * log(uniform(&random))).squareRoot() * cos(2 * .pi * uniform(&random))
    }

    /// Share of `trials` in which `holds` is true.
    static func share(_ trials: Int, seed: UInt64, _ holds: (inout SplitMix64) -> Bool) -> Double {
        var random = SplitMix64(seed: seed)
        return Double((0..<trials).count { _ in holds(&random) }) / Double(trials)
    }
}
