import Glibc
import Measures
import RunRecords

/// Watches the groups of processes of a run, a sample a second, without a thread of its own: whoever waits for the run
/// calls ``tick()`` meanwhile.
final class ResourceMeter {
    private var groups: [ResourceRecord.Group: GroupMeter] = [:]
    private let directory: String
    private var samples: [ResourceSample] = []
    private var sampled = MonotonicInstant.now()
    private var lastReadings: [ResourceRecord.Group: GroupMeter.Reading] = [:]
    private var hasGlanced = false
    private var begin = Totals()
    private var last = Totals()

    /// Seconds.
    private static let firstGlance = 0.15

    private struct Totals {
        var loopback: UInt64 = 0
        var device: MachineProbe.DeviceCounts?
    }

    /// - Parameter directory: its device is the one that is counted.
    init(deviceOf directory: String) { self.directory = directory }

    /// - Parameter skipsRoot: the process that was started is not one of the group's own (perf).
    func watch(
        _ group: ResourceRecord.Group, _ root: ChildProgram, _ accounting: AccountingGroup?, skipsRoot: Bool = false
    ) {
        groups[group] = GroupMeter(
            root: root, accounting: accounting, skipsRoot: skipsRoot, takesOrphans: group == .system)
    }

    /// The group's program was started again.
    func follow(_ group: ResourceRecord.Group, _ program: ChildProgram) { groups[group]?.follow(program) }

    /// What is measured begins now: of groups that are watched already only what comes, of others all.
    func start() {
        let table = collect()
        for group in groups.keys { groups[group]?.start(table) }
        begin = totals()
        last = begin
        lastReadings = groups.mapValues(\.last)
        (samples, hasGlanced) = ([], false)
        sampled = .now()
    }

    /// Takes a sample if the last one is a second old. A run may be over before that: a look in its first second, too.
    func tick() {
        let elapsed = MonotonicInstant.now().seconds(since: sampled)
        if elapsed >= 1 { return sample() }
        guard !hasGlanced, elapsed >= Self.firstGlance else { return }
        hasGlanced = true
        let table = collect()
        for group in groups.keys { groups[group]?.look(table) }
    }

    private func sample() {
        hasGlanced = true
        let before = lastReadings
        let table = collect()
        for group in groups.keys { groups[group]?.look(table) }
        let now = totals()
        var sample = ResourceSample(unixSeconds: WallInstant.now().seconds)
        for (group, meter) in groups {
            let earlier = before[group] ?? GroupMeter.Reading()
            sample.cpuUserSeconds[group.rawValue] = meter.last.user - earlier.user
            sample.cpuSystemSeconds[group.rawValue] = meter.last.system - earlier.system
            sample.memoryBytes[group.rawValue] = meter.last.memoryBytes
        }
        sample.loopbackBytes = now.loopback - last.loopback
        if let device = now.device, let earlier = last.device {
            sample.deviceWriteBytes = device.writtenBytes - earlier.writtenBytes
        }
        samples.append(sample)
        last = now
        lastReadings = groups.mapValues(\.last)
        sampled = .now()
    }

    /// The adopted that have ended are waited for, so that they do not pile up.
    @discardableResult
    func collect() -> ProcessTable {
        let table = ProcessTable.read()
        let reaped = Children.reapOrphans(table)
        guard !reaped.isEmpty else { return table }
        groups[.system]?.addReaped(reaped)
        return ProcessTable.read()
    }

    private func totals() -> Totals {
        Totals(loopback: Self.loopbackBytes(), device: MachineProbe.deviceCounts(holding: directory))
    }

    /// What is measured ends now.
    func finish() -> ResourceRecord {
        sample()
        let trees = groups.values.contains { $0.accounting == nil }
        let kinds = Set(groups.values.compactMap { $0.accounting?.kind }).sorted().joined(separator: ", ")
        var record = ResourceRecord(
            method: trees
                ? "/proc, by tree of processes; what nobody waited for is not in it"
                : "CPU by \(kinds), the rest by /proc and tree of processes")
        for (group, meter) in groups { record[group] = meter.total() }
        record.samples = samples
        record.loopbackBytes = last.loopback - begin.loopback
        if let device = last.device, let earlier = begin.device {
            record.deviceWriteBytes = device.writtenBytes - earlier.writtenBytes
            record.deviceReadBytes = device.readBytes - earlier.readBytes
            record.deviceWrites = device.writes - earlier.writes
        }
        return record
    }

    /// What is known only when the processes have ended: their context switches, and what they had left to the kernel to
    /// write, which it does now.
    func complete(_ record: inout ResourceRecord) {
        collect()
        sync()
        if let device = totals().device, let earlier = begin.device {
            record.deviceWriteBytes = device.writtenBytes - earlier.writtenBytes
            record.deviceIsSynced = true
        }
        for (group, meter) in groups {
            guard var usage = record[group] else { continue }
            (usage.contextSwitchesVoluntary, usage.contextSwitchesInvoluntary) = meter.contextSwitches
            record[group] = usage
        }
    }

    /// Received on `lo`, by anybody.
    private static func loopbackBytes() -> UInt64 {
        for line in (readSmallFile("/proc/net/dev") ?? "").split(separator: "\n") {
            let parts = line.split { $0 == " " || $0 == ":" }
            if parts.first == "lo", parts.count > 1 { return UInt64(parts[1]) ?? 0 }
        }
        return 0
    }
}
