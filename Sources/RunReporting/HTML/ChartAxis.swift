import Foundation
import Measures

/// Where values lie along one side of a chart, from 0 at its begin to 1 at its end, and what is written beside it.
struct ChartAxis: Sendable {
    struct Tick: Sendable {
        var place: Double
        /// Empty: a line without words.
        var text: String
    }

    private enum Scale {
        case linear(high: Double)
        /// Decimal logarithms of both ends.
        case logarithmic(low: Double, high: Double)
        /// Of 1/(1-p), so that each nine has the same width.
        case nines(high: Double)
    }

    let ticks: [Tick]
    private let scale: Scale

    func place(_ value: Double) -> Double {
        switch scale {
        case .linear(let high): value / high
        case .logarithmic(let low, let high): (log10(max(value, 1e-12)) - low) / (high - low)
        case .nines(let high): min(log10(max(value, 1)), high) / high
        }
    }

    private init(_ scale: Scale, _ ticks: [Tick]) {
        self.scale = scale
        self.ticks = ticks
    }

    /// From 0 to a round number above `highest`.
    /// - Parameter count: about so many ticks.
    static func linear(upTo highest: Double, count: Int = 5) -> ChartAxis {
        let top = highest.isFinite && highest > 0 ? highest : 1
        let step = roundStep(top / Double(max(1, count)))
        let steps = Int((top / step - 1e-9).rounded(.up))
        return linear(step: step, high: step * Double(steps), steps: steps)
    }

    /// Seconds from 0 to `end`, with ticks at round times and none made up beyond the end.
    static func time(upTo end: Double, count: Int = 6) -> ChartAxis {
        let top = end.isFinite && end > 0 ? end : 1
        let steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map(Double.init)
        let wanted = top / Double(max(1, count))
        let step = wanted < 1 ? roundStep(wanted) : steps.first { $0 >= wanted } ?? roundStep(wanted)
        return linear(step: step, high: top, steps: Int(top / step + 1e-9))
    }

    private static func linear(step: Double, high: Double, steps: Int) -> ChartAxis {
        let digits = max(0, Int((-log10(step)).rounded(.up)))
        let ticks = (0...steps).map { index in
            let value = step * Double(index)
            return Tick(place: value / high, text: digits == 0 ? grouped(Int(value.rounded())) : fixed(value, digits))
        }
        return ChartAxis(.linear(high: high), ticks)
    }

    /// 1, 2 or 5 times a power of ten, not below `wanted`.
    private static func roundStep(_ wanted: Double) -> Double {
        let power = pow(10, floor(log10(wanted)))
        return ([1, 2, 5].first { $0 * power >= wanted * (1 - 1e-9) } ?? 10) * power
    }

    /// Whole decades around all values; of less than three decades the 2s and 5s have lines, too.
    static func logarithmic(from lowest: Double, to highest: Double) -> ChartAxis {
        let low = floor(log10(max(lowest, 1e-6)))
        let high = max(low + 1, ceil(log10(max(highest, 1e-6)) - 1e-9))
        var ticks: [Tick] = []
        for decade in Int(low)...Int(high) {
            let base = pow(10, Double(decade))
            ticks.append(Tick(place: (Double(decade) - low) / (high - low), text: fixed(base, max(0, -decade))))
            guard high - low < 3, decade < Int(high) else { continue }
            for factor in [2.0, 5.0] {
                let place = (Double(decade) + log10(factor) - low) / (high - low)
                ticks.append(Tick(place: place, text: fixed(base * factor, max(0, -decade))))
            }
        }
        return ChartAxis(.logarithmic(low: low, high: high), ticks)
    }

    /// Percentiles up to one value in `count`; values are 1/(1-p).
    static func nines(count: Double) -> ChartAxis {
        let high = min(6, max(2, log10(max(1, count))))
        let named: [(Double, String)] = [
            (0, "0"), (0.5, "50 %"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99"), (0.99999, "99.999"),
        ]
        let ticks = named.map { Tick(place: -log10(1 - $0.0) / high, text: $0.1) }.filter { $0.place <= 1 + 1e-9 }
        return ChartAxis(.nines(high: high), ticks)
    }
}
