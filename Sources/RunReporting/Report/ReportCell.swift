import Measures
package import Statistics

/// One figure of one system over its repeats: what a table, a chart or a page shows of it.
package struct ReportCell: Codable, Hashable, Sendable {
    /// Median; nil where it was not measured, or is withheld.
    package var value: Double?
    package var minimum: Double?
    package var maximum: Double?
    /// Of the median, by the method that it names; nil of one run.
    package var interval: ConfidenceInterval?
    /// Repeats that have the figure.
    package var count: Int
    /// Why there is no value although it was measured: the run is no result.
    package var withheld: String?

    package static let empty = ReportCell(values: [])

    /// - Parameters:
    ///   - values: one a run; none is an empty cell.
    ///   - withheld: why no value may be shown.
    package init(values: [Double], withheld: String? = nil) {
        count = values.count
        guard withheld == nil, !values.isEmpty, values.allSatisfy(\.isFinite) else {
            self.withheld = values.isEmpty ? nil : withheld
            return
        }
        let sample = Sample(values)
        value = sample.median
        (minimum, maximum) = (sample.minimum, sample.maximum)
        if values.count > 1 { interval = MedianInterval.of(sample) }
    }
}

/// One figure of every system in a report.
package struct ReportColumn: Codable, Hashable, Sendable {
    /// Which figures stand together.
    package enum Section: String, Codable, CaseIterable, Sendable { case throughput, reply, delivery, message }

    /// A ``RunFigures`` key.
    package var key: String
    /// Short: the head of a table's column.
    package var title: String
    package var unit: String
    /// Decimals that make sense.
    package var digits: Int
    package var section: Section
    /// Whether more of it is better; nil where that depends.
    package var moreIsBetter: Bool?

    package init(
        _ key: String, _ title: String, unit: String, digits: Int, in section: Section, moreIsBetter: Bool? = false
    ) {
        self.key = key
        self.title = title
        self.unit = unit
        self.digits = digits
        self.section = section
        self.moreIsBetter = moreIsBetter
    }

    /// What every cell says in its place where a value is withheld.
    package static let withheldText = "withheld"

    package func text(_ value: Double) -> String {
        digits == 0 && value.magnitude < 9e18 ? grouped(Int(value.rounded())) : fixed(value, digits)
    }

    /// The value without its unit; `withheld`; or nothing where it was not measured.
    package func text(_ cell: ReportCell) -> String {
        cell.withheld != nil ? Self.withheldText : cell.value.map { text($0) } ?? ""
    }

    /// `(9.1–9.8)`: the interval, or nothing.
    package func interval(_ cell: ReportCell) -> String {
        cell.interval.map { "(\(text($0.low))–\(text($0.high)))" } ?? ""
    }
}

/// How a system stands to the one that all are compared with, in one figure.
package struct ReportContrast: Codable, Hashable, Sendable {
    package var contrast: Contrast
    /// Whether repeats were compared pair by pair, since the systems took turns.
    package var isPaired: Bool

    /// `×1.8 (1.6–2.1), p = 0.008`; or that no difference was shown, or could be.
    package var text: String {
        guard let ratio = contrast.ratio else { return contrast.verdict }
        let times = Self.times(ratio)
        return contrast.isShown ? "\(times), \(contrast.verdict)" : "\(contrast.verdict); \(times)"
    }

    /// `×1.80 (1.62–2.05)`; of a range only it says so.
    package static func times(_ ratio: RatioEstimate, saysRange: Bool = true) -> String {
        // Two decimals, unless they would say nothing, or say 1 of what is not 1.
        let isFine = { (value: Double) in value < 0.1 || (value != 1 && (value - 1).magnitude < 0.005) }
        let digits = [ratio.value, ratio.interval.low, ratio.interval.high].contains(where: isFine) ? 3 : 2
        let ends = "\(fixed(ratio.interval.low, digits))–\(fixed(ratio.interval.high, digits))"
        return
            "×\(fixed(ratio.value, digits)) (\(ends)\(ratio.interval.isConfident || !saysRange ? "" : ", range only"))"
    }
}
