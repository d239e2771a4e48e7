import Foundation
package import Measures

/// A latency histogram as text: HdrHistogram's own form, CSV, or the JSON that a record has it in.
package enum HistogramText {
    package enum Format: String, CaseIterable, Sendable {
        /// The percentile distribution that HdrHistogram's tools plot; values in milliseconds.
        case hgrm
        /// `value_ns,count,cumulative,percentile`, a line a bucket.
        case csv
        /// Whole and mergeable.
        case json
    }

    package static func render(_ histogram: LatencyHistogram, _ format: Format) throws -> String {
        switch format {
        case .hgrm: return histogram.percentileDistribution
        case .csv: return csv(histogram)
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(histogram), as: UTF8.self) + "\n"
        }
    }

    /// A bucket's value is the highest that falls into it; `cumulative` counts it and all below.
    package static func csv(_ histogram: LatencyHistogram) -> String {
        var text = "value_ns,count,cumulative,percentile\n"
        let total = Double(max(1, histogram.count))
        var below: UInt64 = 0
        for (value, count) in histogram.buckets {
            below += count
            text += "\(value),\(count),\(below),\(fixed(Double(below) / total * 100, 6))\n"
        }
        return text
    }
}
