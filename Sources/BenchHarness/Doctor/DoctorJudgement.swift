import Measures

/// What the facts of a machine mean for a run: no clock, no file, the same answer to the same facts.
package struct DoctorJudgement: Sendable {
    let facts: DoctorFacts
    let needs: DoctorNeeds

    package init(_ facts: DoctorFacts, for needs: DoctorNeeds) {
        self.facts = facts
        self.needs = needs
    }

    /// All that was looked at, in the order of the parts of a machine.
    package var findings: [DoctorFinding] {
        limits + network + processor + memory + disk + neighbours + nameServers + tools
    }

    // MARK: Limits of processes

    /// Descriptors of a program beside its connections: listeners, files of the spool, connections to the sink.
    private static let descriptorsBeside = 500

    private var limits: [DoctorFinding] {
        let needed = needs.connections + Self.descriptorsBeside
        let wanted = max(65_536, needed * 2)
        let why =
            "generator and system each have \(grouped(needs.connections)) connections open, and some hundred files more"
        let now = grouped(facts.descriptorLimit)
        guard facts.descriptorLimit < UInt64(needed) else {
            let enough = DoctorFinding("open files", .ok, now: now, why: why)
            return [enough]
        }
        return [
            DoctorFinding(
                "open files", .severe, now: now, recommended: grouped(wanted), why: why,
                command: "ulimit -Hn \(wanted) && ulimit -n \(wanted)")
        ]
    }

    // MARK: Settings of the network

    private var network: [DoctorFinding] {
        [portRange, acceptQueue, handshakeQueue, reuse]
            + [("net.core.rmem_max", "received"), ("net.core.wmem_max", "sent")].map(socketMemory)
            + [("net.ipv4.tcp_rmem", "received"), ("net.ipv4.tcp_wmem", "sent")].map(automaticMemory)
    }

    /// A finding about `name` from its value; a note if the kernel does not have it.
    func setting(_ name: String, _ judge: (String) -> DoctorFinding) -> DoctorFinding {
        guard let value = facts.sysctls[name] else {
            return DoctorFinding(name, .note, now: "not there", why: "this kernel does not show it")
        }
        return judge(value)
    }

    /// A setting that should not be below `wanted`.
    private func atLeast(
        _ name: String, _ wanted: Int, _ severity: DoctorSeverity, unit: String = "", why: String
    ) -> DoctorFinding {
        setting(name) { text in
            let now = (Int(text).map { grouped($0) } ?? text) + unit
            guard let value = Int(text), value < wanted else { return DoctorFinding(name, .ok, now: now, why: why) }
            return DoctorFinding(
                name, severity, now: now, recommended: grouped(wanted) + unit, why: why,
                setting: SysctlSetting(name, "\(wanted)"))
        }
    }

    /// The smallest power of two from `least` on that holds `count`.
    private static func powerOfTwo(holding count: Int, least: Int) -> Int {
        var size = least
        while size < count { size *= 2 }
        return size
    }

    private var acceptQueue: DoctorFinding {
        atLeast(
            "net.core.somaxconn", Self.powerOfTwo(holding: needs.connections, least: 4096), .warning,
            why: "connections beyond it that are opened at once are dropped and tried again after a second")
    }

    /// With syncookies a full queue costs connections options, not their place.
    private var handshakeQueue: DoctorFinding {
        let cookies = facts.sysctls["net.ipv4.tcp_syncookies"] ?? "0"
        let wanted = Self.powerOfTwo(holding: needs.connections, least: 2048)
        return atLeast(
            "net.ipv4.tcp_max_syn_backlog", wanted, cookies == "0" ? .warning : .note,
            why: cookies == "0"
                ? "handshakes beyond it are dropped and tried again after a second"
                : "handshakes beyond it are made with cookies (tcp_syncookies is \(cookies)), without all TCP options")
    }

    private static let portRangeWanted = "5000 65000"

    private var portRange: DoctorFinding {
        let name = "net.ipv4.ip_local_port_range"
        return setting(name) { text in
            let ends = text.split(separator: " ").compactMap { Int($0) }
            guard ends.count == 2, ends[1] >= ends[0] else {
                return DoctorFinding(name, .note, now: text, why: "it was not understood")
            }
            let count = ends[1] - ends[0] + 1
            let why =
                "each connection to one address has a port, and keeps it for a minute after its end: "
                + "\(grouped(count)) of them"
            // As many again may be waiting to be free.
            let severity: DoctorSeverity =
                count < needs.connections ? .severe : count < needs.connections * 2 ? .warning : .ok
            guard severity != .ok else { return DoctorFinding(name, .ok, now: text, why: why) }
            return DoctorFinding(
                name, severity, now: text, recommended: Self.portRangeWanted, why: why,
                setting: SysctlSetting(name, Self.portRangeWanted))
        }
    }

    private var reuse: DoctorFinding {
        let name = "net.ipv4.tcp_tw_reuse"
        return setting(name) { text in
            let why = "ports of ended connections are free for new ones at once (2: on loopback alone)"
            guard text == "0" else { return DoctorFinding(name, .ok, now: text, why: why) }
            return DoctorFinding(
                name, .warning, now: text, recommended: "2", why: "0 keeps a port for a minute; otherwise " + why,
                setting: SysctlSetting(name, "2"))
        }
    }

    /// Of a socket's buffer; enough for a few messages of 1 MB under way.
    private static let bufferWanted = 4 << 20

    private func socketMemory(_ name: String, _ direction: String) -> DoctorFinding {
        atLeast(
            name, Self.bufferWanted, .note, unit: " bytes",
            why: "largest buffer of \(direction) bytes that a program may ask for")
    }

    private func automaticMemory(_ name: String, _ direction: String) -> DoctorFinding {
        setting(name) { text in
            let sizes = text.split(separator: " ").compactMap { Int($0) }
            let why = "smallest, first and largest buffer of \(direction) bytes that the kernel chooses by itself"
            guard sizes.count == 3, sizes[2] < Self.bufferWanted else {
                return DoctorFinding(name, .ok, now: text + " bytes", why: why)
            }
            let wanted = "\(sizes[0]) \(sizes[1]) \(Self.bufferWanted)"
            return DoctorFinding(
                name, .note, now: text + " bytes", recommended: wanted + " bytes", why: why,
                setting: SysctlSetting(name, wanted))
        }
    }
}
