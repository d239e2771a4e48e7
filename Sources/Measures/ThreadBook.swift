import Glibc
import Synchronization

/// What threads of this process work at, so that its CPU time can be told apart. A thread signs in once; who does not is
/// known by its name, or belongs to the others.
package enum ThreadGroup: String, Sendable, CaseIterable {
    case eventLoops = "event_loops"
    /// Writes and reads the spool.
    case spool
    /// Signs messages.
    case signing
    /// Checks passwords.
    case authentication
    /// Serves HTTP and makes messages of what comes by it.
    case http
    case dns
    /// All others: the log, web hooks, what waits for something else.
    case other

    /// Threads of libraries have names that begin so.
    private static let names: [(prefix: String, group: ThreadGroup)] = [("mr-dns", .dns), ("rocksdb", .spool)]

    fileprivate static func named(_ name: Substring) -> ThreadGroup {
        names.first { name.hasPrefix($0.prefix) }?.group ?? .other
    }
}

/// Who has signed in.
package enum ThreadBook {
    private static let groups = Mutex<[String: ThreadGroup]>([:])

    /// The calling thread belongs to the group until it ends.
    package static func join(_ group: ThreadGroup) {
        guard let id = currentThread else { return }
        groups.withLock { $0[id] = group }
    }

    /// `PID/task/TID`
    private static var currentThread: String? {
        var target = [UInt8](repeating: 0, count: 64)
        let count = target.withUnsafeMutableBytes { bytes in
            readlink("/proc/thread-self", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard count > 0 else { return nil }
        return String(decoding: target[..<count], as: UTF8.self).split(separator: "/").last.map(String.init)
    }

    /// CPU seconds of the threads that are there, by group; in steps of the kernel's clock tick, 10 ms.
    package static var cpuSeconds: [ThreadGroup: Double] {
        guard let folder = opendir("/proc/self/task") else { return [:] }
        defer { closedir(folder) }
        let known = groups.withLock { $0 }
        var found: [ThreadGroup: Double] = [:]
        while let entry = readdir(folder) {
            let id = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            // What stands above the threads is the whole process.
            guard !id.hasPrefix("."), let text = readSmallFile("/proc/self/task/\(id)/stat"),
                let times = ThreadTimes(text)
            else {
                continue
            }
            found[known[id] ?? .named(times.name), default: 0] += Double(times.ticks) / ticksPerSecond
        }
        return found
    }

    private static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
}

/// What /proc/…/stat says of a thread (proc(5)).
package struct ThreadTimes {
    package let name: Substring
    /// User and system time, clock ticks.
    package let ticks: UInt64

    /// Nil: it is no such line.
    package init?(_ stat: String) {
        // The name may contain blanks and parentheses.
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else { return nil }
        name = stat[stat.index(after: open)..<close]
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        // Fields 14 and 15; the first behind the name is the third.
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return nil }
        ticks = user + system
    }
}
