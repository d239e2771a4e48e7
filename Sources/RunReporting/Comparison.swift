import Measures
import RunRecords

/// Systems that were given the same to do, and the few figures by which one is chosen.
struct Comparison {
    let groups: [RunGroup]

    /// The systems' names; with what tells them apart where it takes more than the name.
    var names: [String] {
        let profiles = Set(groups.map(\.runs[0].profile.name))
        let commits = Set(groups.map(\.runs[0].machine.commit))
        var seen: [String: Int] = [:]
        return groups.map { group in
            let run = group.runs[0]
            let name =
                (profiles.count > 1 ? run.profile.name + " " : "") + run.systemLabel
                + (commits.count > 1 ? " " + run.machine.commit : "")
            seen[name, default: 0] += 1
            return seen[name] == 1 ? name : "\(name) #\(seen[name]!)"
        }
    }

    /// `120,000 messages of 10 KB over 100 connections`: what each load was; of several, with the systems that had it.
    var loads: [String] {
        func text(_ run: RunRecord) -> String {
            LoadText.of(run.profile, size: "\(ByteCount(bytes: run.profile.messageSizeBytes))")
        }
        let texts = unique(text)
        guard texts.count > 1 else { return texts }
        return texts.map { load in
            let whose = zip(names, groups).filter { $0.1.runs.contains { text($0) == load } }.map(\.0)
            return "\(load) (\(whose.joined(separator: ", ")))"
        }
    }

    /// What a text is in each run, without repetitions, in order.
    func unique(_ text: (RunRecord) -> String) -> [String] {
        var found: [String] = []
        for run in groups.flatMap(\.runs) {
            let value = text(run)
            if !found.contains(value) { found.append(value) }
        }
        return found
    }

    /// On what all was measured, and what the figures mean: the lines below a table.
    var notes: [String] {
        var lines: [String] = []
        if groups.contains(where: { $0.runs.contains { $0.order != nil && $0.repeats > 1 } }) {
            lines.append("the order of the systems alternates between repeats")
        }
        for promise in SpoolPromise.allCases where groups.contains(where: { $0.runs[0].promise == promise }) {
            lines.append("\(promise.label): \(promise.rawValue), \(promise.explanation)")
        }
        lines += meanings
        lines += unique { ($0.conditions ?? []).joined(separator: "; ") }.filter { !$0.isEmpty }
        lines += unique {
            "measured on \($0.machine.cpu), \($0.machine.cores) cores shared by all programs, "
                + "\(fixed(Double($0.machine.memoryBytes) / 1_073_741_824, 1)) GiB, Linux \($0.machine.kernel), loopback, "
                + "\($0.machine.fileSystem); commit \($0.machine.commit)"
        }
        let syncs = groups.flatMap(\.runs).map { Double($0.machine.syncLatency.percentile(50)) / 1e6 }
        lines.append(
            "4 KiB fdatasync p50 \(fixed(syncs.min() ?? 0, 3))–\(fixed(syncs.max() ?? 0, 3)) ms before the runs")
        return lines
    }

    private var meanings: [String] {
        var lines = [
            ReportColumns.replyKey(groups) == "intended_latency"
                ? "reply: from when a message was due to its final reply, at the generator"
                : "reply: MAIL written to final reply, at the generator; pipelined, with the wait for the message before"
        ]
        let has = { (key: String) in groups.contains { $0.spread(key) != nil } }
        if has("end_to_end_latency_ms_p50"), ReportColumns.deliveryKey(groups) == "end_to_end_latency" {
            lines.append("end to end: from when a message was due to its last byte at the sink")
        } else if has("delivery_latency_ms_p50") {
            lines.append("mta's own: its 250 to the next hop's 250, by its own account")
        }
        if ReportColumns.cpuKey(groups).hasPrefix("system") {
            lines.append("system: all processes of the system under test, as the kernel counts them")
        } else {
            lines.append("mta writes: pages that the mta made dirty, as the kernel charges them")
        }
        if has("device_write_bytes_per_message") {
            let isWhole = groups.allSatisfy { $0.runs.allSatisfy { $0.resources?.deviceIsSynced == true } }
            lines.append(
                "device writes: by whatever wrote to the spool's device, "
                    + (isWhole
                        ? "with what the kernel still held when the system had stopped"
                        : "until the last delivery; not what the kernel still held"))
        }
        return lines
    }
}
