import Foundation
import Glibc
import Measures

/// A control group that counts the CPU of all processes in it, also of those that nobody waited for: a system that
/// ignores SIGCHLD (Exim's deliveries) hides them from its own account.
struct AccountingGroup {
    /// `cgroup 2` or `cgroup 1 (cpuacct)`.
    let kind: String
    let directory: String

    private static let hierarchies = [
        ("cgroup 2", "/sys/fs/cgroup", "cgroup.controllers"),
        ("cgroup 2", "/sys/fs/cgroup/unified", "cgroup.controllers"),
        ("cgroup 1 (cpuacct)", "/sys/fs/cgroup/cpuacct", "cpuacct.usage"),
    ]

    /// Nil where groups cannot be made: no root, or no such file system.
    static func make(_ name: String) -> AccountingGroup? {
        for (kind, root, sign) in hierarchies where access(root + "/" + sign, R_OK) == 0 {
            let directory = "\(root)/millrace-\(getpid())-\(name)"
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { continue }
            let group = AccountingGroup(kind: kind, directory: directory)
            if group.seconds != nil, access(directory + "/cgroup.procs", W_OK) == 0 { return group }
            group.remove()
        }
        return nil
    }

    /// Whether groups can be made here.
    static var isPossible: Bool {
        guard let group = make("try") else { return false }
        group.remove()
        return true
    }

    /// Words before a command that put it into the group.
    var prefix: [String] {
        ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", directory + "/cgroup.procs"]
    }

    /// User and system CPU seconds so far.
    var seconds: (user: Double, system: Double)? {
        if let user = procField(directory + "/cpu.stat", "user_usec"),
            let system = procField(directory + "/cpu.stat", "system_usec")
        {
            return (Double(user) / 1e6, Double(system) / 1e6)
        }
        guard let text = readSmallFile(directory + "/cpuacct.usage"),
            let total = UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            let user = procField(directory + "/cpuacct.stat", "user"),
            let system = procField(directory + "/cpuacct.stat", "system")
        else { return nil }
        // The sum is exact to the nanosecond, its parts are counted in clock ticks.
        let share = user + system == 0 ? 0.5 : Double(user) / Double(user + system)
        return (Double(total) / 1e9 * share, Double(total) / 1e9 * (1 - share))
    }

    /// Of an interrupted run.
    static func removeLeftOver(_ name: String) {
        for (kind, root, _) in hierarchies {
            AccountingGroup(kind: kind, directory: "\(root)/millrace-\(getpid())-\(name)").remove()
        }
    }

    /// Once all in it have ended.
    func remove() {
        for _ in 0..<20 where rmdir(directory) != 0 && errno == EBUSY { usleep(10_000) }
    }
}
