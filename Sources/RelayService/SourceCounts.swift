/// What one source did on one event loop. A class: its connections count without a look-up.
final class SourceCounts {
    /// Connections.
    var opened: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private(set) var failedAtProxy: UInt64 = 0
    /// Recipients.
    private(set) var delivered: UInt64 = 0
    private(set) var bounced: UInt64 = 0
    private(set) var deferred: UInt64 = 0

    func failed(isOfProxy: Bool) {
        if isOfProxy { failedAtProxy += 1 } else { failed += 1 }
    }

    /// What a transaction came to.
    func add(_ outcome: (delivered: Int, failed: Int), sent: Int) {
        delivered += UInt64(outcome.delivered)
        bounced += UInt64(outcome.failed)
        deferred += UInt64(sent - outcome.delivered - outcome.failed)
    }
}

extension RelayShard {
    func counts(of source: String) -> SourceCounts {
        if let known = sourceCounts[source] { return known }
        let fresh = SourceCounts()
        sourceCounts[source] = fresh
        return fresh
    }
}
