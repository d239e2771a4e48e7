/// What one check of a result came to.
package struct CheckFinding: Codable, Hashable, Sendable {
    package enum Outcome: String, Codable, Sendable {
        case pass, fail
        /// There is nothing to check it by; ``CheckFinding/detail`` says why.
        case skipped
    }

    /// The directory of the run, or of the comparison.
    package var result: String
    /// `manifest`, `balance`, …: every name stands in docs/RESULTS.md.
    package var check: String
    package var outcome: Outcome
    /// What was found; of a failure what is written and what follows from the rest.
    package var detail: String

    /// What the check `invalid` begins with of a run that says itself that it is none.
    static let notAResult = "not a result"

    /// Whether a run that says that it is no result was found to say so.
    package var isOfInvalidRun: Bool {
        check == "invalid" && outcome == .pass && detail.hasPrefix(Self.notAResult)
    }

    package init(result: String, check: String, outcome: Outcome, detail: String) {
        self.result = result
        self.check = check
        self.outcome = outcome
        self.detail = detail
    }
}

/// Findings of one result as they come together.
struct Findings {
    let result: String
    private(set) var list: [CheckFinding] = []

    init(_ result: String) { self.result = result }

    var hasFailed: Bool { list.contains { $0.outcome == .fail } }

    /// Each problem is a failure; without one the check has passed.
    mutating func add(_ check: String, _ problems: [String], _ passes: @autoclosure () -> String) {
        if problems.isEmpty { note(check, .pass, passes()) }
        for problem in problems { note(check, .fail, problem) }
    }

    mutating func skip(_ check: String, _ reason: String) { note(check, .skipped, reason) }

    private mutating func note(_ check: String, _ outcome: CheckFinding.Outcome, _ detail: String) {
        list.append(CheckFinding(result: result, check: check, outcome: outcome, detail: detail))
    }
}

/// Problems of one check as they come together.
struct Problems {
    private(set) var list: [String] = []

    mutating func expect(_ holds: Bool, _ text: @autoclosure () -> String) { if !holds { list.append(text()) } }

    /// - Parameters:
    ///   - written: what the file says.
    ///   - follows: what it has to be.
    mutating func expectEqual<Value: Equatable>(_ name: String, _ written: Value, _ follows: Value, _ source: String) {
        expect(written == follows, "\(name) is \(written), \(source) \(follows)")
    }
}
