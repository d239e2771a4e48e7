package import LoadShedding

/// Whether new mail should be sent here, and if not, why. What is not ready is alive all the same: it delivers what it
/// has.
package struct RelayReadiness: Sendable, Hashable, Codable {
    /// `disk`, `inodes`, `memory`, `descriptors`, `backlog` (``LoadCause``), `spool` (a fault latched it), `stopping`,
    /// `upgrading`; empty: ready.
    package var reasons: [String]
    package var isReady: Bool { reasons.isEmpty }

    package init(reasons: [String] = []) { self.reasons = reasons }
}

extension RelayServer {
    /// As of the last look, a fifth of a second ago at most.
    package var readiness: RelayReadiness {
        var reasons = load.shedder.causes.map(\.rawValue)
        if committer.fault != nil { reasons.append("spool") }
        if let ending { reasons.append(ending.rawValue) }
        return RelayReadiness(reasons: reasons)
    }

    /// What is short just now.
    package var loadCauses: [LoadCause] { load.shedder.causes }
}
