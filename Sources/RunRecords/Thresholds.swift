package import Measures

/// A figure that a limit may name.
package struct LimitedFigure: Hashable, Sendable {
    /// With its unit in it: `transaction_latency_ms_p99`.
    package var key: String
    /// One of those that ``FigureUnit`` knows: `ms`; empty of a plain number.
    package var unit: String
    /// Short names, such as `p99`: a limit on one of these has to say its unit.
    package var names: [String]

    package init(_ key: String, unit: String, names: [String] = []) {
        self.key = key
        self.unit = unit
        self.names = names
    }
}

/// A limit that fails a run: `p99 < 50ms`, `lost == 0`, `delivered_mmh >= 4`, `delivered_mmh drop < 5%`.
///
/// `NAME [drop|rise] COMPARISON VALUE`: the limit holds as long as the comparison is true. `drop` and `rise` are the
/// change against an earlier result, in per cent of that one.
package struct Threshold: Hashable, Sendable, CustomStringConvertible {
    /// What ends a program whose limits are broken, as k6 does.
    package static let exitCode: Int32 = 99

    package enum Comparison: String, Sendable, CaseIterable {
        // Longer ones first: `<` begins `<=`, too.
        case atMost = "<="
        case atLeast = ">="
        case equal = "=="
        case unequal = "!="
        case below = "<"
        case above = ">"

        func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .atMost: value <= limit
            case .atLeast: value >= limit
            case .equal: value == limit
            case .unequal: value != limit
            case .below: value < limit
            case .above: value > limit
            }
        }
    }

    /// Against an earlier result, in per cent of it.
    package enum Change: String, Sendable, CaseIterable { case drop, rise }

    /// As it was written.
    package let description: String
    package let figure: LimitedFigure
    /// Nil for a limit on the value itself.
    package let change: Change?
    package let comparison: Comparison
    /// In the figure's unit; of a change in per cent.
    package let limit: Double

    package static let allowedForm =
        "NAME [drop|rise] COMPARISON VALUE, such as 'p99 < 50ms', 'lost == 0' or 'delivered_mmh drop < 5%'"

    /// - Parameter figures: those that may be named.
    /// - Throws: ``UnitFault``; an unknown name with the nearest one, a wrong unit with those that fit.
    package init(parsing text: String, figures: [LimitedFigure]) throws(UnitFault) {
        description = text
        let parts = try ThresholdParts(text)
        guard let figure = figures.first(where: { $0.key == parts.name || $0.names.contains(parts.name) }) else {
            let names = figures.flatMap { $0.names + [$0.key] }
            throw UnitFault(
                "threshold '\(text)': unknown figure '\(parts.name)'\(StrictMapping.suggestion(parts.name, names)); "
                    + "known: \(names.sorted().joined(separator: ", "))")
        }
        self.figure = figure
        change = parts.change
        comparison = parts.comparison
        limit = try parts.limit(of: figure)
    }

    /// - Parameter value: in the figure's unit, or the change in per cent; nil where there is none to show. A limit that
    ///   cannot be shown to hold is broken.
    package func holds(_ value: Double?) -> Bool { value.map { comparison.holds($0, limit) } ?? false }

    /// The change from one value to a later one, in per cent of the earlier; nil where that was 0 or less.
    package func change(from earlier: Double, to later: Double) -> Double? {
        guard let change, earlier > 0 else { return nil }
        return (change == .drop ? earlier - later : later - earlier) / earlier * 100
    }

    /// One line for what was found: `p99 < 50ms: 63.2 ms`.
    /// - Parameters:
    ///   - value: as in ``holds(_:)``.
    ///   - reason: why there is no value.
    package func finding(_ value: Double?, reason: String = "no such figure") -> String {
        guard let value else { return "\(description): \(reason)" }
        let unit = change == nil ? figure.unit : "%"
        return "\(description): \(Self.short(value))" + (unit.isEmpty ? "" : " \(unit)")
    }

    /// Four significant digits, without the zeros at the end.
    private static func short(_ value: Double) -> String {
        let text = significant(value, 4)
        guard text.contains(".") else { return text }
        let bare = text.reversed().drop { $0 == "0" }
        return String((bare.first == "." ? bare.dropFirst() : bare).reversed())
    }
}

/// The words of a limit, before anyone knows what they name.
private struct ThresholdParts {
    let text: String
    let name: String
    let change: Threshold.Change?
    let comparison: Threshold.Comparison
    let number: Double
    let unit: String

    init(_ text: String) throws(UnitFault) {
        self.text = text
        let fault = UnitFault("threshold '\(text)': expected \(Threshold.allowedForm)")
        guard let start = text.firstIndex(where: { "<>=!".contains($0) }),
            let comparison = Threshold.Comparison.allCases.first(where: { text[start...].hasPrefix($0.rawValue) })
        else { throw fault }
        let words = text[..<start].split(separator: " ").map(String.init)
        guard let name = words.first, words.count <= 2 else { throw fault }
        self.name = name
        self.comparison = comparison
        if words.count == 2 {
            guard let change = Threshold.Change(rawValue: words[1]) else { throw fault }
            self.change = change
        } else {
            change = nil
        }
        let value = text[text.index(start, offsetBy: comparison.rawValue.count)...].filter { $0 != " " && $0 != "_" }
        let digits = value.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
        guard let number = Double(digits), number.isFinite else { throw fault }
        self.number = number
        unit = String(value.dropFirst(digits.count))
    }

    /// The limit in the figure's unit.
    func limit(of figure: LimitedFigure) throws(UnitFault) -> Double {
        if let change {
            guard unit == "%" else {
                throw UnitFault("threshold '\(text)': expected per cent after '\(change.rawValue)', such as 5%")
            }
            return number
        }
        // The whole key says what it is measured in, and nothing is nothing in any unit.
        if unit.isEmpty && (name == figure.key || number == 0 || figure.unit.isEmpty) { return number }
        guard let value = FigureUnit.convert(number, from: unit, to: figure.unit) else {
            let written = FigureUnit.names(like: figure.unit).joined(separator: ", ")
            throw UnitFault(
                "threshold '\(text)': '\(name)' is in \(figure.unit.isEmpty ? "no unit" : figure.unit)"
                    + (written.isEmpty ? "" : ": expected \(written)"))
        }
        return value
    }
}
