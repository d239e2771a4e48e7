import Glibc
import Measures
import RunRecords

/// What one group of processes has used: by its control group where there is one, and by its tree of processes.
struct GroupMeter {
    /// One look.
    struct Reading {
        var user = 0.0
        var system = 0.0
        var memoryBytes: UInt64 = 0
        var io = ProcessIO()
    }

    let accounting: AccountingGroup?
    private var root: ChildProgram
    /// The root only counts what its children do (perf): its memory and descriptors are not the system's.
    private let skipsRoot: Bool
    private let takesOrphans: Bool
    /// CPU and bytes of adopted processes that have ended.
    private var reapedUser = 0.0
    private var reapedSystem = 0.0
    private var reapedIO = ProcessIO()
    private var reapedSwitches = (voluntary: UInt64(0), involuntary: UInt64(0))
    private var begin = Reading()
    private(set) var last = Reading()
    private var usage = GroupUsage()

    /// - Parameter takesOrphans: whether processes that lost their parent are of this group.
    init(root: ChildProgram, accounting: AccountingGroup?, skipsRoot: Bool, takesOrphans: Bool) {
        self.skipsRoot = skipsRoot
        self.root = root
        self.accounting = accounting
        self.takesOrphans = takesOrphans
    }

    /// What came before does not count.
    mutating func start(_ table: ProcessTable) {
        usage = GroupUsage()
        look(table)
        begin = last
    }

    /// The program was started again: what the one before used stays.
    mutating func follow(_ next: ChildProgram) {
        if let end = root.end {
            let (user, system) = ChildProgram.seconds(end.usage)
            reapedUser += user
            reapedSystem += system
            reapedIO.readBytes += end.io.readBytes
            reapedIO.writeBytes += end.io.writeBytes
            reapedSwitches.voluntary += UInt64(end.usage.ru_nvcsw)
            reapedSwitches.involuntary += UInt64(end.usage.ru_nivcsw)
        }
        root = next
    }

    mutating func addReaped(_ reaped: [(usage: rusage, io: ProcessIO)]) {
        for (usage, io) in reaped {
            let (user, system) = ChildProgram.seconds(usage)
            reapedUser += user
            reapedSystem += system
            reapedIO.readBytes += io.readBytes
            reapedIO.writeBytes += io.writeBytes
            reapedSwitches.voluntary += UInt64(usage.ru_nvcsw)
            reapedSwitches.involuntary += UInt64(usage.ru_nivcsw)
        }
    }

    /// Looks at each process once.
    mutating func look(_ table: ProcessTable) {
        var entries = skipsRoot ? table.descendants(of: root.pid) : table.tree(root.pid)
        if takesOrphans {
            for orphan in table.orphans(of: getpid(), except: Children.known) { entries += table.tree(orphan.pid) }
        }
        var reading = Reading(user: reapedUser, system: reapedSystem, io: reapedIO)
        var (descriptors, threads) = (0, 0)
        for entry in entries {
            reading.user += Double(entry.userTicks) / ProcessTable.ticksPerSecond
            reading.system += Double(entry.systemTicks) / ProcessTable.ticksPerSecond
            reading.memoryBytes += entry.residentPages * ProcessTable.pageBytes
            let io = ProcessIO(pid: entry.pid)
            reading.io.readBytes += io.readBytes
            reading.io.writeBytes += io.writeBytes
            descriptors += Self.descriptors(entry.pid)
            threads += entry.threads
        }
        if let end = root.end {
            let (user, system) = ChildProgram.seconds(end.usage)
            reading.user += user
            reading.system += system
            reading.io.readBytes += end.io.readBytes
            reading.io.writeBytes += end.io.writeBytes
        }
        if let seconds = accounting?.seconds { (reading.user, reading.system) = seconds }
        // A process that nobody waited for takes its count with it; what was seen stays.
        reading.io.readBytes = max(reading.io.readBytes, last.io.readBytes)
        reading.io.writeBytes = max(reading.io.writeBytes, last.io.writeBytes)
        (reading.user, reading.system) = (max(reading.user, last.user), max(reading.system, last.system))
        last = reading
        usage.memoryPeakBytes = max(usage.memoryPeakBytes, reading.memoryBytes, Self.highWaterBytes(entries))
        usage.descriptorsPeak = max(usage.descriptorsPeak, descriptors)
        usage.processesPeak = max(usage.processesPeak, entries.count)
        usage.threadsPeak = max(usage.threadsPeak, threads)
    }

    /// Of a single process the kernel remembers the peak between two looks, too. (What wait(2) says of it is also that of
    /// the process that started it.)
    private static func highWaterBytes(_ entries: [ProcessTable.Entry]) -> UInt64 {
        guard entries.count == 1 else { return 0 }
        return (procField("/proc/\(entries[0].pid)/status", "VmHWM:\t") ?? 0) * 1024
    }

    private static func descriptors(_ pid: Int32) -> Int {
        guard let directory = opendir("/proc/\(pid)/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return max(0, count - 2)
    }

    /// What the group used since ``start(_:)``; its context switches are known when it has ended.
    func total() -> GroupUsage {
        var total = usage
        total.cpuUserSeconds = last.user - begin.user
        total.cpuSystemSeconds = last.system - begin.system
        total.diskReadBytes = last.io.readBytes - begin.io.readBytes
        total.diskWriteBytes = last.io.writeBytes - begin.io.writeBytes
        return total
    }

    /// Of the group's whole life, with its start and end.
    var contextSwitches: (voluntary: UInt64, involuntary: UInt64) {
        let own = root.end?.usage
        return (
            reapedSwitches.voluntary + UInt64(own?.ru_nvcsw ?? 0),
            reapedSwitches.involuntary + UInt64(own?.ru_nivcsw ?? 0)
        )
    }
}
