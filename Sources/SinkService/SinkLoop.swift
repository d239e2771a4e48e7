import MailTypes
import Measures
import SMTPTransport

/// What one event loop of the sink counts. Confined to its loop; read through ``SinkLoop/snapshot()``.
final class SinkLoop: @unchecked Sendable {
    struct Totals: Sendable {
        var messages: UInt64 = 0
        /// Messages whose content began: taken, refused, or still coming.
        var begun: UInt64 = 0
        var bytes: UInt64 = 0
        var refused: UInt64 = 0
        var connections: UInt64 = 0
        var open = 0
        /// CLOCK_MONOTONIC of the first and the last message; 0 before.
        var firstNanoseconds: UInt64 = 0
        var lastNanoseconds: UInt64 = 0
    }
    var totals = Totals()
    var tally = ReplyTally()
    var entries: [LedgerEntry] = []
    /// Nil: there is no ledger, and no message is looked at.
    let ledgerState: LedgerState?
    let gauge: ConnectionGauge
    /// Nil: content is thrown away.
    let store: (any MessageStore)?
    /// Nil where there are no rules.
    let behaviour: SharedBehaviour?
    let outbox: ReportOutbox?
    /// What a client is shown where the rules want it deceived.
    var wrongCertificate: TLSServerContext?

    init(
        gauge: ConnectionGauge, ledgerState: LedgerState?, store: (any MessageStore)?,
        behaviour: SharedBehaviour? = nil, outbox: ReportOutbox? = nil
    ) {
        self.gauge = gauge
        self.ledgerState = ledgerState
        self.store = store
        self.behaviour = behaviour
        self.outbox = outbox
    }

    var notesEntries: Bool { ledgerState != nil }

    struct Snapshot: Sendable {
        var totals: Totals
        var tally: ReplyTally
        var reports: ReportOutbox.Counts
        /// Noted since the last call.
        var entries: [LedgerEntry]
    }

    func snapshot() -> Snapshot {
        defer { entries.removeAll(keepingCapacity: true) }
        return Snapshot(totals: totals, tally: tally, reports: outbox?.counts ?? .init(), entries: entries)
    }

    /// Counts from zero again; connections that are open stay open, and content that is coming is that of the time
    /// that begins.
    func reset() {
        totals = Totals(begun: totals.begun - totals.messages - totals.refused, open: totals.open)
        tally = ReplyTally()
        outbox?.reset()
        entries.removeAll()
    }
}

extension SinkLoop.Totals {
    mutating func add(_ other: Self) {
        messages += other.messages
        begun += other.begun
        bytes += other.bytes
        refused += other.refused
        connections += other.connections
        open += other.open
        if firstNanoseconds == 0 || (other.firstNanoseconds > 0 && other.firstNanoseconds < firstNanoseconds) {
            firstNanoseconds = other.firstNanoseconds
        }
        lastNanoseconds = max(lastNanoseconds, other.lastNanoseconds)
    }
}
