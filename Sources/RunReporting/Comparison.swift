import Measures
import RunRecords

/// Systems that were given the same to do, and the few figures by which one is chosen.
struct Comparison {
    /// One figure of every system.
    struct Column {
        var key: String
        /// Two short lines for the head of a table.
        var title: String
        var unit: String
        var digits: Int

        func text(_ value: Double) -> String {
            digits == 0 && value.magnitude < 9e18 ? grouped(Int(value.rounded())) : fixed(value, digits)
        }
        /// `(9.1–9.8)`.
        func range(_ spread: RunGroup.Spread) -> String { "(\(text(spread.minimum))–\(text(spread.maximum)))" }
    }

    let groups: [RunGroup]

    private static let mtaWrites = Column(
        key: "mta_disk_write_bytes_per_message", title: "mta writes", unit: "bytes/msg", digits: 0)
    private static let deviceWrites = Column(
        key: "device_write_bytes_per_message", title: "device writes", unit: "bytes/msg", digits: 0)

    /// Whether the device's writes could be counted in every system's runs.
    var hasDeviceWrites: Bool { groups.allSatisfy { $0.spread(Self.deviceWrites.key) != nil } }

    /// Bytes written: to the device, otherwise by the MTA's own account.
    var writes: Column { hasDeviceWrites ? Self.deviceWrites : Self.mtaWrites }

    static let rate = Column(key: "delivered_mmh", title: "delivered", unit: "MMH", digits: 2)
    static let cpu = Column(key: "mta_cpu_us_per_message_total", title: "mta CPU", unit: "µs/msg", digits: 1)
    static let reply = Column(key: "transaction_latency_ms_p99", title: "final reply", unit: "ms, p99", digits: 1)

    var columns: [Column] {
        [Self.rate, Column(key: "delivered_msg_per_s", title: "delivered", unit: "msg/s", digits: 0), Self.cpu]
            + [Self.mtaWrites] + (hasDeviceWrites ? [Self.deviceWrites] : [])
            + [Column(key: "transaction_latency_ms_p50", title: "final reply", unit: "ms, p50", digits: 1), Self.reply]
    }

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

    /// `3`, or `2 of 3` where a repeat is missing.
    static func runs(_ group: RunGroup) -> String {
        let wanted = group.runs.map(\.repeats).max() ?? 0
        return group.runs.count < wanted ? "\(group.runs.count) of \(wanted)" : "\(group.runs.count)"
    }

    /// Acknowledged messages that were lost, arrived more than once or were changed, over all runs of the group.
    static func faults(_ group: RunGroup) -> String {
        let audits = group.runs.map(\.audit)
        let counts = [audits.map(\.lost), audits.map(\.doubled), audits.map(\.changed)].map { $0.reduce(0, +) }
        return counts.map { grouped($0) }.joined(separator: "/")
    }

    /// `120,000 messages of 10 KB over 100 connections`: what each load was.
    var loads: [String] {
        unique {
            "\(grouped($0.profile.messages)) messages of \(ByteCount(bytes: $0.profile.messageSizeBytes)) over "
                + "\(grouped($0.profile.connections)) connections"
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
}
