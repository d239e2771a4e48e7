import Foundation
import Glibc
import RunRecords
import Measures

/// Looks at the machine for ``DoctorJudgement``: reads /proc and /sys, and measures for a few seconds.
package enum DoctorProbe {
    static let sysctls = [
        "net.core.somaxconn", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_max_syn_backlog",
        "net.ipv4.tcp_syncookies", "net.ipv4.tcp_tw_reuse", "net.core.rmem_max", "net.core.wmem_max",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "vm.swappiness", "vm.dirty_ratio", "vm.dirty_background_ratio",
    ]

    /// - Parameter progress: told what is being measured.
    /// - Throws: ``RecordFault`` if the spool's directory cannot be made or written to.
    package static func facts(for needs: DoctorNeeds, progress: (String) -> Void) throws -> DoctorFacts {
        try HarnessPaths.make(needs.spoolDirectory)
        progress("what the machine says")
        let groups = ControlGroupLayout.current()
        let processor = processor(groups)
        let memory = memory(groups)
        progress("name servers")
        let nameServers = NameServerProbe.ask(resolverConfiguration: readSmallFile("/etc/resolv.conf") ?? "")
        progress("what the harness can do here")
        let tools = ToolProbe.look(groups)
        progress("synced writes")
        let disk = try disk(needs.spoolDirectory)
        progress("the same work again and again")
        let neighbours = NeighbourProbe.look(ports: needs.ports)
        return DoctorFacts(
            descriptorLimit: MachineProbe.descriptorLimit(), sysctls: readSysctls(), processor: processor,
            memory: memory, disk: disk, neighbours: neighbours, nameServers: nameServers, tools: tools)
    }

    /// The first line of a file, its blanks made single; nil if it cannot be read or is empty.
    static func line(_ path: String) -> String? {
        readSmallFile(path)?.split(separator: "\n").first.map {
            $0.split { $0 == "\t" || $0 == " " }.joined(separator: " ")
        }
    }

    private static func readSysctls() -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: sysctls.compactMap { name in line(SysctlSetting(name, "").path).map { (name, $0) } })
    }

    // MARK: Processor

    private static func processor(_ groups: ControlGroupLayout) -> DoctorFacts.Processor {
        let cores = processorCount()
        let governors = (0..<cores).compactMap {
            line("/sys/devices/system/cpu/cpu\($0)/cpufreq/scaling_governor")
        }
        return DoctorFacts.Processor(
            cores: cores, governors: Array(Set(governors)).sorted(),
            clockSource: line("/sys/devices/system/clocksource/clocksource0/current_clocksource") ?? "unknown",
            clockReadNanoseconds: clockCost(),
            hugePages: line("/sys/kernel/mm/transparent_hugepage/enabled").flatMap(chosen),
            groupCores: groups.hierarchy(.processor).flatMap(groupCores))
    }

    /// `always [madvise] never`: the one in brackets.
    package static func chosen(_ text: String) -> String? {
        guard let open = text.firstIndex(of: "["), let close = text.firstIndex(of: "]"), open < close else {
            return nil
        }
        return String(text[text.index(after: open)..<close])
    }

    private static func clockCost() -> Double {
        let (began, count) = (MonotonicInstant.now(), 20_000)
        var last = began
        for _ in 0..<count { last = MonotonicInstant.now() }
        return Double(last.nanoseconds(since: began)) / Double(count)
    }

    private static func groupCores(_ hierarchy: ControlGroupLayout.Hierarchy) -> Double? {
        hierarchy.ownDirectories.compactMap { directory in
            hierarchy.version == 2
                ? line(directory + "/cpu.max").flatMap(coreQuota)
                : coreQuota(
                    (line(directory + "/cpu.cfs_quota_us") ?? "") + " " + (line(directory + "/cpu.cfs_period_us") ?? "")
                )
        }.min()
    }

    /// `QUOTA PERIOD` in microseconds, as version 2 has it; `max` or -1 is no quota.
    package static func coreQuota(_ text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    // MARK: Memory

    private static func memory(_ groups: ControlGroupLayout) -> DoctorFacts.Memory {
        func bytes(_ name: String) -> UInt64 { (procField("/proc/meminfo", name) ?? 0) * 1024 }
        let total = bytes("MemTotal:")
        let limits = groups.hierarchy(.memory).map { hierarchy in
            hierarchy.ownDirectories.compactMap {
                line($0 + (hierarchy.version == 2 ? "/memory.max" : "/memory.limit_in_bytes")).flatMap { UInt64($0) }
            }
        }
        let swap = bytes("SwapTotal:")
        return DoctorFacts.Memory(
            bytes: total, availableBytes: bytes("MemAvailable:"), swapBytes: swap,
            swapUsedBytes: swap - min(swap, bytes("SwapFree:")),
            groupBytes: limits?.min().flatMap { $0 < total ? $0 : nil })
    }

    // MARK: Disk

    private static func disk(_ directory: String) throws(RecordFault) -> DoctorFacts.Disk {
        var space = statvfs()
        guard statvfs(directory, &space) == 0 else {
            throw RecordFault("\(directory): \(String(cString: strerror(errno)))")
        }
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        let mount =
            mount(holding: path, in: readSmallFile("/proc/self/mounts") ?? "")
            ?? MountFacts(device: "unknown", directory: "/", fileSystem: "unknown", options: [])
        let device = SpoolDevice.holding(directory)
        return DoctorFacts.Disk(
            mount: mount, freeBytes: UInt64(space.f_bavail) * UInt64(space.f_frsize),
            freeInodes: UInt64(space.f_favail), syncLatency: try MachineProbe.syncLatency(in: directory),
            hasJournal: hasJournal(mount), writeCache: device?.wholeDisk.flatMap { line("\($0)/queue/write_cache") })
    }

    /// The longest mount point that holds the path, the last of several at the same place.
    package static func mount(holding path: String, in mounts: String) -> MountFacts? {
        var best: MountFacts?
        for line in mounts.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 3 else { continue }
            let directory = words[1].replacing("\\040", with: " ")
            guard directory == "/" || path == directory || path.hasPrefix(directory + "/"),
                directory.count >= best?.directory.count ?? 0
            else { continue }
            best = MountFacts(
                device: words[0], directory: directory, fileSystem: words[2],
                options: words[3].split(separator: ",").map(String.init))
        }
        return best
    }

    /// ext4 says in its options whether data goes through a journal, and its journal's thread has a directory in /proc.
    private static func hasJournal(_ mount: MountFacts) -> Bool? {
        switch mount.fileSystem {
        case "xfs": return true
        case "ext3", "ext4":
            let device = mount.device.split(separator: "/").last.map(String.init) ?? ""
            guard FileManager.default.fileExists(atPath: "/proc/fs/ext4/" + device),
                let journals = try? FileManager.default.contentsOfDirectory(atPath: "/proc/fs/jbd2")
            else { return nil }
            return journals.contains { $0.hasPrefix(device + "-") }
        default: return nil
        }
    }
}
