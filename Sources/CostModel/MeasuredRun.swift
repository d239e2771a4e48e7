import MailTypes
import Measures
package import RunRecords

/// What the runs of one profile and system say of a message: medians, all of them valid.
package struct MeasuredRun: Sendable {
    package let label: String
    package let profile: String
    package let runs: Int
    /// First MAIL to the last message at the sink, without the load's own warm-up.
    package let messagesPerSecond: Double
    /// The rate of an open load that was reached, as a text with its unit: such a run does not say what more there may
    /// be. Nil of a closed load, and where the system could not keep up.
    package let askedFor: String?
    /// Slowest and fastest of the runs.
    package let rateRange: ClosedRange<Double>
    package let messages: Int
    /// As asked for, without the header that comes on top.
    package let bodyBytes: Double
    /// Header included.
    package let messageBytes: Double
    package let connections: Int
    package let machine: String
    package let cores: Int
    /// Microseconds a message of the system under test alone; nil: not counted, as of a system that keeps no record.
    package let systemCPU: Double?
    /// Of generator, system and sink together.
    package let allCPU: Double?
    package let memoryPeakBytes: Double?
    /// Bytes that the system gave to the disk, a message.
    package let diskBytes: Double?
    /// Syncs of the system a message; nil: not counted in the run.
    package let syncs: Double?
    /// Writes that reached the device, a message, by anybody; nil: not counted.
    package let deviceWrites: Double?
    /// `cpu and disk of the system: /proc, by tree of processes`.
    package let accounting: String
    package let promise: SpoolPromise
    /// What was seen of that promise.
    package let evidence: DurabilityEvidence?
    /// What the machine was made to be, a line each.
    package let conditions: [String]
    /// What the runs distrust about themselves, each text once.
    package let warnings: [String]
    package let startedUnixSeconds: Double
    package let commit: String

    /// Runs of the same profile (as written), system and commit belong together.
    /// - Throws: ``RecordFault`` with the reason for the first run that is no result: nothing is derived from it.
    package static func gather(_ runs: [RunRecord]) throws(RecordFault) -> [MeasuredRun] {
        var groups: [(key: String, runs: [RunRecord])] = []
        for run in runs {
            if let reason = run.invalid.first {
                throw RecordFault(
                    "\(run.profile.name) \(run.systemLabel), run \(run.repeatIndex), is no valid result, and nothing is "
                        + "derived from it: \(reason)")
            }
            guard run.measured.deliveredPerSecond > 0 else {
                throw RecordFault("\(run.profile.name) \(run.systemLabel): nothing was delivered")
            }
            let key = [run.profile.name, run.systemLabel, run.profileText, run.machine.commit].joined(separator: "\n")
            if let index = groups.firstIndex(where: { $0.key == key }) {
                groups[index].runs.append(run)
            } else {
                groups.append((key, [run]))
            }
        }
        return groups.map { MeasuredRun($0.runs) }
    }

    private static func rate(_ run: RunRecord) -> Double { run.measured.deliveredPerSecond }

    private static func asked(_ run: RunRecord, reached: Double) -> String? {
        guard let load = run.generator.load, load.model == .open else { return nil }
        guard let rate = load.ratePerSecond, load.stages.isEmpty else { return "rates in stages" }
        return reached >= 0.9 * rate ? "\(significant(rate, 3)) msg/s" : nil
    }

    private init(_ runs: [RunRecord]) {
        let first = runs[0]
        func median(_ value: (RunRecord) -> Double?) -> Double? {
            let values = runs.compactMap(value).sorted()
            guard !values.isEmpty else { return nil }
            let middle = values.count / 2
            return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
        }
        func each(_ value: @escaping (RunRecord) -> Double?) -> Double? {
            median { run in value(run).map { $0 / Double(run.deliveredMessages) } }
        }
        label = first.systemLabel
        profile = first.profile.name
        self.runs = runs.count
        messagesPerSecond = median(Self.rate) ?? 0
        askedFor = Self.asked(first, reached: messagesPerSecond)
        let rates = runs.map(Self.rate)
        rateRange = rates.min()!...rates.max()!
        messages = first.profile.messages
        bodyBytes = Double(first.generator.bodySizeBytes)
        messageBytes = Double(first.generator.messageSizeBytes)
        connections = first.generator.concurrency
        (machine, cores) = (first.machine.cpu, first.machine.cores)
        systemCPU = each { $0.systemUsage.map { $0.cpuSeconds * 1e6 } }
        allCPU = each { $0.allCPUSeconds.map { $0 * 1e6 } }
        memoryPeakBytes = median { $0.systemUsage.map { Double($0.memoryPeakBytes) } }
        diskBytes = each { $0.systemUsage.map { Double($0.diskWriteBytes) } }
        syncs = each { $0.resources?[.system]?.syncs.map { Double($0.total) } }
        deviceWrites = each { $0.resources?.deviceWrites.map(Double.init) }
        let isSeenFromOutside = first.resources?[.system] != nil
        accounting = isSeenFromOutside ? first.resources!.method : "the mta's own account of itself"
        promise = first.promise
        evidence = first.evidence
        conditions = first.conditions ?? []
        warnings = runs.flatMap(\.warnings).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        startedUnixSeconds = first.startedUnixSeconds
        commit = first.machine.commit
    }

    package var mmhPerCore: Double { messagesPerSecond * 0.0036 / Double(cores) }

    /// One line: where and when the rate was measured.
    package var basis: String {
        let asked = askedFor.map { "asked for (an open load, \($0); it may do more), " } ?? ""
        return asked + "measured here on \(machine), \(cores) cores shared by all programs, loopback, \(day); "
            + "\(label), \(promise.label), "
            + "\(profile), \(runs == 1 ? "one run" : "median of \(runs) runs"), commit \(commit)"
    }

    /// UTC, `2026-11-26`.
    private var day: String {
        let (year, month, day) = MailDate.civil(Int((startedUnixSeconds / 86_400).rounded(.down)))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))"
    }
}

/// What the projection needs of a usage, from whatever record has it.
private struct SystemUsage {
    var cpuSeconds: Double
    var memoryPeakBytes: UInt64
    var diskWriteBytes: UInt64
}

extension RunRecord {
    /// The kernel's account of the system's processes, or what our own MTA says of itself.
    fileprivate var systemUsage: SystemUsage? {
        if let usage = resources?[.system] {
            return SystemUsage(
                cpuSeconds: usage.cpuSeconds, memoryPeakBytes: usage.memoryPeakBytes,
                diskWriteBytes: usage.diskWriteBytes)
        }
        return (ownAccount?.header.usage).map {
            SystemUsage(
                cpuSeconds: $0.cpuSeconds, memoryPeakBytes: $0.memoryPeakBytes, diskWriteBytes: $0.diskWriteBytes)
        }
    }

    fileprivate var allCPUSeconds: Double? {
        guard let system = systemUsage?.cpuSeconds else { return nil }
        let generator = resources?[.generator]?.cpuSeconds ?? self.generator.header.usage.cpuSeconds
        let sink = resources?[.sink]?.cpuSeconds ?? self.sink.header.usage.cpuSeconds
        return generator + system + sink
    }
}
