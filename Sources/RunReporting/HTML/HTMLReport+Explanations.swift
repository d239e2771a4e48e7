import Measures
import RunRecords

extension HTMLReport {
    // MARK: What the figures rest on

    var durability: [Markup] {
        let rows = zip(report.rows, groups).map { row, group in
            [
                DataTable.Cell(marked(row)), DataTable.Cell("\(row.promise.label.firstUpper)"),
                DataTable.Cell("\(row.promise.rawValue): \(row.promise.explanation)"),
                DataTable.Cell(verdict(row, group) + element("small", [:], "\(row.evidence)")),
                DataTable.Cell("\(group.runs[0].spoolName)"),
            ]
        }
        return [
            element(
                "p", [:],
                "With 250 a server takes over the responsibility for a message (RFC 5321 §4.2.5). A system that "
                    + "answers before "
                    + "the message is on stable storage is faster, and loses acknowledged mail with the power. No "
                    + "rate means anything without knowing which of the two was measured."),
            DataTable(
                caption: "Promise and evidence",
                head: ["System", "Acknowledged mail", "By the 250 it is", "Seen", "Kept in"],
                rows: rows, words: [1, 2, 3, 4]
            ).markup,
        ]
    }

    private func verdict(_ row: ComparisonReport.Row, _ group: RunGroup) -> Markup {
        let seen = group.runs.lazy.compactMap(\.evidence).first?.confirms(row.promise)
        switch seen {
        case true?: return element("span", ["class": "good"], "✓ confirmed")
        case false?: return element("span", ["class": "bad"], "✗ not what it promises")
        case nil: return element("span", ["class": "muted"], "not checked")
        }
    }

    var limits: [Markup] {
        [
            element(
                "p", [:],
                "A system can only be faster where something else than itself gives way first. This is what was full "
                    + "while it was measured:"
            ),
            element(
                "ul", [:],
                report.rows.map { row in
                    // What is said of a limit has rates in it.
                    let text = row.withheld == nil ? row.limit.text : "not told, as its rate is not"
                    return element("li", [:], element("strong", [:], marked(row)), ": \(text)")
                }),
        ]
    }

    /// For profiles that name prices: what a thousand messages would cost on such a machine, at the rate measured here.
    var cost: [Markup] {
        let priced = zip(report.rows, groups).flatMap { row, group in
            group.runs[0].profile.prices.map { (row: row, group: group, price: $0) }
        }
        guard !priced.isEmpty else { return [] }
        let rows = priced.map { entry in
            let (compute, egress) = ("CPM compute, \(entry.price.name)", "CPM egress, \(entry.price.name)")
            return [
                DataTable.Cell(marked(entry.row)), DataTable.Cell("\(entry.price.name)"),
                money(compute, entry.group, 1),
                money(egress, entry.group, 1), money(compute, entry.group, 1000), money(egress, entry.group, 1000),
            ]
        }
        let sources = unique { run in
            run.profile.prices.map {
                "\($0.name): USD \($0.usdPerHour) an hour, USD \($0.egressUSDPerGB) a GB out (\($0.source))"
            }
            .joined(separator: "; ")
        }
        return [
            element(
                "p", [:], element("strong", [:], "Projected"),
                ", not measured: as if the named machine delivered at the rate measured here. CPM is the price of a "
                    + "thousand messages."
            ),
            DataTable(
                caption: "Projected cost",
                head: [
                    "System", "Machine", "Compute, USD a thousand", "Egress, USD a thousand", "Compute, USD a million",
                    "Egress, USD a million",
                ],
                rows: rows, words: [1], isSortable: true
            ).markup,
            element("ul", [:], sources.map { element("li", [:], "\($0)") }),
        ]
    }

    private func money(_ label: String, _ group: RunGroup, _ factor: Double) -> DataTable.Cell {
        guard let figure = group.spreads.first(where: { $0.figure.label == label })?.figure else { return "" }
        let cell = group.cell(figure.key)
        guard cell.withheld == nil else { return DataTable.Cell(element("span", ["class": "bad"], "withheld")) }
        return cell.value.map { DataTable.Cell("\(significant($0 * factor, 4))", value: $0 * factor) } ?? ""
    }

