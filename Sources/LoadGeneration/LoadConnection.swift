import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

/// One SMTP connection of the generator: takes a message, sends it, takes the next.
final class LoadConnection: SMTPClientDelegate, LoadClient {
    /// It outlives its connections.
    private let loop: LoadLoop
    // Values that call nobody: overlaps need not be looked for at run time (SE-0176).
    @exclusivity(unchecked) private var open = PairQueue<OpenMessage>()
    /// Headers of the messages under way: while one's content is being written the next one's is made.
    @exclusivity(unchecked) private var header = ByteBuffer()
    @exclusivity(unchecked) private var otherHeader = ByteBuffer()
    private var connection: SMTPClientConnection?
    private var isReady = false
    /// Messages begun on the present connection.
    private var begun = 0
    // What the server offers, and we use.
    private var usesChunking = false
    private var usesPipelining = false
    /// It was still being opened when there was nothing left to send.
    private var isWithdrawn = false
    var isResting = false
    var failures = 0

    private let route: LoadRoute

    init(_ loop: LoadLoop, _ route: LoadRoute) {
        self.loop = loop
        self.route = route
    }

    func connect() {
        (isReady, isWithdrawn) = (false, false)
        begun = 0
        let transport = loop.configuration.transport
        connection = SMTPClientConnection.connect(
            to: route.target.address, loop: loop.context, configuration: transport.session, delegate: self,
            security: .init(context: transport.tls, name: route.target.host, source: route.source))
    }

    func maySend(_ connection: SMTPClientConnection) {
        if !isReady {
            isReady = true
            (usesChunking, usesPipelining) = (connection.usesChunking, connection.usesPipelining)
            loop.becameReady(
                self, connect: connection.connected.nanoseconds(since: connection.connectStarted),
                ready: connection.now.nanoseconds(since: connection.connected))
        }
        guard begun < loop.configuration.messagesPerConnection else {
            if open.isEmpty { connection.quit() }
            return
        }
        guard let work = loop.work(isFree: open.isEmpty) else {
            if open.isEmpty { loop.rest(self) }
            return
        }
        // A refusal asks twice, with its result and behind RSET: who rested at the first may be busy now, and must not be
        // given a second message as if it were idle.
        if isResting { loop.stopResting(self) }
        send(work, connection)
    }

    func begin(_ work: LoadWork) { if let connection { send(work, connection) } }

    private func send(_ work: LoadWork, _ connection: SMTPClientConnection) {
        begun += 1
        swap(&header, &otherHeader)
        let (content, message) = loop.offer(work, chunked: usesChunking, into: &header)
        open.append(message)
        connection.send(loop.source.envelope, content)
    }

    func leave() { connection?.quit() }

    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {
        guard let message = open.popFirst() else { return }
        keepFirstTexts(connection)
        loop.measures.note(result, answeredRecipients: message.recipients)
        if let stage = LoadMeasures.refusalStage(result, recipients: message.recipients) {
            return refused(message, result, stage, at: connection.now)
        }
        let taken = message.recipients - (result.hasRefusals ? result.refusedRecipients.count : 0)
        loop.accepted(message, at: connection.now, taken: taken)
        guard !loop.isWarmUp(message) else { return }
        loop.measures.record(
            result.trace, began: message.began.nanoseconds, ended: connection.now.nanoseconds,
            isPipelined: usesPipelining)
    }

    /// Whoever says 421 at MAIL speaks of the session, not of a message that it knows nothing of (RFC 5321 §3.8).
    private func refused(
        _ message: OpenMessage, _ result: TransactionResult, _ stage: TransactionStage, at now: MonotonicInstant
    ) {
        if stage == .mail, result.refusal?.code == 421, loop.offerAgain(message) { return }
        loop.refused(message, at: now, stage: stage.rawValue)
    }

    private func keepFirstTexts(_ connection: SMTPClientConnection) {
        guard !loop.hasFirstTexts else { return }
        let replies = connection.takeFirstReplies()
        loop.hasFirstTexts = replies[.final] != nil
        for (stage, reply) in replies {
            loop.measures.note(stage.rawValue, Int(reply.code), count: 0, reply.description)
        }
    }

    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        for (message, transaction) in zip(open.elements, connection.session.unfinishedTransactions) {
            settle(message, transaction)
        }
        open.removeAll()
        self.connection = nil
        let wasReady = isReady
        isReady = false
        var asWanted = isWithdrawn
        if case .quit = cause { asWanted = true }
        if isClosed(cause, connection) {
            asWanted = true
            loop.counts.connectionsClosed += 1
        }
        if !isWithdrawn { noteCause(cause, wasReady, of: connection) }
        loop.ended(self, wasReady: wasReady, asWanted: asWanted)
    }

    /// A message that was under way when the connection ended: it may have been refused before.
    private func settle(_ message: OpenMessage, _ transaction: UnfinishedTransaction) {
        let recipients = transaction.awaited == .final ? message.recipients : nil
        loop.measures.note(transaction.result, answeredRecipients: recipients)
        let now = MonotonicInstant.now()
        guard let stage = LoadMeasures.refusalStage(transaction.result, recipients: message.recipients) else {
            return loop.lost(
                message, contentSent: transaction.contentSent, at: now, awaited: transaction.awaited.rawValue)
        }
        refused(message, transaction.result, stage, at: now)
    }

    /// The target has ended the session between two messages, as it may when it has had enough of them.
    private func isClosed(_ cause: ClientCloseCause, _ connection: SMTPClientConnection) -> Bool {
        guard case .refused = cause else { return false }
        return connection.session.closingStage == .mail && begun > 1
    }

    private func noteCause(_ cause: ClientCloseCause, _ wasReady: Bool, of connection: SMTPClientConnection) {
        switch cause {
        case .quit: break
        case .refused(let reply):
            // The 421 that answered a message is among the replies to that.
            guard connection.session.closingStage == nil else { return }
            loop.measures.note(wasReady ? "connection" : "greeting", Int(reply.code), reply.description)
        case .unreachable(let text), .lost(let text): loop.measures.note("connection", 0, text)
        case .timeout:
            let awaited = connection.session.awaited
            loop.measures.note("connection", 0, "timeout: " + (awaited.map { "no \($0)" } ?? "not ready"))
        }
    }

    func abandon() { connection?.abort(.lost("given up at the end of the run")) }

    /// The session's own clock sees to it.
    func look(at now: UInt64) {}

    func withdraw() {
        guard !isReady, let connection else { return }
        isWithdrawn = true
        connection.abort(.lost("no longer needed"))
    }
}
