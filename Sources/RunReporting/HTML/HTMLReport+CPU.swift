import Measures
import RunRecords

extension HTMLReport {
    /// Whose CPU, from the bottom of a stack up, and how each is drawn.
    private static let parts: [(group: ResourceRecord.Group, name: String, style: String)] = [
        (.system, "system under test", "s1"), (.generator, "generator", "s2 light"), (.sink, "sink", "s3 light"),
    ]

    var cpuCharts: [Markup] {
        guard let message = cpuOfAMessage else { return [] }
        let drawn = zip(report.rows, groups).compactMap { row, group in
            Self.middleFirst(group).lazy.compactMap(CPUOverTime.init).first.map { (row, $0) }
        }
        let longest = drawn.map(\.1.seconds).max() ?? 0
        let charts = drawn.enumerated().map { overTime($0.offset, $0.element.0.name, $0.element.1, longest) }
        return [
            element(
                "p", [:],
                "Generator, system and sink share the machine’s cores: what one uses the others do not have. User "
                    + "and system time together, by the kernel’s account."),
            message.markup(.whole),
            charts.isEmpty ? "" : multiples(charts),
        ]
    }

    /// Medians of each part; their sum is what a message costs the whole machine.
    private var cpuOfAMessage: Chart? {
        let systemKey = report.columns.first { $0.key.hasSuffix("cpu_us_per_message_total") }?.key
        let keys = [systemKey, "generator_cpu_us_per_message_total", "sink_cpu_us_per_message_total"]
        let values = groups.map { group in
            zip(Self.parts, keys).map { part, key in (part: part, value: key.flatMap { group.spread($0)?.median }) }
        }
        guard values.contains(where: { $0[0].value != nil }) else { return nil }
        let bars = zip(report.rows, values).map { row, values in
            StackedBars.Bar(
                name: row.name, parts: values.map { .init(style: $0.part.style, value: $0.value ?? 0) },
                text: fixed(values.compactMap(\.value).reduce(0, +), 1))
        }
        return Chart(
            id: "cpu-message", title: "CPU a message, µs", explanation: "Less is better.",
            description: zip(report.rows, values).map { row, values in
                "\(row.name): "
                    + values.map { "\($0.part.name) \($0.value.map { fixed($0, 1) } ?? "not measured")" }.joined(
                        separator: ", ")
            }.joined(separator: "; ") + ". Microseconds a message.",
            keys: Self.keys,
            table: [["System"] + Self.parts.map { "\($0.name), µs/msg" }]
                + zip(report.rows, values).map { row, values in
                    [row.name] + values.map { $0.value.map { fixed($0, 1) } ?? "" }
                },
            draw: { StackedBars(bars: bars).draw($0, $1) })
    }

    private static var keys: [Chart.Key] { parts.map { .init(name: $0.name, style: $0.style, isArea: true) } }

    /// Cores used in each second, by group.
    private struct CPUOverTime {
        var seconds: Double
        var cores: Int
        /// In the order of ``parts``, all with the same x.
        var points: [[RunSeries.Point]]

        init?(_ run: RunRecord) {
            let first = run.generator.firstOfferedUnixSeconds
            let last = max(run.sink.lastReceivedUnixSeconds, run.generator.lastAcceptedUnixSeconds)
            let samples = (run.resources?.samples ?? []).filter { $0.unixSeconds > first && $0.unixSeconds <= last + 1 }
            guard samples.count > 1 else { return nil }
            seconds = last - first
            cores = run.machine.cores
            points = HTMLReport.parts.map { part in
                let values = zip([nil] + samples.map(Optional.some), samples).map { before, sample -> RunSeries.Point in
                    let length = max(0.2, sample.unixSeconds - (before?.unixSeconds ?? sample.unixSeconds - 1))
                    let used = [sample.cpuUserSeconds, sample.cpuSystemSeconds].compactMap { $0[part.group.rawValue] }
                    return (min(sample.unixSeconds, last) - first, used.reduce(0, +) / length)
                }
                return RunSeries.averaged(values, to: 160)
            }
        }
    }

    private func overTime(_ index: Int, _ name: String, _ cpu: CPUOverTime, _ longest: Double) -> Chart {
        let chart = CurveChart(
            curves: zip(Self.parts, cpu.points).map { .init(style: $0.style, points: $1) }, isStacked: true,
            xAxis: { .time(upTo: longest, count: $0) }, yAxis: .linear(upTo: Double(cpu.cores) * 1.1, count: 4),
            xLabel: "seconds since the first message", yLabel: "cores in use",
            ceiling: (Double(cpu.cores), "all \(cpu.cores) cores"))
        let means = zip(Self.parts, cpu.points).map { part, points in
            "\(part.name) \(fixed(points.map(\.y).reduce(0, +) / Double(max(1, points.count)), 2))"
        }
        return Chart(
            id: "cpu-time-\(index)", title: name, explanation: "Cores in use, a second after the other.",
            description:
                "Areas on each other over \(fixed(cpu.seconds, 1)) seconds; on average "
                + "\(means.joined(separator: ", ")) cores of \(cpu.cores).",
            table: [["Second"] + Self.parts.map { "\($0.name), cores" }]
                + cpu.points[0].indices.prefix(60).map { row in
                    [fixed(cpu.points[0][row].x, 1)] + cpu.points.map { fixed($0[row].y, 2) }
                },
            draw: { chart.draw($0, $1) })
    }
}
