import Foundation
import Measures
import RunRecords

extension HTMLReport {
    var machine: [Markup] {
        let machines = unique { run in
            let machine = run.machine
            return "\(machine.cpu)|\(machine.cores)|\(machine.memoryBytes)|\(machine.kernel)|\(machine.fileSystem)"
        }
        return machines.compactMap { key in
            groups.flatMap(\.runs).first { run in
                let machine = run.machine
                return key
                    == "\(machine.cpu)|\(machine.cores)|\(machine.memoryBytes)|\(machine.kernel)|\(machine.fileSystem)"
            }.map { facts($0) }
        }
    }

    private func facts(_ run: RunRecord) -> Markup {
        let machine = run.machine
        let sync = machine.syncLatency
        var facts = [
            ("Processor", "\(machine.cpu), \(machine.cores) cores, shared by generator, system and sink"),
            ("Memory", "\(fixed(Double(machine.memoryBytes) / 1_073_741_824, 1)) GiB"), ("Linux", machine.kernel),
            ("Spool’s file system", machine.fileSystem),
            (
                "4 KiB write and fdatasync",
                "p50 \(fixed(Double(sync.percentile(50)) / 1e6, 3)) ms, p99 "
                    + "\(fixed(Double(sync.percentile(99)) / 1e6, 3)) ms before the run"
            ),
            ("Open files allowed", grouped(machine.descriptorLimit)),
        ]
        facts += machine.sysctls.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let versions = unique { $0.system.map { "\($0.title) \($0.version)" } ?? "" }
        if !versions.isEmpty { facts.append(("Systems", versions.joined(separator: "; "))) }
        return element(
            "dl", ["class": "facts"],
            facts.flatMap { [element("dt", [:], "\($0.0)"), element("dd", [:], "\($0.1)")] })
    }

    // MARK: Again

    var again: [Markup] {
        var parts = [
            element("p", [:], "With the commit named above, on a machine of one’s own (Debian 12, Swift 6.3):"),
            element("pre", [:], "\(commands.joined(separator: "\n"))"),
        ]
        for text in unique(\.profileText) {
            let name = groups.flatMap(\.runs).first { $0.profileText == text }?.profile.name ?? ""
            parts.append(
                element(
                    "details", [:], element("summary", [:], "The profile \(name), letter by letter"),
                    element("pre", [:], "\(text)")))
        }
        for (row, group) in zip(report.rows, groups) { parts.append(programs(row.name, group.runs[0])) }
        return parts
    }

    private var commands: [String] {
        var lines = unique { run in
            let commit = run.machine.commit
            return
                "git checkout \(commit.replacingOccurrences(of: "-dirty", with: "   # and changes in no commit"))"
        }
        lines.append("make build")
        for name in unique(\.profile.name) {
            let own = groups.filter { $0.runs[0].profile.name == name }
            let repeats = own.flatMap(\.runs).map(\.repeats).max() ?? 1
            let option = repeats > 1 ? " --repeat \(repeats)" : ""
            let systems = own.compactMap { $0.runs[0].system.map { "\($0.name):\($0.variant)" } }
                .map {
                    $0.hasSuffix(":" + SystemFacts.onlyVariant)
                        ? String($0.dropLast(SystemFacts.onlyVariant.count + 1)) : $0
                }
            let isOfSystems = systems.count == own.count
            lines.append(
                isOfSystems
                    ? ".build/release/bench-report compare --systems \(systems.joined(separator: ",")) --profile "
                        + "\(name)\(option)"
                    : ".build/release/bench-report run profiles/\(name).yaml\(option)")
        }
        return lines.map { $0.replacingOccurrences(of: "\n", with: " ") }
    }

    /// Command lines and files of one run of a system.
    private func programs(_ name: String, _ run: RunRecord) -> Markup {
        let headers =
            [("traffic-gen", run.generator.header), ("sink-mta", run.sink.header)]
            + (run.mta.map { [("mta", $0.header)] } ?? [])
        let lines = headers.compactMap { name, header in
            header.arguments.isEmpty
                ? nil : "# \(name), \(header.threads) threads\n" + Self.commandLine(header.arguments)
        }
        var parts = [element("summary", [:], "What was started for \(name)")]
        if !lines.isEmpty { parts.append(element("pre", [:], "\(lines.joined(separator: "\n\n"))")) }
        for (path, text) in (run.system?.files ?? [:]).sorted(by: { $0.key < $1.key }) {
            parts += [element("p", [:], element("code", [:], "\(path)")), element("pre", [:], "\(text)")]
        }
        if let system = run.system, !system.definition.isEmpty {
            parts += [element("p", [:], "Definition of the system:"), element("pre", [:], "\(system.definition)")]
        }
        return parts.count > 1 ? element("details", [:], parts) : ""
    }

    /// As a shell takes it.
    private static func commandLine(_ words: [String]) -> String {
        words.map { word in
            let isPlain =
                !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || "-_./:,=+@%".utf8.contains(byte)
                }
            return isPlain ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
        }.joined(separator: " ")
    }

    // MARK: Records

    var records: [Markup] {
        let rows = zip(report.rows, groups).flatMap { row, group in
            group.runs.map { run in
                let isValid = run.invalid.isEmpty
                let link = links[run.generator.runID].map { address in
                    element("a", ["href": address], "\(address.split(separator: "/").last.map(String.init) ?? address)")
                }
                return [
                    DataTable.Cell("\(row.name)"), DataTable.Cell("\(run.repeatIndex) of \(run.repeats)"),
                    DataTable.Cell("\(Self.moment(run.startedUnixSeconds))", value: run.startedUnixSeconds),
                    DataTable.Cell(
                        element("span", ["class": isValid ? "good" : "bad"], isValid ? "valid" : "INVALID")),
                    DataTable.Cell("\(run.schema)"), DataTable.Cell(link ?? "not beside this page"),
                ]
            }
        }
        return [
            element(
                "p", [:],
                "Everything above is made from these files: whole histograms, a sample a second, counts, ledgers’ "
                    + "verdicts, machine and configuration (docs/RESULTS.md says what each key means)."),
            DataTable(
                caption: "Raw records", head: ["System", "Run", "Started", "Verdict", "Schema", "Record"], rows: rows,
                words: [2, 3, 4, 5], isSortable: true
            ).markup,
        ]
    }
}
