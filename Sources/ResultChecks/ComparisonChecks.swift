import ResultStore
import RunRecords

/// Whether a comparison has all the runs that its records speak of.
enum ComparisonChecks {
    /// Lines of what could not be run, `NOT RUN: PROFILE SYSTEM, run N: …`, as the text has them first.
    static func notRun(_ bundle: ResultBundle) -> [String] {
        (bundle.text("comparison.txt") ?? "").split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("NOT RUN: ") }
    }

    /// Each system has all its repeats, and each repeat a run for each place in its order; unless it is said not to
    /// have been run.
    static func problems(_ runs: [RunRecord], notRun: [String]) -> [String] {
        var found: [String] = []
        let repeats = runs.map(\.repeats).max() ?? 0
        for run in runs where run.repeats != repeats {
            found.append("\(name(run)) is one of \(run.repeats) repeats, others are of \(repeats)")
        }
        for (system, own) in Dictionary(grouping: runs, by: \.systemLabel).sorted(by: { $0.key < $1.key }) {
            for index in 1...max(1, repeats) {
                let count = own.filter { $0.repeatIndex == index }.count
                let isSaid = notRun.contains { $0.contains(" \(system), run \(index):") }
                if count == 0, !isSaid { found.append("\(system): run \(index) of \(repeats) is missing") }
                if count > 1 { found.append("\(system): run \(index) is there \(count) times") }
            }
        }
        for index in 1...max(1, repeats) {
            found += places(runs.filter { $0.repeatIndex == index }, index, notRun)
        }
        let texts = Set(runs.map(\.profileText))
        if texts.count > 1 { found.append("the runs are of \(texts.count) different profiles") }
        return found
    }

    private static func places(_ runs: [RunRecord], _ index: Int, _ notRun: [String]) -> [String] {
        let orders = runs.compactMap(\.order)
        guard let of = orders.map(\.of).max() else { return [] }
        let missing = Set(1...of).subtracting(orders.map(\.position))
        // A line for each, or one that speaks of all repeats.
        let said = notRun.filter { $0.contains(", run \(index):") || !$0.contains(", run ") }.count
        guard missing.count > said else { return [] }
        let places = missing.sorted().map(String.init).joined(separator: ", ")
        return ["repeat \(index): place \(places) of \(of) is missing"]
    }

    private static func name(_ run: RunRecord) -> String { "\(run.systemLabel), run \(run.repeatIndex)," }
}
