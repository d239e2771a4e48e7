import CGnuplot
import Measures
package import RunRecords

/// Who used the processor: user and system time of generator, system and sink, a message and over time.
package struct CPUChart {
    private let groups: [RunGroup]
    private let names: [String]

    /// - Parameter runs: at least one.
    package init(_ runs: [RunRecord]) {
        let comparison = Comparison(groups: RunGroup.gather(runs))
        (groups, names) = (comparison.groups, comparison.names)
    }

    /// - Parameter path: SVG or PNG by its suffix.
    /// - Throws: ``RecordFault`` with what gnuplot could not do.
    package func write(to path: String) throws(RecordFault) {
        var error = [CChar](repeating: 0, count: 512)
        let memory = LentMemory()
        let panels = [perMessage(memory)] + zip(groups, names).compactMap { overTime($0, $1, memory) }
        let status = withExtendedLifetime(memory) {
            mr_plot_stacks(path, title, panels, panels.count, &error, error.count)
        }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    private var title: String {
        let runs = groups.flatMap(\.runs)
        let cores = Set(runs.map(\.machine.cores)).sorted().map(String.init).joined(separator: " or ")
        return (runs.contains { $0.disqualification != nil } ? "INVALID: " : "")
            + "Processor time, \(runs[0].machine.cpu), \(cores) cores"
    }

    /// A layer for each of the parts, in the order of the stack.
    private static let parts: [(group: ResourceRecord.Group, part: String)] = ResourceRecord.Group.allCases.flatMap {
        [($0, "user"), ($0, "system")]
    }

    private static func title(_ group: ResourceRecord.Group, _ part: String) -> String {
        "\(group == .system ? "system under test" : group.rawValue), \(part == "system" ? "kernel" : part)"
    }

    /// Medians of the repeats.
    private func perMessage(_ memory: LentMemory) -> mr_stack_panel {
        let layers = Self.parts.map { group, part in
            let values = groups.map { runs in
                let key = "\(group.rawValue)_cpu_us_per_message_\(part)"
                // The MTA's own account where nobody watched it.
                return (runs.spread(key) ?? runs.spread(group == .system ? "mta_cpu_us_per_message_\(part)" : key))?
                    .median ?? 0
            }
            return mr_layer(title: memory.text(Self.title(group, part)), values: memory.copy(values))
        }
        return mr_stack_panel(
            title: memory.text("A message"), x_label: memory.text("µs a message"), y_label: memory.text(""), x: nil,
            names: memory.copy(names.map { Optional(memory.text($0)) }), count: names.count,
            layers: memory.copy(layers), layer_count: layers.count)
    }

    /// Of the first run that was sampled; nil if none was.
    private func overTime(_ group: RunGroup, _ name: String, _ memory: LentMemory) -> mr_stack_panel? {
        guard let run = group.runs.first(where: { ($0.resources?.samples.count ?? 0) > 1 }),
            let samples = run.resources?.samples
        else { return nil }
        let first = run.generator.firstOfferedUnixSeconds
        let times = samples.map { max(0, $0.unixSeconds - first) }
        let layers = Self.parts.map { group, part in
            let values = samples.map { sample in
                (part == "user" ? sample.cpuUserSeconds : sample.cpuSystemSeconds)[group.rawValue] ?? 0
            }
            return mr_layer(title: memory.text(Self.title(group, part)), values: memory.copy(values))
        }
        return mr_stack_panel(
            title: memory.text(group.label(run).hasSuffix(name) ? name : "\(name), run \(run.repeatIndex)"),
            x_label: memory.text("seconds since the first message"), y_label: memory.text("cores busy"),
            x: memory.copy(times), names: nil, count: times.count, layers: memory.copy(layers),
            layer_count: layers.count)
    }
}
