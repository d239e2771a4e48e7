/// How much a finding weighs.
package enum DoctorSeverity: String, Codable, Sendable, Comparable {
    /// As it should be.
    case ok
    /// Good to know beside the figures.
    case note
    /// Would distort or limit some runs.
    case warning
    /// Would spoil a run: `bench-report doctor` ends with 1.
    case severe

    package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .ok: 0
        case .note: 1
        case .warning: 2
        case .severe: 3
        }
    }
}

/// One thing that was looked at: what it is, what it should be, and why.
package struct DoctorFinding: Sendable, Equatable {
    package var name: String
    package var severity: DoctorSeverity
    /// With its unit.
    package var now: String
    /// Empty where it is as it should be.
    package var recommended: String
    package var why: String
    /// To be run by root; empty where no command would do it.
    package var command: String
    /// What ``command`` sets, where that is a setting of the kernel.
    package var setting: SysctlSetting?

    package init(
        _ name: String, _ severity: DoctorSeverity, now: String, recommended: String = "", why: String,
        command: String = "", setting: SysctlSetting? = nil
    ) {
        self.name = name
        self.severity = severity
        self.now = now
        self.recommended = recommended
        self.why = why
        self.command = setting.map { "sysctl -w '\($0.name)=\($0.value)'" } ?? command
        self.setting = setting
    }
}

/// A setting of the kernel: `net.core.somaxconn` and what it should be.
package struct SysctlSetting: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Below /proc/sys.
    package var path: String { "/proc/sys/" + name.split(separator: ".").joined(separator: "/") }
}
