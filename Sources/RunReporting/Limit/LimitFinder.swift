import Measures
package import RunRecords

/// What a run's rate was limited by.
package enum RunLimit: String, Codable, Hashable, Sendable, CaseIterable {
    case generator, sink
    case cpu = "CPU"
    case syncs = "disk, syncs"
    case bandwidth = "disk, bandwidth"
    case network, memory
    case configured = "a configured limit"
    case unclear = "not clear"
}

/// What limited one run, with the figures that say so.
package struct LimitVerdict: Codable, Hashable, Sendable {
    package var limit: RunLimit
    /// Figures, the deciding one first; none of what is no valid result: there are rates among them.
    package var reasons: [String]

    /// `CPU: all 2 cores 97 % busy; …`.
    package var text: String {
        reasons.isEmpty
            ? "\(limit.rawValue) (figures withheld)" : "\(limit.rawValue): \(reasons.joined(separator: "; "))"
    }
}

/// Weighs what a run used against what there was. The order is that of how sure a finding is: a limit that was asked for
/// and reached, then what was measured to be full, and last what is only what is left.
package struct LimitFinder {
    private let run: RunRecord
    private let load: RunLoadFigures
    private let limits: RunLimits

    /// Shares from which something is called full, and up to which it is called idle.
    private static let full = 0.9
    private static let idle = 0.75

    package init(_ run: RunRecord) {
        self.run = run
        load = RunLoadFigures(run)
        limits = RunLimits(run)
    }

    package var verdict: LimitVerdict {
        guard load.seconds > 0, load.deliveredPerSecond > 0 else {
            return LimitVerdict(limit: .unclear, reasons: ["no message was delivered"])
        }
        return askedRate ?? limitedDisk ?? limitedMemory ?? tiredGenerator ?? tiredSink ?? busyCores ?? syncLatency
            ?? busySystem ?? distance ?? connections ?? unclear
    }

    private func percent(_ share: Double) -> String { "\(fixed(share * 100, 0)) %" }

    private var cpuShares: String {
        "system \(percent(load.share(.system))), generator \(percent(load.share(.generator))), "
            + "sink \(percent(load.share(.sink))) of it"
    }

    private var cpuLine: String {
        guard load.isCPUKnown else {
            return "CPU of the load alone is not known: it took \(fixed(load.seconds, 1)) s of the programs' "
                + "\(fixed(load.lifeSeconds, 1)) s, with fewer than two samples"
        }
        return "\(load.cores) cores \(percent(load.busy)) busy: \(cpuShares)"
    }

    // MARK: Asked for

    /// An open load whose rate the system kept up with.
    private var askedRate: LimitVerdict? {
        guard let facts = run.generator.load, facts.model == .open, let rate = facts.ratePerSecond, rate > 0 else {
            return nil
        }
        let reached = load.acceptedPerSecond / rate
        guard reached >= 0.98, (run.generator.droppedStarts ?? 0) == 0 else { return nil }
        return LimitVerdict(
            limit: .configured,
            reasons: [
                "the rate asked for, \(significant(rate, 3)) msg/s, was reached (\(percent(reached))): the system may do more",
                cpuLine,
            ])
    }

    /// What the kernel wrote after the load is in the whole of a run, and cannot have slowed it.
    private var writtenUnderLoad: UInt64? {
        run.resources?.deviceWriteBytesUnderLoad ?? run.resources?.deviceWriteBytes ?? run.deviceWriteBytes
    }

    private var limitedDisk: LimitVerdict? {
        let written = writtenUnderLoad
        if let limit = limits.diskBytesPerSecond, let written {
            let rate = Double(written) / load.seconds
            if rate >= Self.full * limit {
                return LimitVerdict(
                    limit: .bandwidth,
                    reasons: [
                        "\(fixed(rate / 1e6, 0)) MB/s written to a disk limited to \(fixed(limit / 1e6, 0)) MB/s",
                        cpuLine,
                    ])
            }
        }
        if let limit = limits.diskWritesPerSecond, let writes = run.resources?.deviceWrites {
            let rate = Double(writes) / load.seconds
            if rate >= Self.full * limit {
                return LimitVerdict(
                    limit: .syncs,
                    reasons: [
                        "\(fixed(rate, 0)) writes a second on a disk limited to \(fixed(limit, 0))", cpuLine,
                    ])
            }
        }
        return nil
    }

    private var limitedMemory: LimitVerdict? {
        guard let limit = limits.memoryBytes, let used = run.resources?[.system]?.memoryPeakBytes,
            Double(used) >= 0.95 * Double(limit)
        else { return nil }
        return LimitVerdict(
            limit: .memory,
            reasons: [
                "\(fixed(Double(used) / 1_073_741_824, 2)) of \(fixed(Double(limit) / 1_073_741_824, 2)) GiB in use",
                cpuLine,
            ])
    }

    // MARK: Full

    private var tiredGenerator: LimitVerdict? {
        let threads = run.generator.header.threads
        let used = load.busy(.generator, threads: threads)
        guard used >= Self.full else { return nil }
        return LimitVerdict(
            limit: .generator,
            reasons: ["its \(threads) threads were \(percent(used)) busy: it measured itself", cpuLine])
    }

    private var tiredSink: LimitVerdict? {
        let threads = run.sink.header.threads
        let used = load.busy(.sink, threads: threads)
        guard used >= Self.full else { return nil }
        return LimitVerdict(
            limit: .sink, reasons: ["its \(threads) threads were \(percent(used)) busy", cpuLine])
    }

    private var busyCores: LimitVerdict? {
        guard load.busy >= Self.full else { return nil }
        return LimitVerdict(limit: .cpu, reasons: ["all \(cpuLine)"])
    }

    /// Our own MTA with fewer threads than there are cores.
    private var busySystem: LimitVerdict? {
        guard let threads = run.mta?.header.threads, threads < load.cores else { return nil }
        let used = load.busy(.system, threads: threads)
        guard used >= Self.full else { return nil }
        return LimitVerdict(
            limit: .cpu, reasons: ["the system's \(threads) threads were \(percent(used)) busy", cpuLine])
    }

    /// Time in which a sync was under way: by the MTA's own commits, otherwise by the calls times what one takes here.
    private var syncShare: (share: Double, text: String)? {
        guard run.promise == .fsync else { return nil }
        if let mta = run.mta, mta.commits > 0 {
            let inCommits = mta.commitLatency.mean_ns * Double(mta.commitLatency.count) / 1e9
            return (
                inCommits / load.seconds,
                "\(grouped(mta.commits)) commits of \(significant(mta.commitLatency.mean_ns / 1e6, 3)) ms"
            )
        }
        guard let syncs = run.resources?[.system]?.syncs?.total, syncs > 0 else { return nil }
        let alone = Double(run.machine.syncLatency.percentile(50)) / 1e9
        return (
            Double(syncs) * alone / load.seconds,
            "\(grouped(syncs)) syncs, of which one takes \(significant(alone * 1e3, 3)) ms alone"
        )
    }

    private var syncLatency: LimitVerdict? {
        guard let sync = syncShare, sync.share >= 0.8 else { return nil }
        return LimitVerdict(
            limit: .syncs,
            reasons: ["\(sync.text), come to \(percent(sync.share)) of \(fixed(load.seconds, 1)) s", cpuLine])
    }

    // MARK: What is left

    private var distance: LimitVerdict? {
        guard let network = limits.network, load.isCPUKnown, load.busy < Self.idle else { return nil }
        return LimitVerdict(limit: .network, reasons: [network, cpuLine])
    }

    /// A closed load keeps as many messages under way as it has connections; if nothing else was full, these were few.
    /// Little's law: connections = rate × latency.
    private var connections: LimitVerdict? {
        guard run.generator.load?.model != .open, load.isCPUKnown, load.busy < Self.idle,
            (syncShare?.share ?? 0) < 0.5
        else { return nil }
        let latency = run.generator.transactionLatency.mean_ns / 1e9
        let underWay = load.acceptedPerSecond * latency
        let share = underWay / Double(max(1, run.generator.concurrency))
        guard share >= 0.85 else { return nil }
        let pairs = share > 1 && run.generator.pipelining ? " (pipelined: up to two on each)" : ""
        return LimitVerdict(
            limit: .configured,
            reasons: [
                "all \(grouped(run.generator.concurrency)) connections were waiting: \(significant(load.acceptedPerSecond, 3)) msg/s ×"
                    + " \(significant(latency * 1e3, 3)) ms = \(significant(underWay, 3)) under way\(pairs); more connections may give more",
                cpuLine,
            ])
    }

    private var unclear: LimitVerdict {
        var reasons = [cpuLine]
        if let sync = syncShare { reasons.append("\(sync.text), \(percent(sync.share)) of the time") }
        let latency = run.generator.transactionLatency.mean_ns / 1e9
        reasons.append(
            "\(significant(load.acceptedPerSecond * latency, 3)) messages under way on "
                + "\(grouped(run.generator.concurrency)) connections")
        if let written = writtenUnderLoad {
            reasons.append("\(fixed(Double(written) / load.seconds / 1e6, 0)) MB/s written to the device")
        }
        return LimitVerdict(limit: .unclear, reasons: reasons)
    }
}

/// What limited the repeats of one system.
package struct LimitSummary: Codable, Hashable, Sendable {
    /// That of the repeat in the middle by its delivered rate.
    package var verdict: LimitVerdict
    /// Repeats by what limited them.
    package var counts: [String: Int]

    /// - Parameter runs: at least one.
    package init(_ runs: [RunRecord]) {
        let verdicts = runs.map { (rate: RunLoadFigures($0).deliveredPerSecond, verdict: LimitFinder($0).verdict) }
            .sorted { $0.rate < $1.rate }
        verdict = verdicts[verdicts.count / 2].verdict
        counts = [:]
        for (_, verdict) in verdicts { counts[verdict.limit.rawValue, default: 0] += 1 }
    }

    /// The line under a measured result, without the system's name.
    package var text: String {
        guard counts.count > 1 else { return verdict.text }
        let others = counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        return "not the same in all runs (\(others.map { "\($0.key) \($0.value)" }.joined(separator: ", "))); "
            + "the one in the middle: \(verdict.text)"
    }
}
