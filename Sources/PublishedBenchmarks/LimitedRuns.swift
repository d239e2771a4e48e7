package import CostModel
import Measures
package import RunRecords

/// The same work on the same cores with the memory of each row: whether disk and memory alone make such a curve.
package struct LimitedRuns {
    private let work: Reproduction
    private let steps: [Step]
    private let without: [String]

    private struct Step {
        var row: PublishedRow
        var limit: PublishedRecipe.Limit
        var run: MeasuredRun
    }

    /// - Parameters:
    ///   - runs: of one system; each limit's by the profile's name (``PublishedRecipe/profileName(_:)``).
    ///   - leftOut: rows that could not be tried, a line each.
    package init(
        _ work: Reproduction, _ recipe: PublishedRecipe, _ limits: [PublishedRecipe.Limit], _ runs: [RunRecord],
        leftOut: [String] = []
    ) throws(RecordFault) {
        self.work = work
        let valid = try MeasuredRun.gather(runs.filter { $0.invalid.isEmpty })
        steps = limits.compactMap { limit in
            guard let run = valid.first(where: { $0.profile == recipe.profileName(limit) }),
                let row = work.table.rows.first(where: { $0.name == limit.row })
            else { return nil }
            return Step(row: row, limit: limit, run: run)
        }
        without =
            leftOut.map { "left out: \($0)" }
            + runs.filter { !$0.invalid.isEmpty }.map {
                "INVALID, not used: \($0.profile.name) \($0.systemLabel), run \($0.repeatIndex): \($0.invalid[0])"
            }
    }

    /// More than this between two rates is a difference, not noise.
    private static let difference = 1.1

    package var sheet: Sheet {
        var sheet = Sheet(title: "\(work.table.id): memory and disk of each row, the same cores")
        sheet.head = without + [answer]
        sheet.tables = [table]
        sheet.notes = [
            "memory: that of the row in proportion to the bytes of its run; disk: that of the vendor's volume; what really "
                + "limited a run stands in its conditions",
            "a limit on writes that the kernel does not hold back (buffered ones, in the first version of cgroups) limits a "
                + "durability without syncs by memory alone",
        ]
        return sheet
    }

    private var table: Sheet.Table {
        Sheet.Table(
            "limits", "Measured here, with \(steps.first.map { "\($0.run.cores)" } ?? "the same") cores throughout",
            columns: [
                .init("row", "memory as in", isNumber: false), .init("memory_bytes", "memory, MiB"),
                .init("disk_mb_per_s", "disk, MB/s"), .init("system", "system", isNumber: false),
                .init("delivered_mmh", "MMH here"), .init("against_first", "× the first"),
                .init("published_mmh", "MMH, published"), .init("published_against_first", "× the first"),
                .init("conditions", "conditions", isNumber: false, shown: .below),
            ],
            rows: steps.map { step in
                [
                    .init(step.row.name),
                    .init(grouped(step.limit.memoryBytes >> 20), Double(step.limit.memoryBytes)),
                    .figure(step.limit.mbPerSecond), .init(step.run.label),
                    .figure(step.run.messagesPerSecond * 0.0036),
                    .figure(step.run.messagesPerSecond / steps[0].run.messagesPerSecond, 3), .figure(step.row.mmh),
                    .figure(step.row.mmh / steps[0].row.mmh, 3),
                    .init(step.run.conditions.isEmpty ? "none recorded" : step.run.conditions.joined(separator: "; ")),
                ]
            })
    }

    /// The question's answer in one line.
    package var answer: String {
        guard steps.count > 1, let last = steps.last else {
            return "answer: none: fewer than two rows could be tried"
        }
        guard steps.allSatisfy({ $0.run.conditions.contains { $0.hasPrefix("memory") } }) else {
            return "answer: none: the memory of the runs was not limited on this machine"
        }
        let here = last.run.messagesPerSecond / steps[0].run.messagesPerSecond
        let there = last.row.mmh / steps[0].row.mmh
        let figures =
            "with the memory of \(last.row.name) instead of \(steps[0].row.name)'s, and the same cores and disk, × "
            + "\(significant(here, 3)) here; published × \(significant(there, 3))"
        if here >= there { return "answer: yes: memory and disk alone make such a curve: \(figures)" }
        if here >= Self.difference { return "answer: in part: memory alone makes some of it: \(figures)" }
        return "answer: not shown: memory made no difference here: \(figures)"
    }
}
