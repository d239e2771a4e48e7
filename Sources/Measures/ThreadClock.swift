import Glibc

/// What the calling thread has had of a core.
package enum ThreadClock {
    /// User and system time, nanoseconds.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Who wants cores, on the whole machine.
package enum CoreDemand {
    private static let cores = processorCount()

    /// No thread waits for a core just now, as far as the kernel says (/proc/loadavg, proc(5)).
    package static var isMet: Bool {
        guard let text = readSmallFile("/proc/loadavg"), let running = runningThreads(text) else { return false }
        return running <= cores
    }

    /// Threads that run or could run, the one that asks among them; nil: it is no such line.
    package static func runningThreads(_ loadAverages: String) -> Int? {
        let fields = loadAverages.split(separator: " ")
        guard fields.count > 3 else { return nil }
        let counts = fields[3].split(separator: "/")
        return counts.count == 2 ? Int(counts[0]) : nil
    }
}
