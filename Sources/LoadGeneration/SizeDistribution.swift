import Glibc
package import Measures

/// How large messages are.
package enum SizeDistribution: Sendable {
    case fixed(Int)
    case uniform(Int, Int)
    /// Of the logarithm: mean and standard deviation; and nothing is larger than `most`.
    case logNormal(mean: Double, deviation: Double, most: Int)
    case empirical(WeightedChoice, sizes: [Int])

    package static let allowedForm =
        "a byte count such as 1024 or 100kb, a range such as 1kb..100kb, or lognormal:MEDIAN:P95[:MOST] such as "
        + "lognormal:20kb:200kb"
    /// No message is larger.
    package static let largest = 1_000_000_000

    /// - Throws: ``UnitFault`` that names the allowed form.
    package init(parsing text: String) throws(UnitFault) {
        if text.lowercased().hasPrefix("lognormal:") {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).dropFirst().map(String.init)
            guard (2...3).contains(parts.count) else { throw UnitFault("'\(text)': expected \(Self.allowedForm)") }
            let median = try Self.size(parts[0])
            try self.init(
                median: median, p95: try Self.size(parts[1]), most: parts.count > 2 ? Self.size(parts[2]) : nil)
        } else if let dots = text.firstRange(of: "..") {
            let (low, high) = (
                try Self.size(String(text[..<dots.lowerBound])), try Self.size(String(text[dots.upperBound...]))
            )
            guard low <= high else { throw UnitFault("'\(text)': expected the smaller size first") }
            self = .uniform(low, high)
        } else {
            self = .fixed(try Self.size(text))
        }
    }

    /// Log-normal, by its median and the size that 95 of 100 do not pass.
    package init(median: Int, p95: Int, most: Int? = nil) throws(UnitFault) {
        guard median < p95, p95 <= most ?? .max else {
            throw UnitFault("lognormal: expected the median below the 95th percentile, and that below the largest size")
        }
        // 1.6449 is the 95th percentile of the standard normal distribution.
        let deviation = (log(Double(p95)) - log(Double(median))) / 1.644_853_627
        self = .logNormal(mean: log(Double(median)), deviation: deviation, most: most ?? min(Self.largest, p95 * 20))
    }

    /// - Parameter lines: `SIZE [WEIGHT]` each; blank lines and what stands behind `#` are nothing.
    /// - Throws: ``UnitFault`` with the line.
    package init(lines: String, file: String) throws(UnitFault) {
        var (sizes, weights): ([Int], [Double]) = ([], [])
        for (number, line) in lines.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" || $0 == "," || $0 == "\r" }
            guard !words.isEmpty else { continue }
            let weight = words.count > 1 ? Double(words[1]) : 1
            guard words.count <= 2, let size = try? Self.size(String(words[0])), let weight, weight > 0,
                weight <= 1e15
            else { throw UnitFault("\(file):\(number + 1): expected SIZE [WEIGHT], such as '20kb 3'") }
            sizes.append(size)
            weights.append(weight)
        }
        guard !sizes.isEmpty else { throw UnitFault("\(file): no size in it") }
        self = .empirical(WeightedChoice(weights), sizes: sizes)
    }

    private static func size(_ text: String) throws(UnitFault) -> Int {
        guard let bytes = try? ByteCount(parsing: text).bytes, (1...largest).contains(bytes) else {
            throw UnitFault("'\(text)': expected \(allowedForm), from 1 to 1GB")
        }
        return bytes
    }

    func pick(_ random: inout SplitMix64) -> Int {
        switch self {
        case .fixed(let size): return size
        case .uniform(let low, let high): return low + random.below(high - low + 1)
        case .logNormal(let mean, let deviation, let most):
            // Box and Muller.
            let radius = (-2 * log(1 - random.unit())).squareRoot()
            let normal = radius * cos(2 * .pi * random.unit())
            return max(1, min(most, Int(exp(mean + deviation * normal))))
        case .empirical(let choice, let sizes): return sizes[choice.pick(&random)]
        }
    }

    /// The size that is asked for most, for the record; and the largest that may come.
    package var typical: Int {
        switch self {
        case .fixed(let size): size
        case .uniform(let low, let high): (low + high) / 2
        case .logNormal(let mean, _, _): Int(exp(mean))
        case .empirical(_, let sizes): sizes.sorted()[sizes.count / 2]
        }
    }
    package var most: Int {
        switch self {
        case .fixed(let size): size
        case .uniform(_, let high): high
        case .logNormal(_, _, let most): most
        case .empirical(_, let sizes): sizes.max() ?? 1
        }
    }
}
