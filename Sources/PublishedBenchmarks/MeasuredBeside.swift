package import CostModel
import Measures
package import RunRecords

/// What was measured here, beside what is published, with what makes the two different.
package struct MeasuredBeside {
    private let work: Reproduction
    private let runs: [MeasuredRun]
    /// Runs that are no results, a line each, and what could not be run.
    private let without: [String]
    /// Labels of the systems whose mail was not signed.
    private let unsigned: [String]

    /// - Parameters:
    ///   - runs: invalid ones are named and not used.
    ///   - notRun: systems that could not be run, a line each.
    /// - Throws: ``RecordFault`` if one run that is valid delivered nothing.
    package init(_ work: Reproduction, _ runs: [RunRecord], notRun: [String] = []) throws(RecordFault) {
        self.work = work
        let valid = runs.filter { $0.invalid.isEmpty }
        let measured = try MeasuredRun.gather(valid)
        let size = work.table.messageBytes
        self.runs = measured.filter { $0.bodyBytes == size }
        without =
            notRun.map { "NOT RUN: \($0)" }
            + measured.filter { $0.bodyBytes != size }.map {
                "OTHER WORK, not set beside it: \($0.profile) \($0.label): messages of \(grouped(Int($0.bodyBytes))) bytes "
                    + "instead of \(grouped(Int(size)))"
            }
            + runs.filter { !$0.invalid.isEmpty }.map {
                "INVALID, not used: \($0.systemLabel), run \($0.repeatIndex): \($0.invalid[0])"
            }
        var unsigned: [String] = []
        for run in valid where !run.profileText.contains("\ndkim: rsa") && !unsigned.contains(run.systemLabel) {
            unsigned.append(run.systemLabel)
        }
        self.unsigned = unsigned
    }

    package var sheet: Sheet {
        var sheet = Sheet(title: "\(work.table.id): measured here beside published")
        sheet.head = without + runs.map { "\($0.label): \($0.basis)" }
        sheet.tables = [measured, ratios, projected]
        sheet.notes = notes
        return sheet
    }

    // MARK: Tables

    private var measured: Sheet.Table {
        Sheet.Table(
            "measured", "Measured here",
            columns: [
                .init("system", "system", isNumber: false), .init("cores", "cores"),
                .init("durability", "answered 250", isNumber: false), .init("evidence", "seen", isNumber: false),
                .init("runs", "runs"), .init("messages", "messages"), .init("delivered_mmh", "MMH"),
                .init("delivered_mmh_min", "slowest"), .init("delivered_mmh_max", "fastest"),
                .init("mmh_per_core", "MMH per core"), .init("system_cpu_us_per_message", "MTA's CPU, µs a message"),
                .init("conditions", "conditions", isNumber: false, shown: .below),
            ],
            rows: runs.map { run in
                [
                    .init(run.label), .count(Double(run.cores)), .init(run.promise.label), .init(run.seen),
                    .count(Double(run.runs)), .count(Double(run.messages)), .figure(run.messagesPerSecond * 0.0036),
                    .figure(run.rateRange.lowerBound * 0.0036), .figure(run.rateRange.upperBound * 0.0036),
                    .figure(run.mmhPerCore, 3), .figure(run.systemCPU), .init(run.conditions.joined(separator: "; ")),
                ]
            })
    }

    /// A system is set beside the column that has its name.
    private func published(_ row: PublishedRow, for run: MeasuredRun) -> Double? {
        run.label.hasPrefix("postfix") ? row.postfixMMH : row.mmh
    }

    private var ratios: Sheet.Table {
        Sheet.Table(
            "beside", "Per core here against per vCPU there",
            columns: [
                .init("system", "system here", isNumber: false), .init("published_row", "published", isNumber: false),
                .init("published_vcpu", "vCPU"), .init("published_mmh", "MMH, published"),
                .init("published_mmh_per_vcpu", "per vCPU"), .init("measured_mmh_per_core", "per core here"),
                .init("measured_by_published", "measured / published"),
            ],
            rows: runs.flatMap { run in
                work.table.rows.compactMap { row -> [Sheet.Cell]? in
                    guard let mmh = published(row, for: run) else { return nil }
                    let each = mmh / Double(row.vcpu)
                    return [
                        .init(run.label), .init(row.name), .count(Double(row.vcpu)), .figure(mmh), .figure(each, 3),
                        .figure(run.mmhPerCore, 3), .figure(run.mmhPerCore / each, 3),
                    ]
                }
            })
    }

    private var projected: Sheet.Table {
        var assumptions = Projection.Assumptions()
        assumptions.volume = work.volume
        return Sheet.Table(
            "projected", "Projected onto the published machines, with the volume of the vendor's runs",
            columns: [
                .init("projected_from", "projected from", isNumber: false),
                .init("projected_instance", "on", isNumber: false), .init("projected_mmh", "MMH, projected"),
                .init("projected_limited_by", "limited by", isNumber: false), .init("published_mmh", "MMH, published"),
                .init("projected_by_published", "projected / published"),
            ],
            rows: runs.flatMap { run in
                work.table.rows.compactMap { row -> [Sheet.Cell]? in
                    guard let instance = work.instance(row), let mmh = published(row, for: run),
                        let binding = Projection(run, on: instance, assumptions)?.binding
                    else { return nil }
                    let projected = binding.messagesPerSecond * 0.0036
                    return [
                        .init("projected from \(run.label)"), .init(row.name), .figure(projected),
                        .init(binding.resource.label), .figure(mmh), .figure(projected / mmh, 3),
                    ]
                }
            })
    }

    // MARK: What makes them different

    private var notes: [String] {
        var notes = differences
        notes.append(
            "here: loopback, and generator, MTA and sink share the cores; published: sender and sink on hosts of their own"
        )
        notes.append(
            "here a rate is what arrived at the sink; published: \(work.table.facts.first { $0.key == "rate_basis" }?.text ?? "not stated")"
        )
        notes.append(
            "a core here is set against a vCPU there, which is mostly a hyperthread; neither processor is the other")
        notes.append(
            "published durability: \(work.table.facts.first { $0.key == "durability" }?.text ?? "not stated"); only rows here "
                + "with the same promise do the same work")
        for run in runs { notes += run.warnings.map { "warning: \(run.label): \($0)" } }
        notes.append("projected figures rest on the assumptions of `bench-report project`; 1:1 by cores")
        return notes
    }

    private var differences: [String] {
        var found: [String] = []
        let table = work.table
        for run in runs {
            if Double(run.messages) != table.messages {
                found.append(
                    "differs from the procedure: \(run.label): \(grouped(run.messages)) messages instead of "
                        + grouped(Int(table.messages)))
            }
            if let connections = table.connections, run.connections != connections {
                found.append(
                    "differs from the procedure: \(run.label): \(grouped(run.connections)) connections instead of "
                        + grouped(connections))
            }
            if run.runs < PublishedRecipe.repeats {
                found.append(
                    "differs from the procedure: \(run.label): \(run.runs) valid runs instead of \(PublishedRecipe.repeats)"
                )
            }
        }
        if !unsigned.isEmpty, table.facts.contains(where: { $0.key == "dkim" }) {
            found.append(
                "differs from the procedure: without signatures (DKIM): \(unsigned.joined(separator: ", ")); whether the "
                    + "published Postfix signed is not stated")
        }
        return found
    }
}

extension MeasuredRun {
    /// What was seen of the promise.
    fileprivate var seen: String {
        guard let evidence else { return "not looked at" }
        switch evidence.confirms(promise) {
        case nil: return "not looked at"
        case true?: return evidence.verdict == .syncsEachMessage ? "syncs each message" : "no syncs, as promised"
        case false?: return "does NOT sync"
        }
    }
}
