import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport

/// What one event loop of the sink counts. Confined to its loop; read through ``SinkLoop/snapshot()``.
final class SinkLoop: @unchecked Sendable {
    struct Totals: Sendable {
        var messages: UInt64 = 0
        var bytes: UInt64 = 0
        var refused: UInt64 = 0
        var connections: UInt64 = 0
        var open = 0
        /// CLOCK_MONOTONIC of the first and the last message; 0 before.
        var firstNanoseconds: UInt64 = 0
        var lastNanoseconds: UInt64 = 0
    }
    var totals = Totals()
    var entries: [LedgerEntry] = []
    let notesEntries: Bool
    let keeper: MessageKeeper?

    init(notesEntries: Bool, keeper: MessageKeeper?) {
        self.notesEntries = notesEntries
        self.keeper = keeper
    }

    /// Totals so far, and the entries noted since the last call.
    func snapshot() -> (totals: Totals, entries: [LedgerEntry]) {
        defer { entries.removeAll(keepingCapacity: true) }
        return (totals, entries)
    }
}

/// One client of the sink: accepts everything and forgets it.
final class SinkConnection: SMTPServerDelegate {
    private let loop: SinkLoop
    private var size = 0
    private var verifier = StampVerifier()
    private var kept: [UInt8] = []

    init(_ loop: SinkLoop) {
        self.loop = loop
        loop.totals.open += 1
        loop.totals.connections += 1
    }

    /// Checksums and files want the content itself; throwing away does not care.
    var wantsWireForm: Bool { !loop.notesEntries && loop.keeper == nil }

    func sender(_ connection: SMTPServerConnection) -> SMTPReply? { nil }
    func recipient(_ connection: SMTPServerConnection) -> SMTPReply? { nil }

    func contentBegins(_ connection: SMTPServerConnection, form: WireForm) {
        size = 0
        if loop.notesEntries { verifier.reset() }
        kept.removeAll()
    }

    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer) {
        size += slice.readableBytes
        if loop.notesEntries { slice.withUnsafeReadableBytes { verifier.add($0) } }
        if loop.keeper != nil { kept.append(contentsOf: slice.readableBytesView) }
    }

    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision {
        if let keeper = loop.keeper {
            if let refusal = keeper.keep(kept, connection.session.envelope) {
                loop.totals.refused += 1
                return .now(refusal)
            }
        }
        loop.totals.messages += 1
        loop.totals.bytes += UInt64(size)
        let now = connection.now.nanoseconds
        if loop.totals.firstNanoseconds == 0 { loop.totals.firstNanoseconds = now }
        loop.totals.lastNanoseconds = now
        if loop.notesEntries { loop.entries.append(LedgerEntry(verdict: verifier.verdict, size: size)) }
        return .now(nil)
    }

    func contentAborted(_ connection: SMTPServerConnection) { loop.totals.refused += 1 }

    func closed(_ connection: SMTPServerConnection) { loop.totals.open -= 1 }
}
