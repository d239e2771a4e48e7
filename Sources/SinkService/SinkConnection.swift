import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

/// One client of the sink: accepts everything and forgets it.
final class SinkConnection: SMTPServerDelegate {
    private let loop: SinkLoop
    private(set) var size = 0
    private var verifier = StampVerifier()
    private var kept: [UInt8] = []
    /// Content began and nothing was decided of it.
    private var isUnderWay = false

    init(_ loop: SinkLoop) {
        self.loop = loop
        loop.totals.open += 1
        loop.totals.connections += 1
        loop.gauge.opened()
        loop.tally.usual.greeting += 1
    }

    /// Checksums and files want the content itself; throwing away does not care.
    var wantsWireForm: Bool { !loop.notesEntries && loop.store == nil }

    /// Counting needs no content: what comes by BDAT the kernel may drop.
    var needsContent: Bool { loop.notesEntries || loop.store != nil }

    func contentPassed(_ connection: SMTPServerConnection, _ count: Int) { size += count }

    func sender(_ connection: SMTPServerConnection) -> SMTPReply? {
        loop.tally.usual.mail += 1
        return nil
    }

    func recipient(_ connection: SMTPServerConnection) -> SMTPReply? {
        loop.tally.usual.rcpt += 1
        return nil
    }

    func contentBegins(_ connection: SMTPServerConnection, form: WireForm) {
        if form == .dotStuffed { loop.tally.usual.data += 1 }
        beginContent()
    }

    func beginContent() {
        loop.totals.begun += 1
        isUnderWay = true
        size = 0
        if loop.notesEntries { verifier.reset() }
        kept.removeAll()
    }

    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer) {
        size += slice.readableBytes
        if loop.notesEntries { slice.withUnsafeReadableBytes { verifier.add($0) } }
        if loop.store != nil { kept.append(contentsOf: slice.readableBytesView) }
    }

    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision {
        .now(accept(connection, reply: nil, arrived: connection.now))
    }

    /// Counts the message and lets go of it.
    /// - Parameters:
    ///   - reply: what the client is told instead of the usual 250.
    ///   - arrived: when the end of the content was read.
    /// - Returns: the reply: a refusal if the message could not be kept.
    func accept(_ connection: SMTPServerConnection, reply: SMTPReply?, arrived: MonotonicInstant) -> SMTPReply? {
        if let refusal = loop.ledgerState?.refusal ?? loop.store?.store(kept, connection.session.envelope) {
            return refuse(refusal)
        }
        isUnderWay = false
        loop.totals.messages += 1
        loop.totals.bytes += UInt64(size)
        let now = arrived.nanoseconds
        if loop.totals.firstNanoseconds == 0 { loop.totals.firstNanoseconds = now }
        loop.totals.lastNanoseconds = max(now, loop.totals.lastNanoseconds)
        if let reply { loop.tally.count(.end, reply) } else { loop.tally.usual.final += 1 }
        if loop.notesEntries { note(connection, reply, arrived) }
        return reply
    }

    /// Counts a message whose content came whole and is not taken.
    func refuse(_ reply: SMTPReply) -> SMTPReply {
        giveUp()
        loop.tally.count(.end, reply)
        return reply
    }

    /// The content that is under way is not taken; why is counted elsewhere.
    func giveUp() {
        guard isUnderWay else { return }
        isUnderWay = false
        loop.totals.refused += 1
    }

    private func note(_ connection: SMTPServerConnection, _ reply: SMTPReply?, _ arrived: MonotonicInstant) {
        let wall = WallInstant.now().nanoseconds - MonotonicInstant.now().nanoseconds(since: arrived)
        loop.entries.append(
            LedgerEntry(
                verdict: verifier.verdict, size: size, receivedUnixNanoseconds: wall, checksum: verifier.checksum,
                dueUnixNanoseconds: verifier.dueUnixNanoseconds, source: connection.client?.networkAddress,
                domain: connection.session.envelope.recipients.first.map { Array($0.domain) } ?? [],
                reply: reply?.code ?? 250))
    }

    func contentAborted(_ connection: SMTPServerConnection) { giveUp() }

    func answered(_ connection: SMTPServerConnection, _ replies: [CountedReply]) { loop.tally.add(replies) }

    func closed(_ connection: SMTPServerConnection) {
        if isUnderWay {
            giveUp()
            loop.tally.countLeft("the client left")
        }
        loop.gauge.closed()
        loop.totals.open -= 1
    }
}
