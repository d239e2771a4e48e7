import Glibc
import LoadShedding
import Measures

/// Looks at what the process and its machine have left. A look takes some system calls; those of memory and descriptors
/// are taken once a second.
struct MachineProbe: Sendable {
    private static let slowMilliseconds: UInt64 = 1_000

    /// Of the spool; nil: it has no files.
    private let directory: String?
    private let group: ControlGroupMemory?
    private let ownLimitBytes: Int?
    private let countsMessages: Bool
    private var reading = LoadReading()
    private var slowAt: UInt64?

    /// - Parameter ownLimitBytes: of this process alone (`memory_limit`); nil: nine tenths of its control group's limit.
    init(spoolDirectory: String?, ownLimitBytes: Int?, countsMessages: Bool) {
        directory = spoolDirectory
        self.ownLimitBytes = ownLimitBytes
        self.countsMessages = countsMessages
        group =
            ownLimitBytes == nil
            ? ControlGroupMemory.find(membership: readSmallFile("/proc/self/cgroup") ?? "") { readSmallFile($0) } : nil
    }

    /// From where on memory is short, bytes; nil: there is no limit.
    var memoryLimitBytes: Int? { ownLimitBytes ?? group.map { $0.limitBytes / 10 * 9 } }

    /// What an operator calls that.
    var memoryLimitName: String { ownLimitBytes == nil ? "nine tenths of the control group's memory" : "memory_limit" }

    /// What counts against it; nil: there is none, or it cannot be read.
    var heldBytes: Int? {
        if let group { return group.heldBytes { readSmallFile($0) } }
        guard ownLimitBytes != nil else { return nil }
        return readSmallFile("/proc/self/statm").flatMap {
            ownMemoryBytes(statm: $0, pageBytes: sysconf(Int32(_SC_PAGESIZE)))
        }
    }

    /// The next look takes the slow readings, too.
    func isDue(now: UInt64) -> Bool { slowAt.map { now >= $0 + Self.slowMilliseconds } ?? true }

    /// - Parameters:
    ///   - freeBytes: of the spool's file system.
    ///   - messages: those in the spool, asked only where there is a limit to them.
    ///   - now: milliseconds of a clock that does not go back.
    mutating func look(freeBytes: Int?, messages: () -> Int, now: UInt64) -> LoadReading {
        reading.freeBytes = freeBytes
        guard isDue(now: now) else { return reading }
        slowAt = now
        reading.freeInodes = directory.flatMap { FileSystemSpace(holding: $0)?.freeInodes }
        reading.openDescriptors = Self.openDescriptors()
        reading.memoryBytes = heldBytes
        if countsMessages { reading.queuedMessages = messages() }
        return reading
    }

    /// Linux 6.2 and later say it in the directory's size; before, its names are counted.
    static func openDescriptors() -> Int? {
        var status = stat()
        guard stat("/proc/self/fd", &status) == 0 else { return nil }
        if status.st_size > 0 { return Int(status.st_size) }
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Itself and the two dots.
        return max(0, count - 3)
    }
}
