import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport
import SinkBehaviour

/// Bounces and complaints of one event loop on their way back: each waits for its time, then goes over one connection
/// that is made when there is something to send. Confined to its loop.
final class ReportOutbox: SMTPClientDelegate, @unchecked Sendable {
    struct Counts: Sendable {
        var sent: UInt64 = 0
        /// Refused for good, or tried in vain too often.
        var failed: UInt64 = 0
        /// Not sent yet.
        var waiting: UInt64 = 0

        mutating func add(_ other: Self) {
            sent += other.sent
            failed += other.failed
            waiting += other.waiting
        }
    }

    private struct Outgoing {
        var envelope: Envelope
        var content: ByteBuffer
        var attempts = 0
        /// Of the run that it belongs to.
        let run: Int
    }

    private let loop: LoopContext
    private let target: SocketAddress
    private let hostname: String
    private var due: [Outgoing] = []
    private var open: [Outgoing] = []
    private var connection: SMTPClientConnection?
    private var isConnecting = false
    private var number: UInt64
    private(set) var counts = Counts()
    /// Runs that were ended by ``reset()``.
    private var run = 0

    /// A report is tried so often.
    private static let attempts = 5
    private static let pause = TimeAmount.seconds(1)

    init(_ loop: LoopContext, to target: SocketAddress, hostname: String) {
        self.loop = loop
        self.target = target
        self.hostname = hostname
        // Names of two loops' messages differ.
        number = UInt64(loop.index) << 48
    }

    /// - Parameter content: the begin of the message, without stuffing dots.
    func add(_ reports: [SinkReport], _ envelope: Envelope, _ content: [UInt8], from source: NetworkAddress?) {
        for report in reports where !envelope.reversePath.isNull {
            number += 1
            counts.waiting += 1
            let message = ReportMessage(
                kind: report.kind, hostname: hostname, recipient: report.to ?? envelope.reversePath,
                originalSender: envelope.reversePath, originalRecipients: report.recipients, reply: report.reply,
                content: content, source: source, unixSeconds: Int(WallInstant.now().seconds), number: number)
            let outgoing = Outgoing(
                envelope: Envelope(reversePath: message.reversePath, recipients: [message.recipient]),
                content: ByteBuffer(bytes: message.wireForm), run: run)
            wait(.nanoseconds(Int64(min(report.delay, UInt64(Int64.max))))) { $0.send([outgoing]) }
        }
    }

    /// Counts from zero again; what waits is forgotten, and what is being sent counts no more.
    func reset() {
        counts = Counts()
        due = []
        run += 1
    }

    private func wait(_ time: TimeAmount, _ body: @escaping (ReportOutbox) -> Void) {
        loop.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in body(self) }
    }

    private func send(_ more: [Outgoing]) {
        due += more.filter { $0.run == run }
        guard !due.isEmpty else { return }
        if let connection {
            if connection.canSend { maySend(connection) }
        } else if !isConnecting {
            isConnecting = true
            SMTPClientConnection.connect(
                to: target, loop: loop,
                configuration: ClientConfiguration(hostname: hostname, overlap: false, chunking: false),
                delegate: self)
        }
    }

    func maySend(_ connection: SMTPClientConnection) {
        self.connection = connection
        isConnecting = false
        guard !due.isEmpty else {
            if open.isEmpty { connection.quit() }
            return
        }
        let next = due.removeFirst()
        open.append(next)
        connection.send(
            next.envelope,
            OutgoingContent(buffers: [next.content], size: next.content.readableBytes, form: .dotStuffed))
    }

    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {
        let report = open.removeFirst()
        guard report.run == run else { return }
        guard let refusal = result.refusal else {
            counts.sent += 1
            counts.waiting -= 1
            return
        }
        again([report], mayTry: refusal.isTransient)
    }

    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        self.connection = nil
        isConnecting = false
        let lost = open
        open = []
        if case .quit = cause, lost.isEmpty, due.isEmpty { return }
        let waiting = due
        due = []
        again(lost + (lost.isEmpty ? waiting : []), mayTry: true)
        if !lost.isEmpty { wait(Self.pause) { $0.send(waiting) } }
    }

    private func again(_ reports: [Outgoing], mayTry: Bool) {
        for report in reports where report.run == run {
            var next = report
            next.attempts += 1
            if mayTry, next.attempts < Self.attempts {
                wait(Self.pause) { [next] in $0.send([next]) }
            } else {
                counts.failed += 1
                counts.waiting -= 1
            }
        }
    }
}
