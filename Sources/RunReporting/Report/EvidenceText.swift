import Measures
import RunRecords

/// What was seen of a system's promise, in a few words.
enum EvidenceText {
    static func of(_ runs: [RunRecord]) -> String {
        let parts = [seenAlone(runs), seenInTheRun(runs)].compactMap { $0 }
        return parts.isEmpty ? "by its configuration; syncs were not counted" : parts.joined(separator: "; ")
    }

    /// Messages one after the other cannot share a sync.
    private static func seenAlone(_ runs: [RunRecord]) -> String? {
        guard let evidence = runs.lazy.compactMap(\.evidence).first else { return nil }
        guard evidence.verdict != .notChecked else { return "syncs one at a time not counted: \(evidence.method)" }
        let rate = Double(evidence.syncs.total) / Double(max(1, evidence.messages))
        let verdict = evidence.confirms(runs[0].promise) == false ? "; less than it promises" : ""
        return "\(fixed(rate, 2)) syncs a message seen one at a time (\(evidence.method))\(verdict)"
    }

    private static func seenInTheRun(_ runs: [RunRecord]) -> String? {
        let rates = runs.compactMap { run in
            run.resources?[.system]?.syncs.map { Double($0.total) / Double(max(1, run.deliveredMessages)) }
        }.sorted()
        guard !rates.isEmpty else { return nil }
        return "\(fixed(rates[rates.count / 2], 2)) in the run"
    }
}
