/// What one source did on one event loop. A class: its connections count without a look-up.
final class SourceCounts {
    /// Connections.
    var opened: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private(set) var failedAtProxy: UInt64 = 0
    /// Recipients.
    var delivered: UInt64 = 0
    var bounced: UInt64 = 0
    var deferred: UInt64 = 0

    func failed(isOfProxy: Bool) {
        if isOfProxy { failedAtProxy += 1 } else { failed += 1 }
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
