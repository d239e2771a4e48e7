import Measures
import RunRecords

/// The answer in a sentence, and what was measured in another: for who reads no further.
struct ReportHeadline {
    private(set) var title: String
    /// What those with other promises came to, and what is missing.
    private(set) var sentences: [String] = []
    private(set) var measured = ""
    /// The row that the title begins with; nil without a valid run.
    private(set) var subject: Int?

    private static let rate = ReportColumns.delivered

    init(_ report: ComparisonReport, _ groups: [RunGroup]) {
        let order = report.rows.indices.filter { report.rows[$0][Self.rate].value != nil }.sorted {
            report.rows[$0][Self.rate].value! > report.rows[$1][Self.rate].value!
        }
        guard
            let strongest = SpoolPromise.allCases.first(where: { promise in
                order.contains { report.rows[$0].promise == promise }
            })
        else {
            let count = report.rows.count
            title =
                "No result: "
                + (count == 1
                    ? "\(report.rows[0].name) has no valid run" : "none of the \(count) systems has a valid run")
            measured = Self.measured(report, groups)
            return
        }
        let peers = order.filter { report.rows[$0].promise == strongest }
        let best = report.rows[peers[0]]
        subject = peers[0]
        if peers.count > 1, let answer = Self.compared(report, groups, peers[0], peers[1]) {
            title = answer
        } else {
            let only = report.rows.count > 1 ? ", \(Self.only(strongest))," : ""
            title = "\(best.name)\(only) delivered \(Self.text(best)), \(Self.words(strongest))"
        }
        for promise in SpoolPromise.allCases where promise != strongest {
            guard let index = order.first(where: { report.rows[$0].promise == promise }) else { continue }
            let row = report.rows[index]
            sentences.append("\(Self.condition(promise)), \(row.name) came to \(Self.text(row)).")
        }
        let missing = report.rows.filter { $0.withheld != nil }.map(\.name)
        if !missing.isEmpty {
            sentences.append("No rate is told of \(missing.joined(separator: ", ")): not all of its runs are valid.")
        }
        measured = Self.measured(report, groups)
    }

    /// Of the two fastest that promise the same.
    private static func compared(
        _ report: ComparisonReport, _ groups: [RunGroup], _ first: Int, _ second: Int
    ) -> String? {
        let (best, next) = (report.rows[first], report.rows[second])
        guard let contrast = groups[first].contrast(rate.key, with: groups[second]) else { return nil }
        let words = words(best.promise)
        if contrast.contrast.isShown, let ratio = contrast.contrast.ratio {
            return "\(best.name) delivered \(text(best)), \(ReportContrast.times(ratio)) of \(next.name), \(words)"
        }
        let verb = contrast.contrast.couldShow ? "No difference shown" : "Too few runs to show a difference"
        return "\(verb) between \(best.name) with \(text(best)) and \(next.name) with \(text(next)), \(words)"
    }

    /// `42.31 million messages an hour (42.11–42.87)`; of a slow system in messages.
    private static func text(_ row: ComparisonReport.Row) -> String {
        let cell = row[rate]
        guard let value = cell.value, value < 1 else {
            let spread = cell.count == 1 ? "(one run)" : rate.interval(cell)
            return "\(rate.text(cell)) million messages an hour" + (spread.isEmpty ? "" : " \(spread)")
        }
        func hourly(_ value: Double) -> String { grouped(Int((value * 1e6).rounded())) }
        let spread = cell.interval.map { " (\(hourly($0.low))–\(hourly($0.high)))" } ?? " (one run)"
        return "\(hourly(value)) messages an hour" + spread
    }

    private static func words(_ promise: SpoolPromise) -> String {
        switch promise {
        case .fsync: "each on stable storage before it was acknowledged"
        case .os: "each given to the kernel before it was acknowledged"
        case .deferred: "each in memory alone when it was acknowledged"
        case .none: "none of them ever on disk"
        }
    }

    private static func only(_ promise: SpoolPromise) -> String {
        promise == .fsync ? "the only one here that survives a power cut" : "the safest with a valid result"
    }

    private static func condition(_ promise: SpoolPromise) -> String {
        switch promise {
        case .fsync: "Durable"
        case .os: "Without a sync before the 250"
        case .deferred: "With acknowledged mail in memory alone"
        case .none: "With no durability at all"
        }
    }

    private static func measured(_ report: ComparisonReport, _ groups: [RunGroup]) -> String {
        let runs = groups.flatMap(\.runs)
        var machines: [String] = []
        for run in runs {
            let memory = fixed(Double(run.machine.memoryBytes) / 1_073_741_824, 1)
            let text = "\(run.machine.cpu), \(run.machine.cores) cores, \(memory) GiB, \(run.machine.fileSystem)"
            if !machines.contains(text) { machines.append(text) }
        }
        return "Measured: \(report.loads.joined(separator: "; ")), on \(machines.joined(separator: " and on ")), "
            + "generator, system and sink on the same machine; \(grouped(runs.count)) "
            + "\(runs.count == 1 ? "run" : "runs")."
    }
}
