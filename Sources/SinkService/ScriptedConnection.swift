import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport
import SinkBehaviour

/// One client of a sink with rules: each stage is asked about, and what the rules say happens on the event loop's
/// timers; nothing waits in a thread.
final class ScriptedConnection: SMTPServerDelegate {
    private let loop: SinkLoop
    private let behaviour: SharedBehaviour
    /// Looked up when the client comes.
    private var listener = ""
    /// Counts and keeps what is accepted.
    private let plain: SinkConnection
    private var leases: [SinkLease] = []
    private var withheld: ServiceExtensions = []
    private var bytesPerSecond: Int?
    private var isHolding = false
    private var contentBegan = MonotonicInstant(nanoseconds: 0)
    /// The connection is to end behind so many octets of this content.
    private var dropping: (afterBytes: Int, withReset: Bool)?
    /// What stage `data` said of content that came in chunks: said at their end.
    private var carried: SinkDecision?
    /// The begin of the content, for reports.
    private var header: [UInt8] = []
    private var isGone = false

    /// Octets of a message that a report returns.
    static let headerKept = 16_384

    init(_ loop: SinkLoop, _ behaviour: SharedBehaviour) {
        self.loop = loop
        self.behaviour = behaviour
        plain = SinkConnection(loop)
        loop.tally.usual.greeting -= 1
    }

    /// What becomes of the greeting is counted.
    private var isGreeted = false

    var wantsWireForm: Bool { plain.wantsWireForm && loop.outbox == nil }

    // MARK: Questions

    private func ask(
        _ stage: SinkStage, _ connection: SMTPServerConnection, _ recipients: @autoclosure () -> [MailAddress] = []
    ) -> SinkDecision? {
        behaviour.decide(
            stage,
            SinkQuestion(
                stage, client: connection.client?.networkAddress, listener: listener,
                sender: stage.knowsSender ? connection.session.envelope.reversePath : nil, recipients: recipients()))
    }

    func admit(_ connection: SMTPServerConnection) -> Admission {
        listener = connection.listenerText
        guard let decision = ask(.connect, connection) else {
            isGreeted = true
            loop.tally.usual.greeting += 1
            return .accepted(nil)
        }
        take(decision)
        if decision.delay > 0 {
            after(decision.delay, connection) { $0.proceed($1.admission(decision.outcome, $0)) }
            return .later
        }
        return admission(decision.outcome, connection)
    }

    private func admission(_ outcome: SinkOutcome, _ connection: SMTPServerConnection) -> Admission {
        if case .stall(_?) = outcome {} else { isGreeted = true }
        switch outcome {
        case .answer(let reply?) where !reply.isPositive, .close(let reply?):
            loop.tally.count(.connect, reply)
            return .refused(reply)
        case .answer:
            loop.tally.usual.greeting += 1
            return .accepted(nil)
        case .close(nil), .drop, .halfClose:
            end(outcome, .connect, connection)
            return .later
        case .stall(let time):
            if let time {
                after(time, connection) { $0.proceed($1.admission(.answer(nil), $0)) }
            } else {
                end(outcome, .connect, connection)
            }
            return .later
        }
    }

    func handshake(_ connection: SMTPServerConnection) -> HandshakeConduct {
        guard let decision = ask(.tls, connection) else { return .usual }
        loop.tally.count("tls", 0, "handshake broken: \(decision.failure?.rawValue ?? "")")
        switch decision.failure {
        case .garbage: return .garbage
        case .close: return .closed
        case .wrongCertificate: return loop.wrongCertificate.map { .with($0) } ?? .closed
        case nil: return .usual
        }
    }

    func hello(_ connection: SMTPServerConnection) -> SMTPReply? {
        guard let decision = ask(.ehlo, connection) else {
            loop.tally.usual.ehlo += 1
            return nil
        }
        for keyword in decision.withheld { withheld.formUnion(ServiceExtensions(keyword: keyword) ?? []) }
        if !withheld.isEmpty { connection.withhold(withheld) }
        return follow(decision, .ehlo, connection)
    }

