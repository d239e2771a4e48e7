/// Which figures a report shows: of those that were measured in different ways, the same way for all systems.
enum ReportColumns {
    static let delivered = ReportColumn(
        "delivered_mmh", "delivered", unit: "MMH", digits: 2, in: .throughput, moreIsBetter: true)

    static func of(_ groups: [RunGroup]) -> [ReportColumn] {
        let all = throughput + reply(groups) + delivery(groups) + message(groups)
        return all.filter { column in
            let has = groups.map { $0.spread(column.key) != nil }
            // Of some systems only they would be compared with what is counted otherwise.
            return column.key == deviceWrites ? has.allSatisfy(\.self) : has.contains(true)
        }
    }

    private static let deviceWrites = "device_write_bytes_per_message"

    private static var throughput: [ReportColumn] {
        [
            ReportColumn("accepted_mmh", "accepted", unit: "MMH", digits: 2, in: .throughput, moreIsBetter: true),
            delivered,
            ReportColumn(
                "delivered_msg_per_s", "delivered", unit: "msg/s", digits: 0, in: .throughput, moreIsBetter: true),
            ReportColumn(
                "delivered_mb_per_s", "delivered", unit: "MB/s", digits: 1, in: .throughput, moreIsBetter: true),
            ReportColumn(
                "delivered_gbit_per_s", "delivered", unit: "Gbit/s", digits: 3, in: .throughput, moreIsBetter: true),
        ]
    }

    /// From when a message was due, where all loads were open; otherwise from MAIL.
    static func replyKey(_ groups: [RunGroup]) -> String {
        groups.allSatisfy { $0.spread("intended_latency_ms_p50") != nil } ? "intended_latency" : "transaction_latency"
    }

    /// By the sink's clock where all have it, otherwise by the MTA's own account.
    static func deliveryKey(_ groups: [RunGroup]) -> String {
        groups.allSatisfy { $0.spread("end_to_end_latency_ms_p50") != nil } ? "end_to_end_latency" : "delivery_latency"
    }

    private static func reply(_ groups: [RunGroup]) -> [ReportColumn] { latency(replyKey(groups), "reply", .reply) }

    private static func delivery(_ groups: [RunGroup]) -> [ReportColumn] {
        let key = deliveryKey(groups)
        return latency(key, key == "delivery_latency" ? "mta's own" : "end to end", .delivery)
    }

    private static func latency(_ key: String, _ title: String, _ section: ReportColumn.Section) -> [ReportColumn] {
        [("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9")].map { suffix, name in
            ReportColumn("\(key)_ms_\(suffix)", "\(title) \(name)", unit: "ms", digits: 1, in: section)
        }
    }

    /// The system's whole tree of processes where it was watched from outside in all runs; otherwise `mta`'s own record.
    static func cpuKey(_ groups: [RunGroup]) -> String {
        let watched = "system_cpu_us_per_message_total"
        return groups.allSatisfy { $0.spread(watched) != nil } ? watched : "mta_cpu_us_per_message_total"
    }

    private static func message(_ groups: [RunGroup]) -> [ReportColumn] {
        let isWatched = cpuKey(groups).hasPrefix("system")
        let (who, name) = isWatched ? ("system", "system") : ("mta", "mta")
        return [
            ReportColumn(cpuKey(groups), "\(name) CPU", unit: "µs/msg", digits: 1, in: .message),
            ReportColumn(
                "system_messages_per_cpu_s", "per CPU second", unit: "msg/CPU s", digits: 0, in: .message,
                moreIsBetter: true),
            ReportColumn(
                "\(who)_disk_write_bytes_per_message", "\(name) writes", unit: "bytes/msg", digits: 0, in: .message),
            ReportColumn(
                deviceWrites, "device writes", unit: "bytes/msg", digits: 0, in: .message),
            ReportColumn("system_syncs_per_message", "syncs", unit: "syncs/msg", digits: 3, in: .message),
            ReportColumn("\(who)_memory_peak_mib", "peak memory", unit: "MiB", digits: 0, in: .message),
        ]
    }
}
