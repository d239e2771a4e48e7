import CostModel
import Measures

/// What came out when a published statement was worked through again.
package struct Finding: Sendable {
    package enum Verdict: Sendable, Hashable {
        /// Within one percent, or exactly what a statement without a figure says.
        case reproduced
        /// What was computed against what is claimed: +4.8 is more than claimed.
        case off(percent: Double)
        /// By which other statement or figure.
        case contradicted(by: String)
        case notCheckable(why: String)
        /// Not claimed by anybody: it stands in the figures.
        case shown

        package var text: String {
            switch self {
            case .reproduced: "reproduced"
            case .off(let percent): "off by \(percent < 0 ? "−" : "+")\(significant(abs(percent), 3)) %"
            case .contradicted(let other): "contradicted by \(other)"
            case .notCheckable(let why): "not checkable: \(why)"
            case .shown: "shown by the figures"
            }
        }

        /// For programs: `reproduced`, `off`, …
        package var key: String {
            switch self {
            case .reproduced: "reproduced"
            case .off: "off"
            case .contradicted: "contradicted"
            case .notCheckable: "not_checkable"
            case .shown: "shown"
            }
        }

        /// Nearer than this is reproduced: texts round.
        package static let tolerance = 0.01

        package static func comparing(_ computed: Double, claimed: Double) -> Verdict {
            let share = computed / claimed - 1
            return abs(share) <= tolerance ? .reproduced : .off(percent: share * 100)
        }
    }

    /// The claim's id; with more than one line for a claim `id, what`.
    package var id: String
    package var claim: String
    package var arithmetic: String
    package var verdict: Verdict

    package init(_ id: String, _ claim: String, _ arithmetic: String, _ verdict: Verdict) {
        (self.id, self.claim, self.arithmetic, self.verdict) = (id, claim, arithmetic, verdict)
    }
}

extension Sheet.Table {
    package init(_ key: String, _ title: String, findings: [Finding]) {
        self.init(
            key, title,
            columns: [
                .init("id", "statement", isNumber: false), .init("verdict", "verdict", isNumber: false, shown: .not),
                .init("off_percent", "off, %", shown: .not), .init("verdict_text", "verdict", isNumber: false),
                .init("arithmetic", "worked through again", isNumber: false),
                .init("claim", "as published", isNumber: false, shown: .below),
            ],
            rows: findings.map { finding in
                var percent: Double?
                if case .off(let value) = finding.verdict { percent = value }
                return [
                    .init(finding.id), .init(finding.verdict.key), .figure(percent, 3), .init(finding.verdict.text),
                    .init(finding.arithmetic), .init(finding.claim),
                ]
            })
    }
}
