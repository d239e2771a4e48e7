import TextCodecs

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

/// Metrics in Prometheus' text format, version 0.0.4, or as JSON.
package struct MetricText {
    package enum Form: Sendable {
        case prometheus
        /// One object: each family by its name with `help`, `type` and `value`. A value is a number; with one label an
        /// object `{LABEL: {TEXT: number}}`, with several a list of objects that have the labels and the number as `@`;
        /// a histogram has `bucket` (bound in seconds, cumulative count), `sum` and `count`. As KumoMTA writes it.
        case json

        package var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .json: "application/json"
            }
        }
    }

    /// Upper bounds of a latency histogram's buckets, seconds.
    package static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600,
    ]

    private var written = ""
    /// Only families whose names begin so.
    private let prefix: String
    private let form: Form

    package init(prefix: String = "", form: Form = .prometheus) {
        self.prefix = prefix
        self.form = form
    }

    package var text: String {
        switch form {
        case .prometheus: written
        case .json: "{" + written + "}\n"
        }
    }

    /// - Parameter samples: values with their labels' values, in the order of the family's labels.
    package mutating func add(_ family: MetricFamily, _ samples: [(labels: [String], value: Double)]) {
        guard family.name.hasPrefix(prefix), !samples.isEmpty else { return }
        head(family)
        guard form == .prometheus else { return written += Self.json(family, samples) + "}" }
        for (labels, value) in samples {
            written += "\(family.name)\(Self.labels(Array(zip(family.labels, labels)))) \(Self.number(value))\n"
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
        let cumulative = Self.bounds.map { bound in
            while let bucket = buckets.first, Double(bucket.value) <= bound * 1e9 {
                count += bucket.count
                buckets = buckets.dropFirst()
            }
            return (bound: Self.number(bound), count: count)
        }
        let sum = Self.number(histogram.mean_ns * Double(histogram.count) / 1e9)
        switch form {
        case .prometheus:
            for (bound, count) in cumulative { written += "\(family.name)_bucket{le=\"\(bound)\"} \(count)\n" }
            written += "\(family.name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
            written += "\(family.name)_sum \(sum)\n"
            written += "\(family.name)_count \(histogram.count)\n"
        case .json:
            let pairs = cumulative.map { "[\($0.bound),\($0.count)]" }.joined(separator: ",")
            written += "{\"bucket\":[\(pairs)],\"sum\":\(sum),\"count\":\(histogram.count)}}"
        }
    }

    private mutating func head(_ family: MetricFamily) {
        guard form == .prometheus else {
            written += written.isEmpty ? "\n" : ",\n"
            written += "\(JSONText.quoted(family.name)):{\"help\":\(JSONText.quoted(family.help)),"
            written += "\"type\":\"\(family.kind.rawValue)\",\"value\":"
            return
        }
        written += "# HELP \(family.name) \(family.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
        written += "# TYPE \(family.name) \(family.kind.rawValue)\n"
    }

    private static func labels(_ pairs: [(String, String)]) -> String {
        guard !pairs.isEmpty else { return "" }
        let parts = pairs.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{" + parts.joined(separator: ",") + "}"
    }

    private static func json(_ family: MetricFamily, _ samples: [(labels: [String], value: Double)]) -> String {
        switch family.labels.count {
        case 0: return number(samples[0].value)
        case 1:
            let members = samples.map { "\(JSONText.quoted($0.labels[0])):\(number($0.value))" }
            return "{\(JSONText.quoted(family.labels[0])):{\(members.joined(separator: ","))}}"
        default:
            let rows = samples.map { labels, value in
                let members = zip(family.labels, labels).map { "\(JSONText.quoted($0)):\(JSONText.quoted($1))" }
                return "{\(members.joined(separator: ",")),\"@\":\(number(value))}"
            }
            return "[\(rows.joined(separator: ","))]"
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
