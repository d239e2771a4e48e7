/// The memory limit that a control group sets, and what its processes hold of it: what can be taken back (the page cache)
/// is not held. Both versions of control groups; the tightest limit of the group and those above it.
package struct ControlGroupMemory: Sendable, Hashable {
    /// Reads a small file; nil: it is not there.
    package typealias Files = (_ path: String) -> String?

    /// Where the group's figures are.
    package let directory: String
    package let isVersion2: Bool
    package let limitBytes: Int

    /// - Parameter membership: `/proc/self/cgroup`.
    /// - Returns: nil if there is no limit.
    package static func find(membership: String, _ read: Files) -> ControlGroupMemory? {
        var tightest: ControlGroupMemory?
        for line in membership.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[0] == "0" && parts[1].isEmpty
            guard isVersion2 || parts[1].split(separator: ",").contains("memory") else { continue }
            let roots = isVersion2 ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/memory"]
            for root in roots {
                for path in above(String(parts[2])) {
                    guard let limit = limit(root + path, isVersion2, read), limit < tightest?.limitBytes ?? .max
                    else { continue }
                    tightest = ControlGroupMemory(directory: root + path, isVersion2: isVersion2, limitBytes: limit)
                }
            }
        }
        return tightest
    }

    /// `/a/b`, `/a` and the root. In a container the path of the host may lead nowhere, and the root is the group.
    private static func above(_ path: String) -> [String] {
        var rest = path[...]
        var found: [String] = []
        while !rest.isEmpty, rest != "/" {
            found.append(String(rest))
            rest = rest[..<(rest.lastIndex(of: "/") ?? rest.startIndex)]
        }
        return found + [""]
    }

    private static func limit(_ directory: String, _ isVersion2: Bool, _ read: Files) -> Int? {
        let name = isVersion2 ? "memory.max" : "memory.limit_in_bytes"
        // Version 1 writes a number near 2^63 where there is no limit, version 2 the word max.
        guard let value = read("\(directory)/\(name)").flatMap(number), value < 1 << 60 else { return nil }
        return value
    }

    /// What the group's processes hold, without what the kernel gives up when it needs room; nil: it cannot be read.
    package func heldBytes(_ read: Files) -> Int? {
        let name = isVersion2 ? "memory.current" : "memory.usage_in_bytes"
        guard let usage = read("\(directory)/\(name)").flatMap(Self.number) else { return nil }
        let reclaimable =
            isVersion2
            ? ["active_file", "inactive_file", "slab_reclaimable"] : ["total_active_file", "total_inactive_file"]
        var free = 0
        for line in (read("\(directory)/memory.stat") ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, reclaimable.contains(String(parts[0])) { free += Int(parts[1]) ?? 0 }
        }
        return max(0, usage - free)
    }

    private static func number(_ text: String) -> Int? { Int(text.prefix { $0.isNumber }) }
}

/// What a process holds: pages of its own, without those of files that it maps (proc(5), statm).
package func ownMemoryBytes(statm: String, pageBytes: Int) -> Int? {
    let parts = statm.split(whereSeparator: \.isWhitespace).map { Int($0) }
    guard parts.count > 2, let resident = parts[1], let shared = parts[2] else { return nil }
    return max(0, resident - shared) * pageBytes
}
