/// One family of metrics, declared once: what /metrics says of it and what its page says (Prometheus' conventions:
/// base units, `_total` for counters).
package struct MetricFamily: Sendable, Hashable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    package let name: String
    package let kind: Kind
    package let help: String
    package let labels: [String]

    package init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }
}

/// Metrics in Prometheus' text format, version 0.0.4.
package struct MetricText {
    /// Upper bounds of a latency histogram's buckets, seconds.
    package static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600,
    ]
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var text = ""
    /// Only families whose names begin so.
    private let prefix: String

    package init(prefix: String = "") { self.prefix = prefix }

    /// - Parameter samples: values with their labels' values, in the order of the family's labels.
    package mutating func add(_ family: MetricFamily, _ samples: [(labels: [String], value: Double)]) {
        guard family.name.hasPrefix(prefix), !samples.isEmpty else { return }
        head(family)
        for (labels, value) in samples {
            text += "\(family.name)\(Self.labels(Array(zip(family.labels, labels)))) \(Self.number(value))\n"
        }
    }

    package mutating func add(_ family: MetricFamily, _ value: some BinaryInteger) {
        add(family, [([], Double(value))])
    }
    package mutating func add(_ family: MetricFamily, _ value: Double) { add(family, [([], value)]) }

    package mutating func add(_ family: MetricFamily, _ histogram: LatencyHistogram) {
        guard family.name.hasPrefix(prefix) else { return }
        head(family)
        var buckets = histogram.buckets[...]
        var count: UInt64 = 0
        for bound in Self.bounds {
            while let bucket = buckets.first, Double(bucket.value) <= bound * 1e9 {
                count += bucket.count
                buckets = buckets.dropFirst()
            }
            text += "\(family.name)_bucket{le=\"\(Self.number(bound))\"} \(count)\n"
        }
        text += "\(family.name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
        text += "\(family.name)_sum \(Self.number(histogram.mean_ns * Double(histogram.count) / 1e9))\n"
        text += "\(family.name)_count \(histogram.count)\n"
    }

    private mutating func head(_ family: MetricFamily) {
        text += "# HELP \(family.name) \(family.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
    }

    private static func labels(_ pairs: [(String, String)]) -> String {
        guard !pairs.isEmpty else { return "" }
        let parts = pairs.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{" + parts.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
