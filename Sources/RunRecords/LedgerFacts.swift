/// Whether the ledgers lie beside the record, so that a stranger can find lost, doubled and changed messages again.
package struct LedgerFacts: Codable, Hashable, Sendable {
    /// `generator.ledger.zst` and `sink.ledger.zst`.
    package var kept: Bool
    /// Why not.
    package var reason: String?

    package init(kept: Bool, reason: String?) {
        self.kept = kept
        self.reason = reason
    }
}
