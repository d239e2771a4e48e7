package import Measures

/// A part of a run with a rate of its own: steady, or going evenly from one rate to another.
package struct RateStage: Hashable, Sendable {
    package var seconds: Double
    /// Messages a second at its begin and its end.
    package var fromPerSecond: Double
    package var toPerSecond: Double

    package init(seconds: Double, fromPerSecond: Double, toPerSecond: Double) {
        self.seconds = seconds
        self.fromPerSecond = fromPerSecond
        self.toPerSecond = toPerSecond
    }

    /// Messages that fall into it.
    package var messages: Double { (fromPerSecond + toPerSecond) / 2 * seconds }

    /// Stages that one run may have, repetitions counted.
    package static let highestCount = 10_000
}

/// Reads `--stages`: `30s@1000/s,10s@1000/s..5000/s,3x(5s@8000/s,25s@0)`.
package struct RateStageReader {
    package static let allowedForm =
        "stages such as '30s@1000/s' (steady), '10s@1000/s..5000/s' (ramp), '5x(2s@9000/s,8s@0)' (repeated), "
        + "with commas between them"

    private var rest: Substring

    /// - Throws: ``UnitFault`` that points at the stage that is wrong.
    package static func read(_ text: String) throws(UnitFault) -> [RateStage] {
        var reader = RateStageReader(rest: text.filter { $0 != " " }[...])
        let stages = try reader.list(depth: 0)
        guard reader.rest.isEmpty else { throw Self.fault(reader.rest) }
        guard stages.contains(where: { $0.messages > 0 }) else {
            throw UnitFault("'\(text)': no stage has a rate above 0")
        }
        return stages
    }

    private static func fault(_ at: Substring) -> UnitFault {
        UnitFault("at '\(at.prefix(40))': expected \(allowedForm)")
    }

    private mutating func list(depth: Int) throws(UnitFault) -> [RateStage] {
        var stages = try item(depth)
        while rest.first == "," {
            rest = rest.dropFirst()
            stages += try item(depth)
            guard stages.count <= RateStage.highestCount else {
                throw UnitFault("stages: more than \(RateStage.highestCount), repetitions counted")
            }
        }
        return stages
    }

    private mutating func item(_ depth: Int) throws(UnitFault) -> [RateStage] {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard rest.dropFirst(digits.count).hasPrefix("x(") else { return [try stage()] }
        guard depth < 8, let times = Int(digits), (1...RateStage.highestCount).contains(times) else {
            throw Self.fault(rest)
        }
        rest = rest.dropFirst(digits.count + 2)
        let inner = try list(depth: depth + 1)
        guard rest.first == ")" else { throw Self.fault(rest) }
        rest = rest.dropFirst()
        guard inner.count * times <= RateStage.highestCount else {
            throw UnitFault("stages: more than \(RateStage.highestCount), repetitions counted")
        }
        return (0..<times).flatMap { _ in inner }
    }

    private mutating func stage() throws(UnitFault) -> RateStage {
        let text = rest.prefix { $0 != "," && $0 != ")" }
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let span = try? HumanDuration(parsing: String(parts[0])), span.seconds > 0,
            let rates = Self.rates(parts[1])
        else { throw Self.fault(text.isEmpty ? rest : text) }
        rest = rest.dropFirst(text.count)
        return RateStage(seconds: span.seconds, fromPerSecond: rates.from, toPerSecond: rates.to)
    }

    private static func rates(_ text: Substring) -> (from: Double, to: Double)? {
        guard let dots = text.firstRange(of: "..") else {
            return (try? MessageRate(parsing: String(text))).map { ($0.perSecond, $0.perSecond) }
        }
        guard let from = try? MessageRate(parsing: String(text[..<dots.lowerBound])),
            let to = try? MessageRate(parsing: String(text[dots.upperBound...]))
        else { return nil }
        return (from.perSecond, to.perSecond)
    }
}
