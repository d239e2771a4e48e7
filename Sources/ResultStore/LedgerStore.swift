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
            facts: LedgerFacts(kept: false, reason: reason(bytes)))
    }

    // MARK: Ledgers that are not there

    /// Bytes that a line comes to, compressed, at most: of what is in one an id, times and a checksum do not repeat.
    private static let lineBytes: (generator: UInt64, sink: UInt64) = (64, 96)

    private static func reason(_ bytes: Int) -> String { "\(bytes) bytes compressed, more than \(keptBytes)" }

    /// What speaks against ledgers that are said not to have been kept; nil where they can have been too large.
    /// - Parameters:
    ///   - offered: messages of the generator.
    ///   - received: messages at the sink.
    ///   - isValid: whether the run is; ledgers of one that is not are always kept.
    package static func objection(_ facts: LedgerFacts, offered: UInt64, received: UInt64, isValid: Bool) -> String? {
        guard isValid else { return "a run that is no result keeps its ledgers, however large they are" }
        let text = facts.reason ?? "no reason"
        guard let bytes = Int(text.prefix { $0.isNumber }), bytes > keptBytes, text == reason(bytes) else {
            return "ledgers were not kept, and the reason is '\(text)': expected 'N bytes compressed, more than "
                + "\(keptBytes)'"
        }
        let possible = offered * lineBytes.generator + received * lineBytes.sink
        guard bytes > possible else { return nil }
        return "ledgers of \(offered) messages offered and \(received) received are said to have been \(bytes) bytes "
            + "compressed; they come to \(possible) at most, and are kept"
    }
}
