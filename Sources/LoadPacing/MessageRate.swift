package import Measures

/// How many messages a second; read as people write it: `5000/s`, `300000/m`, `18M/h`, `20MMH`; a bare number is a
/// second's.
package struct MessageRate: Hashable, Sendable, CustomStringConvertible {
    package var perSecond: Double

    package init(perSecond: Double) { self.perSecond = perSecond }

    /// Million messages an hour.
    package var mmh: Double { perSecond * 0.0036 }

    package static let allowedForm = "a rate such as 5000/s, 300000/m, 18M/h or 20MMH"

    /// - Throws: ``UnitFault`` that names the allowed form. Zero is a rate, too: a pause.
    package init(parsing text: String) throws(UnitFault) {
        let compact = text.lowercased().filter { $0 != " " && $0 != "_" }
        let digits = compact.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
        guard Self.commasGroupThousands(digits), let number = Double(digits.filter { $0 != "," }), number.isFinite,
            let scale = Self.scale(String(compact.dropFirst(digits.count)))
        else { throw UnitFault("'\(text)': expected \(Self.allowedForm)") }
        perSecond = number * scale
        guard perSecond <= 1e9 else { throw UnitFault("'\(text)': expected at most 1,000,000,000/s") }
    }

    /// `1,5/s` is not 15 a second.
    private static func commasGroupThousands(_ digits: Substring) -> Bool {
        let groups: [Substring] = digits.split(separator: ",", omittingEmptySubsequences: false)
        return groups.dropFirst().allSatisfy { group in group.prefix { $0.isNumber }.count == 3 }
    }

    /// Messages a second that one of the unit is: nil for no unit of ours.
    private static func scale(_ unit: String) -> Double? {
        if unit.isEmpty { return 1 }
        if unit == "mmh" { return 1e6 / 3600 }
        let multiples: [Substring: Double] = ["": 1, "k": 1e3, "m": 1e6]
        let parts: [Substring] = unit.split(omittingEmptySubsequences: false) { $0 == "/" }
        guard parts.count <= 2, let multiple = multiples[parts[0]] else { return nil }
        guard parts.count == 2 else { return multiple }
        let periods: [Substring: Double] = [
            "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
        ]
        return periods[parts[1]].map { multiple / $0 }
    }

    package var description: String {
        fixed(perSecond, perSecond == perSecond.rounded() ? 0 : 3) + "/s"
    }
}

/// What `--rate` may ask for.
package enum RateRequest: Hashable, Sendable {
    /// Closed loop: as fast as the connections allow.
    case max
    /// The highest rate that keeps the limits.
    case find
    case rate(MessageRate)

    /// - Throws: ``UnitFault`` that names the allowed forms.
    package init(parsing text: String) throws(UnitFault) {
        switch text.lowercased() {
        case "max": self = .max
        case "find": self = .find
        default:
            guard let rate = try? MessageRate(parsing: text), rate.perSecond > 0 else {
                throw UnitFault("'\(text)': expected \(MessageRate.allowedForm), or max, or find")
            }
            self = .rate(rate)
        }
    }
}
