import Foundation
import Glibc
import Measures

/// All processes of the machine at one moment, as `/proc/PID/stat` tells.
package struct ProcessTable {
    static let zombie = UInt8(ascii: "Z")
    static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    static let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))

    package struct Entry {
        package var pid: Int32
        package var parent: Int32
        package var state: UInt8
        package var name: String
        /// Its own and that of children it has waited for, in clock ticks.
        package var userTicks: UInt64
        package var systemTicks: UInt64
        package var threads: Int
        package var residentPages: UInt64
    }

    private var entries: [Int32: Entry] = [:]
    private var children: [Int32: [Int32]] = [:]

    package init(_ list: [Entry]) {
        for entry in list {
            entries[entry.pid] = entry
            children[entry.parent, default: []].append(entry.pid)
        }
    }

    package static func read() -> ProcessTable {
        guard let directory = opendir("/proc") else { return ProcessTable([]) }
        defer { closedir(directory) }
        var list: [Entry] = []
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // One that ends meanwhile is left out.
            if let pid = Int32(name), let stat = readSmallFile("/proc/\(pid)/stat"), let entry = Entry(pid, stat) {
                list.append(entry)
            }
        }
        return ProcessTable(list)
    }

    subscript(pid: Int32) -> Entry? { entries[pid] }

    /// Whether `pid` is `root` or was started by it, or by those that it started.
    package func isBelow(_ pid: Int32, _ root: Int32) -> Bool {
        var at = pid
        for _ in 0..<1000 {
            if at == root { return true }
            guard let parent = entries[at]?.parent, parent > 1 else { return false }
            at = parent
        }
        return false
    }

    /// The process itself and all below it.
    package func tree(_ root: Int32) -> [Entry] { (entries[root].map { [$0] } ?? []) + descendants(of: root) }

    func descendants(of root: Int32) -> [Entry] {
        var found: [Entry] = []
        var open = children[root] ?? []
        while let pid = open.popLast() {
            if let entry = entries[pid] { found.append(entry) }
            open += children[pid] ?? []
        }
        return found
    }

    func children(of pid: Int32) -> [Entry] { (children[pid] ?? []).compactMap { entries[$0] } }

    /// Children that the process did not start itself.
    package func orphans(of parent: Int32, except known: Set<Int32>) -> [Entry] {
        children(of: parent).filter { !known.contains($0.pid) }
    }
}

extension ProcessTable.Entry {
    /// - Parameter stat: `PID (NAME) STATE PARENT …` as proc(5) has it; the name may hold anything.
    package init?(_ pid: Int32, _ stat: String) {
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 21, let parent = Int32(fields[1]) else { return nil }
        func number(_ index: Int) -> UInt64 { UInt64(fields[index]) ?? 0 }
        self.init(
            pid: pid, parent: parent, state: fields[0].utf8.first ?? 0,
            name: String(stat[stat.index(after: open)..<close]), userTicks: number(11) + number(13),
            systemTicks: number(12) + number(14), threads: Int(number(17)), residentPages: number(21))
    }
}

/// Bytes that a process sent to and fetched from storage (`/proc/PID/io`), with those of children that it waited for.
struct ProcessIO {
    var readBytes: UInt64 = 0
    var writeBytes: UInt64 = 0

    init() {}

    init(pid: Int32) {
        for line in (readSmallFile("/proc/\(pid)/io") ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "read_bytes:": readBytes = UInt64(parts[1]) ?? 0
            case "write_bytes:": writeBytes = UInt64(parts[1]) ?? 0
            default: break
            }
        }
    }
}
