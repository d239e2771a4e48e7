package import RunRecords

/// Ledgers as they lie in a result's directory: compressed, so that anybody can do the audit again.
package enum LedgerStore {
    package static let generatorName = "generator.ledger.zst"
    package static let sinkName = "sink.ledger.zst"
    /// Bytes of both compressed ledgers together that a valid run keeps; those of an invalid one are all kept.
    package static let keptBytes = 32 << 20
    /// Bytes of one ledger's text at most.
    package static let textLimit = 8 << 30

    /// What is kept of the two ledgers.
    package struct Packed: Sendable {
        package var files: [String: [UInt8]]
        package var facts: LedgerFacts
    }

    /// - Parameter isValid: whether the run is.
    package static func pack(
        generator: [UInt8], sink: [UInt8], isValid: Bool
    ) throws(RecordFault) -> Packed {
        let files = [
            generatorName: try ZstdFrame.compress(generator), sinkName: try ZstdFrame.compress(sink),
        ]
        let bytes = files.values.map(\.count).reduce(0, +)
        guard isValid, bytes > keptBytes else {
            return Packed(files: files, facts: LedgerFacts(kept: true, reason: nil))
        }
        return Packed(
            files: [:],
            facts: LedgerFacts(kept: false, reason: "\(bytes) bytes compressed, more than \(keptBytes)"))
    }
}
