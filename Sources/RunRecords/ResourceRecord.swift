/// What the groups of processes of a run used, by the kernel's account from outside.
package struct ResourceRecord: Codable, Sendable {
    /// Whose processes: `generator`, `system` (the MTA under test with all that it started), `sink`.
    package enum Group: String, Codable, CaseIterable, Sendable { case generator, system, sink }

    /// How it was counted: `/proc, by tree of processes`, `cgroup`.
    package var method: String
    package var usage: [String: GroupUsage]
    /// One a second, in order.
    package var samples: [ResourceSample]
    /// Received on the loopback interface during the run, by anybody.
    package var loopbackBytes: UInt64
    /// Written to the spool's device by anybody, from the run's begin until the system had stopped and a sync(2) after it;
    /// nil where that cannot be counted. Records of before this was so have what was written up to the last delivery.
    package var deviceWriteBytes: UInt64?
    /// The bytes above have in them what the kernel still held when the system had stopped; nil in older records.
    package var deviceIsSynced: Bool?
    /// Number of writes to it and bytes read from it up to the last delivery; nil where they cannot be counted.
    package var deviceWrites: UInt64?
    package var deviceReadBytes: UInt64?
    /// Counters of the processor for the system's group, where the machine allows them: `instructions`, `cycles`.
    package var counters: [String: UInt64]

    enum CodingKeys: String, CodingKey {
        case method, usage, samples, counters
        case loopbackBytes = "loopback_bytes"
        case deviceWriteBytes = "device_write_bytes"
        case deviceIsSynced = "device_synced"
        case deviceWrites = "device_writes"
        case deviceReadBytes = "device_read_bytes"
    }

    /// Written to the device up to the last delivery, by the samples; nil without any.
    package var deviceWriteBytesUnderLoad: UInt64? {
        samples.isEmpty ? nil : samples.map(\.deviceWriteBytes).reduce(0, +)
    }

    package init(method: String) {
        self.method = method
        (usage, samples, counters) = ([:], [], [:])
        loopbackBytes = 0
        (deviceWriteBytes, deviceWrites, deviceReadBytes) = (nil, nil, nil)
    }

    package subscript(group: Group) -> GroupUsage? {
        get { usage[group.rawValue] }
        set { usage[group.rawValue] = newValue }
    }
}

/// What one group of processes used in a whole run, processes that have ended included.
package struct GroupUsage: Codable, Hashable, Sendable {
    package var cpuUserSeconds = 0.0
    package var cpuSystemSeconds = 0.0
    /// Largest sum of resident memory in any sample; shared pages count once a process.
    package var memoryPeakBytes: UInt64 = 0
    package var diskReadBytes: UInt64 = 0
    package var diskWriteBytes: UInt64 = 0
    package var contextSwitchesVoluntary: UInt64 = 0
    package var contextSwitchesInvoluntary: UInt64 = 0
    package var descriptorsPeak = 0
    package var processesPeak = 0
    package var threadsPeak = 0
    /// Counted during the run where that costs next to nothing (perf's tracepoints); nil where it could not be.
    package var syncs: SyncCounts?

    enum CodingKeys: String, CodingKey {
        case syncs
        case cpuUserSeconds = "cpu_user_s"
        case cpuSystemSeconds = "cpu_system_s"
        case memoryPeakBytes = "memory_peak_bytes"
        case diskReadBytes = "disk_read_bytes"
        case diskWriteBytes = "disk_write_bytes"
        case contextSwitchesVoluntary = "context_switches_voluntary"
        case contextSwitchesInvoluntary = "context_switches_involuntary"
        case descriptorsPeak = "descriptors_peak"
        case processesPeak = "processes_peak"
        case threadsPeak = "threads_peak"
    }

    package init() {}
    package var cpuSeconds: Double { cpuUserSeconds + cpuSystemSeconds }
}

/// One second of a run's resources; counts are of that second, not running totals.
package struct ResourceSample: Codable, Hashable, Sendable {
    /// End of the second.
    package var unixSeconds: Double
    /// By group.
    package var cpuUserSeconds: [String: Double]
    package var cpuSystemSeconds: [String: Double]
    package var memoryBytes: [String: UInt64]
    package var deviceWriteBytes: UInt64
    package var loopbackBytes: UInt64

    enum CodingKeys: String, CodingKey {
        case unixSeconds = "unix_s"
        case cpuUserSeconds = "cpu_user_s"
        case cpuSystemSeconds = "cpu_system_s"
        case memoryBytes = "memory_bytes"
        case deviceWriteBytes = "device_write_bytes"
        case loopbackBytes = "loopback_bytes"
    }

    package init(unixSeconds: Double) {
        self.unixSeconds = unixSeconds
        (cpuUserSeconds, cpuSystemSeconds, memoryBytes) = ([:], [:], [:])
        (deviceWriteBytes, loopbackBytes) = (0, 0)
    }
}

/// Something that the harness did to the run, or saw in it: `receiver down`, `killed`, `restarted`, `first delivery`, `drained`.
package struct RunPhase: Codable, Hashable, Sendable {
    package var name: String
    package var unixSeconds: Double

    enum CodingKeys: String, CodingKey {
        case name
        case unixSeconds = "unix_s"
    }

    package init(_ name: String, unixSeconds: Double) {
        self.name = name
        self.unixSeconds = unixSeconds
    }
}