    func sender(_ connection: SMTPServerConnection) -> SMTPReply? {
        guard let decision = ask(.mail, connection) else {
            loop.tally.usual.mail += 1
            return nil
        }
        return follow(decision, .mail, connection)
    }

    func recipient(_ connection: SMTPServerConnection) -> SMTPReply? {
        guard let decision = ask(.rcpt, connection, [connection.session.proposedRecipient]) else {
            loop.tally.usual.rcpt += 1
            return nil
        }
        return follow(decision, .rcpt, connection)
    }

    func dataAsked(_ connection: SMTPServerConnection) -> SMTPReply? {
        guard var decision = ask(.data, connection, connection.session.envelope.recipients) else {
            loop.tally.usual.data += 1
            return nil
        }
        if case .drop(let bytes, let reset) = decision.outcome, bytes > 0 {
            dropping = (bytes, reset)
            decision.outcome = .answer(nil)
        }
        return follow(decision, .data, connection)
    }

    // MARK: Content

    func contentBegins(_ connection: SMTPServerConnection, form: WireForm) {
        plain.beginContent()
        header.removeAll(keepingCapacity: true)
        contentBegan = .now()
        guard form == .raw, let decision = ask(.data, connection, connection.session.envelope.recipients) else {
            return
        }
        // A chunk comes unasked: what there is to say is said behind the last one.
        take(decision)
        if case .drop(let bytes, let reset) = decision.outcome { dropping = (bytes, reset) } else { carried = decision }
    }

    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer) {
        plain.content(connection, slice)
        if loop.outbox != nil, header.count < Self.headerKept {
            header.append(contentsOf: slice.readableBytesView.prefix(Self.headerKept - header.count))
        }
        if let dropping, plain.size >= dropping.afterBytes {
            plain.giveUp()
            loop.tally.countLeft(dropping.withReset ? "reset" : "dropped")
            return dropping.withReset ? connection.reset() : connection.leave(saying: nil)
        }
        slowDown(connection)
    }

    /// Nanoseconds until as much time has passed as so many octets take.
    private func debt() -> UInt64 {
        guard let bytesPerSecond else { return 0 }
        let due = UInt64(Double(plain.size) / Double(bytesPerSecond) * 1e9)
        let passed = MonotonicInstant.now().nanoseconds(since: contentBegan)
        return due > passed ? due - passed : 0
    }

    private func slowDown(_ connection: SMTPServerConnection) {
        let wait = debt()
        guard wait > 0, !isHolding else { return }
        isHolding = true
        connection.holdReading()
        after(wait, connection) { connection, this in
            this.isHolding = false
            connection.releaseReading()
        }
    }

    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision {
        dropping = nil
        let arrived = connection.now
        var decision = SinkDecision()
        if let carried, carried.outcome != .answer(nil) {
            decision = carried
        } else {
            decision = ask(.end, connection, connection.session.envelope.recipients) ?? decision
            decision.delay += carried?.delay ?? 0
        }
        carried = nil
        take(decision)
        decision.delay += debt()
        guard decision.delay > 0 else {
            let reply = conclude(decision, connection, arrived)
            return isPostponed ? .later : .now(reply)
        }
        after(decision.delay, connection) { connection, this in
            let reply = this.conclude(decision, connection, arrived)
            if !this.isPostponed { connection.decide(reply) }
        }
        return .later
    }

    /// The last answer is not given, or not yet.
    private var isPostponed = false

    private func conclude(
        _ decision: SinkDecision, _ connection: SMTPServerConnection, _ arrived: MonotonicInstant
    ) -> SMTPReply? {
        isPostponed = false
        switch decision.outcome {
        case .answer(let reply) where reply?.isPositive ?? true:
            // Once it is answered the envelope is gone.
            let envelope = connection.session.envelope
            let said = plain.accept(connection, reply: reply, arrived: arrived)
            if said?.isPositive ?? true {
                loop.outbox?.add(decision.reports, envelope, header, from: connection.client?.networkAddress)
            }
            return said
        case .answer(let reply):
            if let reply { return plain.refuse(reply) }
        case .stall(let time?):
            isPostponed = true
            var later = decision
            later.outcome = .answer(nil)
            after(time, connection) { connection, this in connection.decide(this.conclude(later, connection, arrived)) }
        case .close, .drop, .halfClose, .stall(nil):
            isPostponed = true
            plain.giveUp()
            end(decision.outcome, .end, connection)
        }
        return nil
    }

    func contentAborted(_ connection: SMTPServerConnection) {
        dropping = nil
        carried = nil
        plain.contentAborted(connection)
    }

    func answered(_ connection: SMTPServerConnection, _ replies: [CountedReply]) {
        plain.answered(connection, replies)
    }

    func closed(_ connection: SMTPServerConnection) {
        isGone = true
        if !isGreeted { loop.tally.count("greeting", 0, "the client left") }
        if !leases.isEmpty { behaviour.release(leases) }
        plain.closed(connection)
    }

    // MARK: Doing what was decided

    /// What goes on beside the answer.
    private func take(_ decision: SinkDecision) {
        leases += decision.leases
        if let rate = decision.bytesPerSecond { bytesPerSecond = rate }
    }

    /// At a stage whose answer is a reply and nothing more.
    private func follow(
        _ decision: SinkDecision, _ stage: SinkStage, _ connection: SMTPServerConnection
    ) -> SMTPReply? {
        take(decision)
        guard decision.delay > 0 else {
            let reply = say(decision.outcome, stage, connection)
            if isPostponed { connection.postpone() }
            return reply
        }
        connection.postpone()
        after(decision.delay, connection) { connection, this in
            let reply = this.say(decision.outcome, stage, connection)
            if !this.isPostponed { connection.decide(reply) }
        }
        return nil
    }

    private func say(_ outcome: SinkOutcome, _ stage: SinkStage, _ connection: SMTPServerConnection) -> SMTPReply? {
        isPostponed = false
        switch outcome {
        case .answer(let reply):
            loop.tally.count(stage, reply)
            return reply
        case .stall(let time?):
            isPostponed = true
            after(time, connection) { connection, this in
                this.loop.tally.count(stage, nil)
                connection.decide(nil)
            }
        case .close, .drop, .halfClose, .stall(nil):
            // Whoever is let go at once needs no other answer.
            isPostponed = outcome == .halfClose || outcome == .stall(nil)
            end(outcome, stage, connection)
        }
        return nil
    }

    /// Everything that is not an answer.
    private func end(_ outcome: SinkOutcome, _ stage: SinkStage, _ connection: SMTPServerConnection) {
        switch outcome {
        case .close(let reply):
            if let reply { loop.tally.count(stage, reply) }
            connection.leave(saying: reply)
        case .drop(_, let reset):
            loop.tally.count(stage.replyName, 0, reset ? "reset" : "dropped")
            if reset { connection.reset() } else { connection.leave(saying: nil) }
        case .halfClose:
            loop.tally.count(stage.replyName, 0, "half closed")
            connection.halfClose()
        case .stall: loop.tally.count(stage.replyName, 0, "stalled")
        case .answer: break
        }
    }

    /// Runs on the connection's loop, unless the connection is gone by then.
    private func after(
        _ nanoseconds: UInt64, _ connection: SMTPServerConnection,
        _ body: @escaping (SMTPServerConnection, ScriptedConnection) -> Void
    ) {
        let time = TimeAmount.nanoseconds(Int64(min(nanoseconds, UInt64(Int64.max / 2))))
        connection.loop.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            if !isGone { body(connection, self) }
        }
    }
}

extension SinkStage {
    fileprivate var knowsSender: Bool { ![.connect, .ehlo, .tls].contains(self) }
}

extension ReplyTally {
    /// - Parameter reply: nil: the usual one.
    fileprivate mutating func count(_ stage: SinkStage, _ reply: SMTPReply?) {
        if let reply { return count(stage, reply) }
        switch stage {
        case .connect: usual.greeting += 1
        case .ehlo: usual.ehlo += 1
        case .mail: usual.mail += 1
        case .rcpt: usual.rcpt += 1
        case .data: usual.data += 1
        case .end: usual.final += 1
        case .tls: break
        }
    }
}
