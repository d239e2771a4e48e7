import Foundation
import Measures
import RunRecords

/// Points of the curves that are drawn of a run.
enum RunSeries {
    typealias Point = (x: Double, y: Double)

    /// Messages a second over seconds since `first`. A sample covers the time since the one before, from the first message
    /// to the last: what lies outside is waiting, not slowness. Its rate is that of its middle.
    static func rates(_ series: [IntervalSample], _ first: Double, _ last: Double) -> [Point] {
        var points: [Point] = []
        for (before, sample) in zip([nil] + series.map(Optional.some), series) {
            let start = max(first, before?.unixSeconds ?? first)
            let length = min(sample.unixSeconds, last) - start
            guard length > 0.2 else { continue }
            points.append((start + length / 2 - first, Double(sample.messages) / length))
        }
        return points
    }

    /// Milliseconds over 1/(1-p), so that each nine has the same width.
    static func percentiles(_ histogram: LatencyHistogram) -> [Point] {
        let total = Double(histogram.count)
        guard total > 0 else { return [] }
        var points: [Point] = []
        var below = 0.0
        for bucket in histogram.buckets {
            points.append((1 / (1 - below / total), Double(bucket.value) / 1e6))
            below += Double(bucket.count)
        }
        // The largest value stands for the last of them: one in `total`.
        points.append((total, Double(histogram.max_ns) / 1e6))
        return points
    }

    /// Means of neighbours, so that at most `count` points are left.
    static func averaged(_ points: [Point], to count: Int) -> [Point] {
        guard points.count > count else { return points }
        let size = (points.count + count - 1) / count
        return stride(from: 0, to: points.count, by: size).map { begin in
            let part = points[begin..<min(begin + size, points.count)]
            return (part.map(\.x).reduce(0, +) / Double(part.count), part.map(\.y).reduce(0, +) / Double(part.count))
        }
    }

    /// Of a curve over 1/(1-p): the first point of each of `count` steps of its logarithm, and the last.
    static func thinned(_ points: [Point], to count: Int) -> [Point] {
        guard points.count > count, let last = points.last else { return points }
        let step = max(1e-9, log10(max(last.x, 10)) / Double(count))
        var kept: [Point] = []
        var next = -1.0
        for point in points where log10(max(1, point.x)) >= next {
            kept.append(point)
            next = log10(max(1, point.x)) + step
        }
        return kept + [last]
    }
}
