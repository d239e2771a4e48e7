import Glibc

/// What this process has used so far, by the kernel's own account.
package struct ProcessUsage: Codable, Hashable, Sendable {
    package var cpuUserSeconds: Double
    package var cpuSystemSeconds: Double
    /// Peak resident set (VmHWM).
    package var memoryPeakBytes: UInt64
    /// Bytes that this process caused to be sent to storage (`write_bytes` of /proc/self/io).
    package var diskWriteBytes: UInt64
    package var contextSwitchesVoluntary: UInt64
    package var contextSwitchesInvoluntary: UInt64

    enum CodingKeys: String, CodingKey {
        case cpuUserSeconds = "cpu_user_s"
        case cpuSystemSeconds = "cpu_system_s"
        case memoryPeakBytes = "memory_peak_bytes"
        case diskWriteBytes = "disk_write_bytes"
        case contextSwitchesVoluntary = "context_switches_voluntary"
        case contextSwitchesInvoluntary = "context_switches_involuntary"
    }

    package var cpuSeconds: Double { cpuUserSeconds + cpuSystemSeconds }

    package init(
        cpuUserSeconds: Double, cpuSystemSeconds: Double, memoryPeakBytes: UInt64, diskWriteBytes: UInt64,
        contextSwitchesVoluntary: UInt64 = 0, contextSwitchesInvoluntary: UInt64 = 0
    ) {
        self.cpuUserSeconds = cpuUserSeconds
        self.cpuSystemSeconds = cpuSystemSeconds
        self.memoryPeakBytes = memoryPeakBytes
        self.diskWriteBytes = diskWriteBytes
        self.contextSwitchesVoluntary = contextSwitchesVoluntary
        self.contextSwitchesInvoluntary = contextSwitchesInvoluntary
    }

    /// getrusage(2) and /proc/self/io; three system calls.
    package static func current() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return ProcessUsage(
            cpuUserSeconds: seconds(usage.ru_utime), cpuSystemSeconds: seconds(usage.ru_stime),
            memoryPeakBytes: UInt64(usage.ru_maxrss) * 1024,
            diskWriteBytes: procField("/proc/self/io", "write_bytes:") ?? 0,
            contextSwitchesVoluntary: UInt64(usage.ru_nvcsw), contextSwitchesInvoluntary: UInt64(usage.ru_nivcsw))
    }
}

/// The number behind `key` in a `/proc` file of `key value` lines.
package func procField(_ path: String, _ key: String) -> UInt64? {
    guard let text = readSmallFile(path) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
        return line.dropFirst(key.count).split(separator: " ").first.flatMap { UInt64($0) }
    }
    return nil
}

/// A whole `/proc` or `/sys` file as text, 64 KiB at most; nil if it cannot be read.
package func readSmallFile(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    var used = 0
    while used < bytes.count {
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + used, $0.count - used) }
        if count <= 0 { break }
        used += count
    }
    return String(decoding: bytes[..<used], as: UTF8.self)
}
