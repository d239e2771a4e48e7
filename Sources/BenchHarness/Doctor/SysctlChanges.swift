import Glibc
import Measures

/// What `--apply` needs of the machine: tests give one that is not it.
package protocol SysctlStore {
    /// The value as the kernel shows it, its blanks made single; nil if it is not there.
    func read(_ name: String) -> String?
    /// - Returns: why it could not be written; nil if it was.
    func write(_ setting: SysctlSetting) -> String?
}

/// /proc/sys of this machine.
package struct KernelSysctls: SysctlStore {
    package init() {}

    package func read(_ name: String) -> String? { DoctorProbe.line(SysctlSetting(name, "").path) }

    package func write(_ setting: SysctlSetting) -> String? {
        let descriptor = open(setting.path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        var text = Array(setting.value.utf8)
        let written = text.withUnsafeMutableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        return written == text.count ? nil : String(cString: strerror(errno))
    }
}

/// Settings of the kernel that were really changed, each read again afterwards.
package struct SysctlChanges: Sendable, Equatable {
    package struct Change: Sendable, Equatable {
        package var name: String
        package var from: String
        package var to: String
    }

    package private(set) var changes: [Change] = []
    /// `NAME: why it is as it was`.
    package private(set) var failures: [String] = []

    package init() {}

    /// Makes each setting so; one that cannot be changed does not keep the others from it.
    package static func apply(_ settings: [SysctlSetting], to store: some SysctlStore) -> SysctlChanges {
        var result = SysctlChanges()
        for setting in settings {
            guard let before = store.read(setting.name) else {
                result.failures.append("\(setting.name): this kernel does not have it")
                continue
            }
            let problem = store.write(setting)
            let after = store.read(setting.name) ?? before
            if after != before { result.changes.append(Change(name: setting.name, from: before, to: after)) }
            guard after != setting.value else { continue }
            result.failures.append("\(setting.name): it is \(after): " + (problem ?? "the kernel chose another value"))
        }
        return result
    }

    /// What was changed, from what to what, and how to have it back.
    package var text: String {
        var lines = changes.map { "changed \($0.name): \($0.from) → \($0.to)" }
        if changes.isEmpty { lines.append("nothing was changed") }
        lines += failures.map { "not changed " + $0 }
        if !changes.isEmpty {
            lines.append("until the next start of the machine; to undo it now:")
            lines += changes.map { "  sysctl -w '\($0.name)=\($0.from)'" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A file for /etc/sysctl.d: what is recommended, with the reason and what it was.
    package static func file(_ findings: [DoctorFinding]) -> String {
        let wanted = findings.filter { $0.setting != nil }
        var lines = [
            "# Settings for load runs, by 'bench-report doctor --sysctl': /etc/sysctl.d/90-millrace.conf,",
            "# then 'sysctl --system'.",
        ]
        if wanted.isEmpty { lines.append("# Nothing here has to be changed.") }
        for finding in wanted {
            lines += ["", "# \(finding.why)", "# was: \(finding.now)"]
            lines += finding.setting.map { ["\($0.name) = \($0.value)"] } ?? []
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
