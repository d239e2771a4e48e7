import Measures

/// Intervals from resampled values, the same from the same seed.
package struct Bootstrap: Sendable {
    /// Resamples; percentiles of fewer are coarse.
    package var resamples = 4000
    package var confidence = 0.95
    package var seed: UInt64 = Self.defaultSeed

    /// Any number would do, as long as it is the same the next time.
    package static let defaultSeed: UInt64 = 0x6D69_6C6C_7261_6365

    package init(resamples: Int = 4000, confidence: Double = 0.95, seed: UInt64 = Self.defaultSeed) {
        self.resamples = resamples
        self.confidence = confidence
        self.seed = seed
    }

    /// Which interval is made of the resampled statistic.
    package enum Kind: Sendable { case percentile, bca }

    /// Of the median of one sample.
    package func median(_ values: [Double], _ kind: Kind) -> ConfidenceInterval {
        interval(Resampling([values], isPaired: false), kind)
    }

    /// Of the ratio of the medians of two samples that have nothing to do with each other.
    package func ratio(_ numerator: [Double], _ denominator: [Double], _ kind: Kind) -> ConfidenceInterval {
        interval(Resampling([numerator, denominator], isPaired: false), kind)
    }

    /// Of the ratio of the medians of two samples whose values belong together in pairs: pairs are resampled.
    package func pairedRatio(_ numerator: [Double], _ denominator: [Double], _ kind: Kind) -> ConfidenceInterval {
        precondition(numerator.count == denominator.count)
        return interval(Resampling([numerator, denominator], isPaired: true), kind)
    }

    private func interval(_ resampling: Resampling, _ kind: Kind) -> ConfidenceInterval {
        var (random, resampling) = (SplitMix64(seed: seed), resampling)
        var found = (0..<resamples).map { _ in resampling.next(&random) }
        found.sort()
        let tail = (1 - confidence) / 2
        guard kind == .bca, let ends = bca(found, resampling, tail) else {
            return made(found, tail, 1 - tail, .bootstrapPercentile)
        }
        return made(found, ends.low, ends.high, .bootstrapBCa)
    }

    private func made(_ sorted: [Double], _ low: Double, _ high: Double, _ method: IntervalMethod) -> ConfidenceInterval
    {
        func value(_ share: Double) -> Double {
            sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.down))))]
        }
        return ConfidenceInterval(low: value(low), high: value(high), confidence: confidence, method: method)
    }

    /// Efron's bias correction and acceleration (by the jackknife of all values): the shares to cut at. Nil where they
    /// mean nothing: all resamples on one side, or all the same.
    private func bca(_ sorted: [Double], _ resampling: Resampling, _ tail: Double) -> (low: Double, high: Double)? {
        let estimate = resampling.estimate
        let below = Double(sorted.count { $0 < estimate }) + Double(sorted.count { $0 == estimate }) / 2
        let bias = NormalDistribution.quantile(below / Double(sorted.count))
        guard bias.isFinite else { return nil }
        var (squares, cubes) = (0.0, 0.0)
        for left in resampling.withoutOne {
            let mean = left.reduce(0, +) / Double(left.count)
            squares += left.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            cubes += left.map { (mean - $0) * (mean - $0) * (mean - $0) }.reduce(0, +)
        }
        guard squares > 0 else { return nil }
        let acceleration = cubes / (6 * squares * squares.squareRoot())
        func share(_ probability: Double) -> Double {
            let z = bias + NormalDistribution.quantile(probability)
            return NormalDistribution.cumulative(bias + z / (1 - acceleration * z))
        }
        let ends = (low: share(tail), high: share(1 - tail))
        return ends.low < ends.high ? ends : nil
    }
}

/// One sample or two, and the statistic of values drawn from them: the median, or the ratio of the medians.
private struct Resampling {
    let samples: [[Double]]
    /// Values at the same index are drawn together.
    let isPaired: Bool
    private var drawn: [[Double]]

    init(_ samples: [[Double]], isPaired: Bool) {
        (self.samples, self.isPaired, drawn) = (samples, isPaired, samples)
    }

    /// Of the samples as they are.
    var estimate: Double { Self.statistic(samples.map { $0.sorted() }) }

    /// Of as many values drawn with replacement as there are.
    mutating func next(_ random: inout SplitMix64) -> Double {
        for index in samples[0].indices {
            let first = random.below(samples[0].count)
            drawn[0][index] = samples[0][first]
            if isPaired { drawn[1][index] = samples[1][first] }
        }
        if samples.count > 1, !isPaired {
            for index in samples[1].indices { drawn[1][index] = samples[1][random.below(samples[1].count)] }
        }
        for sample in drawn.indices { Self.sort(&drawn[sample]) }
        return Self.statistic(drawn)
    }

    /// Without each value in turn (each pair), by sample; empty of a sample of one.
    var withoutOne: [[Double]] {
        let turns = isPaired ? [samples.indices.map(\.self)] : samples.indices.map { [$0] }
        return turns.compactMap { together in
            guard samples[together[0]].count > 1 else { return nil }
            return samples[together[0]].indices.map { out in
                var left = samples
                for sample in together { left[sample].remove(at: out) }
                return Self.statistic(left.map { $0.sorted() })
            }
        }
    }

    /// By insertion: samples are small, and there are thousands of them.
    private static func sort(_ values: inout [Double]) {
        guard values.count <= 32 else { return values.sort() }
        values.withUnsafeMutableBufferPointer { values in
            for index in 1..<max(1, values.count) {
                let value = values[index]
                var place = index
                while place > 0, values[place - 1] > value {
                    values[place] = values[place - 1]
                    place -= 1
                }
                values[place] = value
            }
        }
    }

    private static func statistic(_ sorted: [[Double]]) -> Double {
        let median = Sample.median(ofSorted: sorted[0])
        return sorted.count == 1 ? median : median / Sample.median(ofSorted: sorted[1])
    }
}