    /// Replies that were not 2yz or 3yz, and connections that failed.
    var replies: [Markup] {
        let rows = zip(report.rows, groups).flatMap { row, group in
            group.runs.flatMap { run in
                run.generator.replies.filter { $0.code == 0 || $0.code >= 400 }.map { reply in
                    [
                        DataTable.Cell(marked(row)), DataTable.Cell("\(run.repeatIndex)"),
                        DataTable.Cell("\(reply.stage)"),
                        DataTable.Cell(reply.code == 0 ? "none" : "\(reply.code)", value: Double(reply.code)),
                        DataTable.Cell("\(grouped(reply.count))", value: Double(reply.count)),
                        DataTable.Cell("\(reply.firstText)"),
                    ]
                }
            }
        }
        guard !rows.isEmpty else { return [] }
        let shown = 200
        return [
            element("p", [:], "Replies that the generator counted, each with the first text that it came with."),
            DataTable(
                caption: "Replies", head: ["System", "Run", "At", "Code", "Times", "First text"],
                rows: Array(rows.prefix(shown)),
                words: [2, 5], isSortable: true
            ).markup,
        ] + (rows.count > shown ? [element("p", [:], "… and \(rows.count - shown) more in the records.")] : [])
    }

    var conditions: [Markup] {
        var lines = report.loads.map(\.firstUpper)
        lines += unique { ($0.conditions ?? []).joined(separator: "; ") }.map(\.firstUpper)
        lines += unique { run in
            guard let load = run.generator.load else { return "" }
            guard load.model == .open else {
                return "Closed load: a connection begins its next message when the last one is over"
            }
            let rate = load.ratePerSecond.map { " of \(significant($0, 4)) messages a second" } ?? ""
            return
                "Open load\(rate), arrivals \(load.arrivals?.rawValue ?? "constant"): messages are due whether the "
                + "system keeps up or not"
        }
        lines += unique { run in
            (run.phases ?? []).map {
                "\($0.name) at \(fixed($0.unixSeconds - run.generator.firstOfferedUnixSeconds, 1)) s"
            }
            .joined(separator: ", ")
        }.prefix(20).map(\.firstUpper)
        lines += unique {
            $0.generator.pipelining ? "" : "Without pipelining: each command waits for the reply to the one before"
        }
        lines.append("Generator, system and sink on one machine, over the loopback interface")
        return [element("ul", [:], lines.map { element("li", [:], "\($0)") })]
    }

    var method: [Markup] {
        let runs = groups.flatMap(\.runs)
        var lines: [String] = []
        let repeats = Set(groups.map(\.runs.count))
        lines.append(
            repeats.count == 1
                ? "\(RunSum.repeats(repeats.first ?? 0)) of each system."
                : "Between \(repeats.min() ?? 0) and \(repeats.max() ?? 0) repeats of a system.")
        if groups.count > 1 {
            lines.append(
                report.isInterleaved
                    ? "The systems took turns within each repeat, in an order that alternates: what drifts meets all "
                        + "alike."
                    : "The systems did not take turns: what changed between their runs is in the comparison.")
        }
        let warmUps = Set(runs.compactMap { $0.generator.warmUp?.seconds })
        lines.append(
            warmUps.isEmpty
                ? "No warm-up was left out."
                : "The first \(warmUps.sorted().map { fixed($0, 0) }.joined(separator: " or ")) s are a warm-up: "
                    + "kept in the record, left out of the latencies."
        )
        lines.append(
            "Every message carries an id and a checksum. Generator and sink keep a ledger each; what was "
                + "acknowledged must have "
                + "arrived, once and unchanged, or the run is invalid and its rates are withheld.")
        lines += intervals
        return [
            element("ul", [:], (lines + meanings).map { element("li", [:], "\($0)") })
        ]
    }

    /// Notes of the report that do not stand in a part of their own on the page.
    private var meanings: [String] {
        let elsewhere = SpoolPromise.allCases.map { $0.label + ":" } + ["measured on", "the order of the systems"]
        let conditions = unique { ($0.conditions ?? []).joined(separator: "; ") }
        return report.notes.filter { note in
            !elsewhere.contains { note.hasPrefix($0) } && !conditions.contains(note)
        }.map(\.firstUpper)
    }

    /// What stands in brackets, by the methods that were used.
    private var intervals: [String] {
        let found = report.rows.flatMap(\.cells.values).compactMap(\.interval)
        guard let least = found.map(\.confidence).min() else {
            return ["One run of each: no interval can be given, and no difference shown."]
        }
        let methods = Set(found.map(\.method.rawValue)).sorted().joined(separator: ", ")
        var lines = [
            "In brackets: an interval for the median (\(methods))"
                + (found.contains { !$0.isConfident }
                    ? "; where there are few repeats their range, which holds the true median with "
                        + "\(fixed(least * 100, 0)) % only."
                    : ", 95 %.")
        ]
        if groups.count > 1 {
            lines.append(
                "×: ratio of medians with its 95 % interval. p: Mann–Whitney test, two-sided. A difference counts "
                    + "as shown where p is at "
                    + "most 0.05 and the interval does not hold 1; otherwise it says 'no difference shown'.")
        }
        return lines
    }
}
