import Measures

/// Processor, memory, and what else goes on.
extension DoctorJudgement {
    // MARK: Processor

    var processor: [DoctorFinding] { [governor, clockSource, clockCost, hugePages, groupCores] }

    private var governor: DoctorFinding {
        let governors = facts.processor.governors
        let why = "a core that changes its frequency measures the governor along with the program"
        guard !governors.isEmpty else {
            return DoctorFinding(
                "frequency governor", .note, now: "not shown", why: "the machine does not show it; virtual ones do not")
        }
        let now = governors.sorted().joined(separator: ", ")
        guard governors.contains(where: { $0 != "performance" }) else {
            return DoctorFinding("frequency governor", .ok, now: now, why: why)
        }
        return DoctorFinding(
            "frequency governor", .warning, now: now, recommended: "performance", why: why,
            command: "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
    }

    /// Sources that are read without a system call.
    private static let quickClocks = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"]

    private var clockSource: DoctorFinding {
        let now = facts.processor.clockSource
        let why = "every latency is two readings of it"
        guard !Self.quickClocks.contains(now) else { return DoctorFinding("clock source", .ok, now: now, why: why) }
        return DoctorFinding(
            "clock source", .warning, now: now, recommended: "tsc",
            why: why + ", and this one costs a system call each time",
            command: "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource")
    }

    private static let slowClockNanoseconds = 200.0

    private var clockCost: DoctorFinding {
        let cost = facts.processor.clockReadNanoseconds
        let slow = cost > Self.slowClockNanoseconds
        return DoctorFinding(
            "reading the clock", slow ? .warning : .ok, now: "\(fixed(cost, 0)) ns",
            recommended: slow ? "below \(fixed(Self.slowClockNanoseconds, 0)) ns" : "",
            why: "generator and sink read it several times a message")
    }

    private var hugePages: DoctorFinding {
        let name = "transparent huge pages"
        guard let now = facts.processor.hugePages else {
            return DoctorFinding(name, .ok, now: "none", why: "the kernel has none")
        }
        let why = "'always' lets any program wait while the kernel puts pages together: pauses that come and go"
        guard now == "always" else { return DoctorFinding(name, .ok, now: now, why: why) }
        return DoctorFinding(
            name, .warning, now: now, recommended: "madvise", why: why,
            command: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
    }

    private var groupCores: DoctorFinding {
        let cores = facts.processor.cores
        let why = "a quota stops all threads for the rest of each tenth of a second when it is used up"
        guard let allowed = facts.processor.groupCores, allowed < Double(cores) else {
            return DoctorFinding("processor quota", .ok, now: "none, \(cores) cores", why: why)
        }
        return DoctorFinding(
            "processor quota", .warning, now: "\(fixed(allowed, 2)) of \(cores) cores", recommended: "none", why: why)
    }

    // MARK: Memory

    var memory: [DoctorFinding] {
        [free, swapUsed, swappiness, groupMemory, dirtyPages] + (cacheSize.map { [$0] } ?? [])
    }

    private static func gib(_ bytes: UInt64) -> String { fixed(Double(bytes) / 1_073_741_824, 1) + " GiB" }

    private static let leastMemory: UInt64 = 1 << 30
    private static let goodMemory: UInt64 = 2 << 30

    private var free: DoctorFinding {
        let available = facts.memory.availableBytes
        let severity: DoctorSeverity =
            available < Self.leastMemory ? .severe : available < Self.goodMemory ? .warning : .ok
        return DoctorFinding(
            "memory available", severity, now: "\(Self.gib(available)) of \(Self.gib(facts.memory.bytes))",
            recommended: severity == .ok ? "" : "\(Self.gib(Self.goodMemory)) or more",
            why: "generator, system and sink hold messages that are under way, and the kernel what is being written")
    }

    private var swapUsed: DoctorFinding {
        let used = facts.memory.swapUsedBytes
        let why = "a page that has to come back from the disk is a pause of milliseconds"
        guard used > 0 else { return DoctorFinding("swap in use", .ok, now: "none", why: why) }
        return DoctorFinding(
            "swap in use", .warning, now: Self.gib(used), recommended: "none", why: why,
            command: "swapoff -a && swapon -a")
    }

    private var swappiness: DoctorFinding {
        let name = "vm.swappiness"
        return setting(name) { text in
            let why = "how readily memory of programs is given up for cached files; without swap it does nothing"
            guard facts.memory.swapBytes > 0, let value = Int(text), value > 10 else {
                return DoctorFinding(name, .ok, now: text, why: why)
            }
            return DoctorFinding(
                name, .note, now: text, recommended: "1", why: why, setting: SysctlSetting(name, "1"))
        }
    }

    private var groupMemory: DoctorFinding {
        let why = "beyond it programs are slowed down or killed, and its page cache counts"
        guard let allowed = facts.memory.groupBytes, allowed < facts.memory.bytes else {
            return DoctorFinding("memory limit of the group", .ok, now: "none", why: why)
        }
        return DoctorFinding(
            "memory limit of the group", allowed < Self.goodMemory ? .warning : .note, now: Self.gib(allowed),
            recommended: "none", why: why)
    }

    private var dirtyPages: DoctorFinding {
        let (ratio, background) = (
            facts.sysctls["vm.dirty_ratio"] ?? "?", facts.sysctls["vm.dirty_background_ratio"] ?? "?"
        )
        return DoctorFinding(
            "vm.dirty_ratio", .note, now: "\(ratio) %, from \(background) % in the background",
            why:
                "so much of memory may wait to be written: a spool that does not sync is measured without its disk until "
                + "then")
    }

    /// Nil where the volume is not known.
    private var cacheSize: DoctorFinding? {
        guard needs.bytes > 0 else { return nil }
        let wanted = facts.memory.bytes * 2
        let why = "below twice the memory, memory may have taken all writes of a spool that does not sync"
        let now = Self.gib(needs.bytes)
        guard needs.bytes < wanted else { return DoctorFinding("volume of the run", .ok, now: now, why: why) }
        return DoctorFinding("volume of the run", .note, now: now, recommended: "\(Self.gib(wanted)) or more", why: why)
    }

    // MARK: Neighbours

    var neighbours: [DoctorFinding] { [calibration, stolen, busy] + listeners }

    private var calibration: DoctorFinding {
        let sorted = facts.neighbours.calibration.sorted()
        let why = "the same work again and again: what differs is somebody else's doing"
        guard let least = sorted.first, sorted.count >= 10 else {
            return DoctorFinding("calibration loop", .note, now: "not measured", why: why)
        }
        let late = sorted[sorted.count * 9 / 10]
        let spread = Double(late) / Double(max(1, least)) - 1
        let severity: DoctorSeverity = spread > 0.5 ? .severe : spread > 0.1 ? .warning : .ok
        return DoctorFinding(
            "calibration loop", severity,
            now: "\(fixed(Double(least) / 1e6, 1)) ms, one in ten \(fixed(spread * 100, 0)) % slower or more",
            recommended: severity == .ok ? "10 % or less" : "10 % or less: stop what else runs, or repeat more often",
            why: why)
    }

    private var stolen: DoctorFinding {
        let share = facts.neighbours.stolen
        let severity: DoctorSeverity = share > 0.1 ? .severe : share > 0.01 ? .warning : .ok
        return DoctorFinding(
            "time stolen by the hypervisor", severity, now: "\(fixed(share * 100, 1)) %",
            recommended: severity == .ok ? "" : "1 % or less: another machine, or another hour",
            why: "other machines on the same host had the processors meanwhile")
    }

    private var busy: DoctorFinding {
        let others = facts.neighbours.busy
        let sum = others.map(\.cores).reduce(0, +)
        let severity: DoctorSeverity = sum > 0.5 ? .severe : sum > 0.05 ? .warning : .ok
        let named = others.prefix(4).map { "\($0.name) (\($0.pid)) \(fixed($0.cores * 100, 0)) %" }
        return DoctorFinding(
            "other busy processes", severity,
            now: named.isEmpty ? "none" : named.joined(separator: ", ") + (others.count > 4 ? ", …" : ""),
            recommended: severity == .ok ? "" : "none",
            why: "they use \(fixed(sum, 2)) of \(facts.processor.cores) cores")
    }

    private var listeners: [DoctorFinding] {
        let why = "a run that wants the port cannot have it, or talks to the wrong program"
        let found = facts.neighbours.listeners.filter { needs.ports.contains($0.port) }.sorted { $0.port < $1.port }
        guard !found.isEmpty else {
            return [
                DoctorFinding(
                    "other listeners", .ok,
                    now: "none on \(needs.ports.map(String.init).joined(separator: ", "))", why: why)
            ]
        }
        return found.map {
            DoctorFinding(
                "listener on port \($0.port)", .warning, now: $0.program ?? "a program of another user",
                recommended: "none", why: why)
        }
    }
}
