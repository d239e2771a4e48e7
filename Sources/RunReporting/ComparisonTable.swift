import Measures
import RunRecords

/// Systems one below the other: what an acknowledged message survives, how fast, at which cost, and that none is missing.
struct ComparisonTable {
    private let comparison: Comparison
    private var groups: [RunGroup] { comparison.groups }

    init(_ groups: [RunGroup]) { comparison = Comparison(groups: groups) }

    /// Two lines for each system: its name with the medians, and what its 250 means with the ranges of the repeats.
    /// All of it side by side would be too wide for a screen.
    var text: String {
        let columns = comparison.columns
        var rows = [
            ["system", "runs"] + columns.map(\.title) + ["lost/doubled"],
            ["  mail answered 250", ""] + columns.map(\.unit) + ["/changed"],
        ]
        let head = rows.count
        for (group, name) in zip(groups, comparison.names) {
            rows.append(
                [Self.marked(group, name), Comparison.runs(group)] + columns.map { median(group, $0) }
                    + [Comparison.faults(group)])
            rows.append(
                ["  " + group.runs[0].promise.label, ""] + columns.map { range(group, $0) }
                    + [""])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        rows.insert(widths.map { String(repeating: "-", count: $0) }, at: head)
        let lines = rows.map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index < 1 ? cell.0 + space : space + cell.0
            }.joined(separator: "  ").trimmingTrailingSpaces
        }
        return (groups.verdicts + lines + [""] + footnotes).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        let columns = comparison.columns
        let head =
            ["system", "mail answered 250", "runs"] + columns.map { "\($0.title), \($0.unit)" }
            + ["lost/doubled/changed"]
        let rule = ["---", "---", "---:"] + columns.map { _ in "---:" } + ["---:"]
        let rows = zip(groups, comparison.names).map { group, name in
            [Self.marked(group, name), group.runs[0].promise.label, Comparison.runs(group)]
                + columns.map { [median(group, $0), range(group, $0)].filter { !$0.isEmpty }.joined(separator: " ") }
                + [Comparison.faults(group)]
        }
        let lines = ([head, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
        let below = footnotes.map { $0.hasPrefix("  ") ? "-" + $0.dropFirst() : $0 + "\n" }
        return (groups.verdicts + lines + [""] + below).joined(separator: "\n") + "\n"
    }

    private static func marked(_ group: RunGroup, _ name: String) -> String {
        group.runs.allSatisfy { $0.invalid.isEmpty } ? name : "INVALID " + name
    }

    private func median(_ group: RunGroup, _ column: Comparison.Column) -> String {
        group.spread(column.key).map { column.text($0.median) } ?? ""
    }

    /// The range of messages a second is that of MMH once more, in wider numbers.
    private func range(_ group: RunGroup, _ column: Comparison.Column) -> String {
        guard group.runs.count > 1, column.unit != "msg/s", let spread = group.spread(column.key) else { return "" }
        return column.range(spread)
    }

    private var footnotes: [String] {
        var lines = comparison.unique { "\($0.profile.name): \($0.profile.question)" }
        lines += comparison.loads.map { "  " + $0 + (groups.contains { $0.runs.count > 1 } ? "; median (range)" : "") }
        if groups.contains(where: { $0.runs.contains { $0.order != nil && $0.repeats > 1 } }) {
            lines.append("  the order of the systems alternates between repeats")
        }
        for promise in SpoolPromise.allCases where groups.contains(where: { $0.runs[0].promise == promise }) {
            lines.append("  \(promise.label): \(promise.rawValue), \(promise.explanation)")
        }
        lines.append(
            "  final reply: MAIL written to final reply, at the generator; pipelined, with the wait for the message before"
        )
        lines.append("  mta writes: pages that the mta made dirty, as the kernel charges them")
        if comparison.hasDeviceWrites {
            lines.append(
                "  device writes: by whatever wrote to the spool's device, until the mta has stopped; not what the kernel still held"
            )
        }
        lines += comparison.unique {
            "  measured on \($0.machine.cpu), \($0.machine.cores) cores shared by all programs, "
                + "\(fixed(Double($0.machine.memoryBytes) / 1_073_741_824, 1)) GiB, Linux \($0.machine.kernel), loopback, "
                + "\($0.machine.fileSystem); commit \($0.machine.commit)"
        }
        let syncs = groups.flatMap(\.runs).map { Double($0.machine.syncLatency.percentile(50)) / 1e6 }
        lines.append(
            "  4 KiB fdatasync p50 \(fixed(syncs.min() ?? 0, 3))–\(fixed(syncs.max() ?? 0, 3)) ms before the runs")
        return lines
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}
