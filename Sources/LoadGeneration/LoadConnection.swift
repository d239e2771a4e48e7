import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport

/// One connection of the generator: claims a message, sends it, claims the next.
final class LoadConnection: SMTPClientDelegate {
    private struct Open {
        var id: MessageID
        var size: Int
        /// When MAIL was written.
        var began: MonotonicInstant
    }

    private unowned let loop: LoadLoop
    private var open: [Open] = []
    private var connection: SMTPClientConnection?
    private var isReady = false
    private var failures = 0

    init(_ loop: LoadLoop) { self.loop = loop }

    func connect() {
        isReady = false
        SMTPClientConnection.connect(
            to: loop.configuration.target, loop: loop.context,
            configuration: ClientConfiguration(
                hostname: "traffic-gen.test", pipelining: loop.configuration.pipelining,
                overlap: loop.configuration.pipelining, chunking: loop.configuration.chunking),
            delegate: self)
    }

    func maySend(_ connection: SMTPClientConnection) {
        if !isReady { becameReady(connection) }
        guard let sequence = loop.plan.claim() else {
            if open.isEmpty { connection.quit() }
            return
        }
        let chunked = connection.session.usesChunking
        let message = loop.source.message(sequence, chunked: chunked)
        let now = MonotonicInstant.now()
        if loop.counts.firstOffered == 0 { loop.counts.firstOffered = now.nanoseconds }
        loop.counts.offered += 1
        loop.counts.messageSize = message.content.size
        open.append(Open(id: message.id, size: message.content.size, began: now))
        connection.send(message.envelope, message.content)
    }

    private func becameReady(_ connection: SMTPClientConnection) {
        isReady = true
        failures = 0
        self.connection = connection
        loop.counts.open += 1
        loop.counts.connecting -= 1
        loop.measures.connect.record(nanoseconds: connection.connected.nanoseconds(since: connection.connectStarted))
        loop.measures.ready.record(nanoseconds: connection.now.nanoseconds(since: connection.connected))
        loop.connectEnded()
    }

    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {
        let message = open.removeFirst()
        guard let refusal = result.refusal else {
            accepted(message, connection.now)
            return
        }
        loop.counts.refused += 1
        loop.measures.note(result.stage.rawValue, Int(refusal.code), refusal.description)
        loop.note(message.id, .refused)
    }

    private func accepted(_ message: Open, _ now: MonotonicInstant) {
        let latency = now.nanoseconds(since: message.began)
        loop.measures.transaction.record(nanoseconds: latency)
        loop.recent.record(nanoseconds: latency)
        loop.counts.accepted += 1
        loop.counts.acceptedBytes += UInt64(message.size)
        loop.counts.lastAccepted = now.nanoseconds
        loop.measures.note("final", 250, "")
        loop.note(message.id, .accepted)
    }

    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        settle(unfinished)
        if isReady {
            loop.counts.open -= 1
            loop.counts.connecting += 1
            self.connection = nil
        } else {
            loop.connectEnded()
        }
        isReady = false
        if case .quit = cause { return leave() }
        loop.counts.connectionsFailed += 1
        noteCause(cause)
        failures += 1
        if loop.plan.isExhausted || failures >= LoadLoop.connectAttempts { return leave() }
        loop.retry(self, after: .milliseconds(Int64(100 << failures)))
    }

    private func leave() {
        loop.counts.connecting -= 1
        loop.retire(self)
    }

    private func settle(_ unfinished: [Bool]) {
        for (message, contentSent) in zip(open, unfinished) {
            if contentSent { loop.counts.inDoubt += 1 } else { loop.counts.failed += 1 }
            loop.note(message.id, contentSent ? .inDoubt : .failed)
        }
        open.removeAll()
    }

    private func noteCause(_ cause: ClientCloseCause) {
        switch cause {
        case .quit: break
        case .refused(let reply):
            loop.measures.note(isReady ? "connection" : "greeting", Int(reply.code), reply.description)
        case .unreachable(let text), .lost(let text): loop.measures.note("connection", 0, text)
        case .timeout: loop.measures.note("connection", 0, "timeout")
        }
    }

    func abandon() { connection?.abort(.lost("given up at the end of the run")) }
}
