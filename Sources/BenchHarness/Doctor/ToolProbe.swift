import Foundation
import Glibc
import Measures

/// What the harness can measure and limit here.
enum ToolProbe {
    static func look(_ groups: ControlGroupLayout) -> [ToolFacts] {
        [
            ToolFacts(
                name: "root", isAvailable: geteuid() == 0,
                purpose: "limits of disk and memory, other systems' users, settings of the kernel",
                detail: geteuid() == 0 ? "yes" : "no"),
            program("strace", "evidence that a system syncs before it answers"),
            counters, group(groups, .disk, "runs with a limited disk"),
            group(groups, .memory, "runs with limited memory"), NetworkEmulation.probe(),
        ]
    }

    private static func program(_ name: String, _ purpose: String) -> ToolFacts {
        let path = Command.path(of: name)
        return ToolFacts(name: name, isAvailable: path != nil, purpose: purpose, detail: path ?? "not installed")
    }

    /// Tracepoints count syncs in a run; cycles and instructions need the processor's counters, which few virtual
    /// machines have.
    private static var counters: ToolFacts {
        let purpose = "syncs counted during a run, instructions and cycles a message"
        func facts(_ isAvailable: Bool, _ detail: String) -> ToolFacts {
            ToolFacts(name: "perf", isAvailable: isAvailable, purpose: purpose, detail: detail)
        }
        guard Command.path(of: "perf") != nil else { return facts(false, "not installed") }
        func counts(_ event: String) -> Bool {
            // The statistics go to standard error: ask for standard output, so that they can be read.
            let text = Command.output(["perf", "stat", "-x", ",", "--log-fd", "1", "-e", event, "true"]) ?? ""
            return text.split(separator: "\n").contains { UInt64($0.split(separator: ",").first ?? "") != nil }
        }
        switch (counts("syscalls:sys_enter_fsync"), counts("cycles")) {
        case (true, true): return facts(true, "system calls and cycles")
        case (true, false): return facts(true, "system calls; no counters of the processor")
        case (false, true): return facts(true, "cycles; no system calls (no tracefs, or not root)")
        case (false, false): return facts(false, "installed, but it may count nothing here")
        }
    }

    private static func group(
        _ groups: ControlGroupLayout, _ controller: ControlGroupLayout.Controller, _ purpose: String
    ) -> ToolFacts {
        let name = "\(controller.rawValue) control group"
        guard let hierarchy = groups.hierarchy(controller) else {
            return ToolFacts(name: name, isAvailable: false, purpose: purpose, detail: "no such controller is mounted")
        }
        let mayWrite = access(hierarchy.directory, W_OK) == 0
        return ToolFacts(
            name: name, isAvailable: mayWrite, purpose: purpose,
            detail: "version \(hierarchy.version) at \(hierarchy.directory)"
                + (mayWrite ? "" : ", which this user may not write to"))
    }
}
