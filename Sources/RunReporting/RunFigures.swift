import Measures
package import RunRecords

/// The figures of one run, each with its unit in its name: what tables, CSV and JSON are made of.
package struct RunFigures: Sendable {
    /// One named value; `key` carries the unit, most significant word first.
    package struct Figure: Sendable, Hashable {
        package var key: String
        /// What a person reads.
        package var label: String
        package var unit: String
        package var value: Double
        /// Decimals that make sense.
        package var digits: Int

        /// Of so much a time, or bought with it: a run that is no result has none.
        package var isRate: Bool { Self.rateUnits.contains(unit) }
        private static let rateUnits = ["MMH", "msg/s", "MB/s", "Gbit/s", "msg/CPU s", "USD"]
    }

    package let figures: [Figure]

    /// Accepted: first MAIL to the last final reply at the generator. Delivered: first MAIL to the last message at the
    /// sink; both without the load's own warm-up. Latency: MAIL written to final reply; of an open load also from when it
    /// was due; end to end by the sink. What a record has only together with other mail is left out.
    package init(_ run: RunRecord) {
        var figures: [Figure] = []
        func add(_ key: String, _ label: String, _ unit: String, _ value: Double, _ digits: Int) {
            figures.append(Figure(key: key, label: label, unit: unit, value: value, digits: digits))
        }
        let (accepted, delivered) = (run.measured.acceptedPerSecond, run.measured.deliveredPerSecond)
        let size = Double(run.generator.messageSizeBytes)
        add("accepted_mmh", "accepted", "MMH", accepted * 0.0036, 3)
        add("delivered_mmh", "delivered", "MMH", delivered * 0.0036, 3)
        add("accepted_msg_per_s", "accepted", "msg/s", accepted, 0)
        add("delivered_msg_per_s", "delivered", "msg/s", delivered, 0)
        add("delivered_mb_per_s", "delivered", "MB/s", delivered * size / 1e6, 1)
        add("delivered_gbit_per_s", "delivered", "Gbit/s", delivered * size * 8 / 1e9, 3)
        Self.addLatency("transaction_latency", "transaction", run.generator.transactionLatency, &figures)
        if let intended = run.generator.intendedLatency, run.generator.load?.model == .open {
            Self.addLatency("intended_latency", "due to final reply", intended, &figures)
        }
        if let endToEnd = run.endToEndLatency {
            Self.addLatency("end_to_end_latency", "end to end", endToEnd, &figures)
        }
        if let own = run.ownDeliveryLatency {
            Self.addLatency("delivery_latency", "accept to deliver", own, &figures)
        }
        Self.addResources(run, &figures)
        Self.addSystem(run, &figures)
        figures += ScenarioFigures.figures(run)
        for price in run.profile.prices { Self.addCost(price, delivered, size, &figures) }
        self.figures = figures
    }

    private static func addLatency(
        _ key: String, _ label: String, _ histogram: LatencyHistogram, _ figures: inout [Figure]
    ) {
        for (name, percentile) in [("p50", 50.0), ("p90", 90), ("p99", 99), ("p999", 99.9), ("max", 100)] {
            let value = percentile == 100 ? histogram.max_ns : histogram.percentile(percentile)
            figures.append(
                Figure(
                    key: "\(key)_ms_\(name)", label: "\(label) \(name == "p999" ? "p99.9" : name)", unit: "ms",
                    value: Double(value) / 1e6, digits: 2))
        }
    }

    private static func addResources(_ run: RunRecord, _ figures: inout [Figure]) {
        let messages = Double(max(1, run.deliveredMessages))
        let mta = run.ownAccount
        let programs = [
            ("generator", run.generator.header.usage), ("mta", mta?.header.usage), ("sink", run.sink.header.usage),
        ].compactMap { name, usage in usage.map { (name, $0) } }
        for (name, usage) in programs {
            let parts = [
                ("user", usage.cpuUserSeconds), ("system", usage.cpuSystemSeconds), ("total", usage.cpuSeconds),
            ]
            for (part, seconds) in parts {
                figures.append(
                    Figure(
                        key: "\(name)_cpu_us_per_message_\(part)", label: "\(name) CPU \(part)", unit: "µs/msg",
                        value: seconds * 1e6 / messages, digits: 1))
            }
        }
        for (name, usage) in programs {
            figures.append(
                Figure(
                    key: "\(name)_memory_peak_mib", label: "\(name) peak memory", unit: "MiB",
                    value: Double(usage.memoryPeakBytes) / 1_048_576, digits: 0))
        }
        if let mta {
            figures.append(
                Figure(
                    key: "mta_disk_write_bytes_per_message", label: "mta disk writes", unit: "bytes/msg",
                    value: Double(mta.header.usage.diskWriteBytes) / messages, digits: 0))
        }
        if let written = run.resources?.deviceWriteBytes ?? run.deviceWriteBytes {
            figures.append(
                Figure(
                    key: "device_write_bytes_per_message", label: "device writes, all programs", unit: "bytes/msg",
                    value: Double(written) / messages, digits: 0))
        }
        if let mta {
            figures.append(
                Figure(
                    key: "mta_messages_per_commit", label: "messages a commit", unit: "msg",
                    value: Double(mta.commitMessages) / Double(max(1, mta.commits)), digits: 1))
            figures.append(
                Figure(
                    key: "mta_commit_latency_ms_p50", label: "commit p50", unit: "ms",
                    value: Double(mta.commitLatency.percentile(50)) / 1e6, digits: 2))
        }
    }

    /// The system under test as it was watched from outside, and what a second of its CPU did.
    private static func addSystem(_ run: RunRecord, _ figures: inout [Figure]) {
        let messages = Double(max(1, run.deliveredMessages))
        func add(_ key: String, _ label: String, _ unit: String, _ value: Double, _ digits: Int) {
            figures.append(Figure(key: key, label: label, unit: unit, value: value, digits: digits))
        }
        let watched = run.resources?[.system]
        if let watched {
            let parts = [
                ("user", watched.cpuUserSeconds), ("system", watched.cpuSystemSeconds), ("total", watched.cpuSeconds),
            ]
            for (part, seconds) in parts {
                add("system_cpu_us_per_message_\(part)", "system CPU \(part)", "µs/msg", seconds * 1e6 / messages, 1)
            }
            add("system_memory_peak_mib", "system peak memory", "MiB", Double(watched.memoryPeakBytes) / 1_048_576, 0)
            add(
                "system_disk_write_bytes_per_message", "system disk writes", "bytes/msg",
                Double(watched.diskWriteBytes) / messages, 0)
            if let syncs = watched.syncs {
                add("system_syncs_per_message", "syncs", "syncs/msg", Double(syncs.total) / messages, 3)
            }
        }
        let seconds = watched?.cpuSeconds ?? run.ownAccount?.header.usage.cpuSeconds ?? 0
        guard seconds > 0 else { return }
        add("system_messages_per_cpu_s", "a CPU second", "msg/CPU s", Double(run.deliveredMessages) / seconds, 0)
    }

    /// Cost of a thousand delivered messages at a machine's price, if it delivered at the rate measured here.
    private static func addCost(
        _ price: RunProfile.Price, _ delivered: Double, _ size: Double, _ figures: inout [Figure]
    ) {
        let name = price.name.lowercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        let compute = delivered > 0 ? price.usdPerHour / (delivered * 3600) * 1000 : 0
        let egress = size * 1000 / 1e9 * price.egressUSDPerGB
        figures.append(
            Figure(
                key: "cpm_compute_usd_\(name)", label: "CPM compute, \(price.name)", unit: "USD", value: compute,
                digits: 8))
        figures.append(
            Figure(
                key: "cpm_egress_usd_\(name)", label: "CPM egress, \(price.name)", unit: "USD", value: egress, digits: 8
            ))
    }
}
