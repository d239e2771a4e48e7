import Measures

/// The table of projections: every line of figures and every key says that it is one.
package struct ProjectionSheet {
    private let runs: [MeasuredRun]
    private let instances: [Instance]
    private let assumptions: Projection.Assumptions

    package init(_ runs: [MeasuredRun], on instances: [Instance], _ assumptions: Projection.Assumptions) {
        (self.runs, self.instances, self.assumptions) = (runs, instances, assumptions)
    }

    package var sheet: Sheet {
        var sheet = Sheet(title: "Projected, not measured: what other machines may carry")
        let projections = runs.flatMap { run in instances.compactMap { Projection(run, on: $0, assumptions) } }
        sheet.head = runs.map(measured)
        sheet.tables = [table(projections)]
        if instances.count == 1 { sheet.tables.append(arithmetic(projections)) }
        sheet.notes = notes
        return sheet
    }

    private func measured(_ run: MeasuredRun) -> String {
        guard let systemCPU = run.systemCPU, let allCPU = run.allCPU else {
            return "not projected: \(run.label): the CPU of its processes was not counted in the run"
        }
        return "projected from: \(run.label): \(significant(run.messagesPerSecond * 0.0036, 4)) MMH, "
            + "\(significant(systemCPU, 4)) µs of CPU a message of the MTA, \(significant(allCPU, 4)) µs of all three "
            + "programs (\(run.accounting)); \(run.basis)"
    }

    private func table(_ projections: [Projection]) -> Sheet.Table {
        let resources = Projection.Resource.allCases
        return Sheet.Table(
            "projected", "Projected million messages an hour (MMH) by what runs out first",
            columns: [
                .init("projected_from", "projected from", isNumber: false),
                .init("projected_instance", "on", isNumber: false), .init("projected_vcpu", "vCPU"),
                .init("projected_mmh", "MMH, projected"), .init("projected_msg_per_s", "msg/s, projected"),
                .init("projected_limited_by", "limited by", isNumber: false),
            ]
                + resources.map { .init("projected_\($0.rawValue)_mmh", $0.label) }
                + [.init("projected_backlog_messages", "backlog in memory, messages")],
            rows: projections.map { projection -> [Sheet.Cell] in
                let binding = projection.binding
                return [
                    .init("projected from \(projection.run.label)"), .init(projection.instance.name),
                    .count(Double(projection.instance.vcpu)), .figure(binding.messagesPerSecond * 0.0036),
                    .count(binding.messagesPerSecond), .init(binding.resource.label),
                ]
                    + resources.map { .figure(projection[$0].map { $0.messagesPerSecond * 0.0036 }) }
                    + [projection.backlogInMemory.map(Sheet.Cell.count) ?? .none]
            })
    }

    private func arithmetic(_ projections: [Projection]) -> Sheet.Table {
        Sheet.Table(
            "projected_bounds", "How each projected bound comes out",
            columns: [
                .init("projected_from", "projected from", isNumber: false),
                .init("projected_bound", "bound", isNumber: false), .init("projected_msg_per_s", "msg/s, projected"),
                .init("projected_arithmetic", "arithmetic", isNumber: false),
                .init("projected_role", "", isNumber: false),
            ],
            rows: projections.flatMap { projection -> [[Sheet.Cell]] in
                let binding = projection.binding.resource
                return projection.bounds.map { bound -> [Sheet.Cell] in
                    [
                        .init("projected from \(projection.run.label)"), .init(bound.resource.label),
                        .count(bound.messagesPerSecond), .init(bound.arithmetic),
                        .init(bound.isAside ? "beside" : bound.resource == binding ? "binds" : ""),
                    ]
                }
            })
    }

    private var notes: [String] {
        var notes = [
            assumptions.sharesMachine
                ? "assumed: generator, MTA and sink share the projected machine, as they did here"
                : "assumed: the projected machine runs the MTA alone; what all three programs took is shown beside it"
        ]
        let known = instances.filter { $0.coreMarkPerSecond != nil }.map(\.name)
        if let here = assumptions.coreMarkHere {
            notes.append(
                "assumed: CPU scales with cores and with CoreMark a core, \(short(here)) a second on this machine"
                    + (known.count < instances.count ? "; 1:1 by cores where the prices have no CoreMark" : ""))
        } else {
            notes.append(
                "assumed: a vCPU there does what a core does here, 1:1: no CoreMark of this machine was given "
                    + "(--coremark-here)")
        }
        notes.append("assumed: all cores can be kept busy; a vCPU that is a hyperthread is less than a core")
        notes.append(
            "assumed: each message passes the card twice, in and out, against the baseline that it carries all the time; "
                + "a card whose two directions have a baseline each carries up to twice the projected figure")
        notes.append(
            assumptions.volume.map {
                "assumed: one volume, \($0.description), where the machine is of its cloud (\($0.type.cloud)); operations beyond "
                    + "256 KiB count as several"
            }
                ?? "assumed: no volume: the disk is bound by the instance alone, where that is known (--storage)")
        notes.append(
            "assumed: what a message writes and syncs stays as here; group commit makes it less under more load")
        notes.append("assumed: memory in use rises with the rate, since messages stay under way as long (Little's law)")
        for run in runs {
            notes += run.warnings.map { "projected from a run that warns: \(run.label): \($0)" }
        }
        return notes
    }
}
