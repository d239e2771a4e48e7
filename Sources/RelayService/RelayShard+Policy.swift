import ControlPlane
import EventLog
import MailTypes
import Measures
import NIOCore
import PolicyRules
import SMTPTransport
import SpoolContract

// What rules and plug-ins say of mail that comes in. Without any of them a message meets one look at a nil.
extension RelayShard {
    /// Why a client is refused before the end of its data; nil: it is not.
    func refusal(
        at stage: PolicyStage, _ connection: SMTPServerConnection, _ listener: ListenerState
    ) -> SMTPReply? {
        guard let machine = configuration.mailPolicy, machine.mayRefuse(at: stage) else { return nil }
        var facts = facts(stage, connection, listener)
        if stage == .recipient { facts.recipient = connection.session.proposedRecipient }
        return machine.refusal(facts)
    }

    private func facts(
        _ stage: PolicyStage, _ connection: SMTPServerConnection, _ listener: ListenerState
    ) -> PolicyFacts {
        let kind = listener.configuration.kind
        var facts = PolicyFacts(
            stage, listener: listener.configuration.name,
            channel: kind == .lmtp ? .lmtp : kind == .smtp ? .smtp : .submission,
            client: connection.client?.networkAddress)
        guard stage > .connection else { return facts }
        facts.isTLS = connection.tls != nil
        facts.user = connection.session.authenticatedUser
        facts.sender = connection.session.envelope.reversePath
        facts.verdicts = (connection.owner as? ClientReception)?.senderVerdicts
        return facts
    }

    /// The end of a client's data: refused, dropped, or one message or several with what was decided.
    func decide(_ machine: PolicyMachine, _ unsigned: UnsignedMessage) -> ContentDecision {
        let envelope = unsigned.message.envelope
        var facts = facts(.content, unsigned.connection, unsigned.listener)
        facts.size = unsigned.message.content.size
        facts.verdicts = unsigned.verdicts
        if !machine.headerNames.isEmpty {
            let head = unsigned.message.content.head(most: PolicyHeader.most + 1)
            facts.header = PolicyHeader(head, wanted: machine.headerNames)
        }
        let decisions = envelope.recipients.map { recipient in
            facts.recipient = recipient
            return machine.decide(facts)
        }
        let split = PolicySplit(decisions)
        if let refusal = split.refusal ?? tooMany(split, unsigned.message) {
            counts.refused += UInt64(envelope.recipients.count)
            return close(unsigned, refusal)
        }
        logDiscarded(split, decisions, unsigned.message, .client(unsigned.connection, unsigned.listener, received: 0))
        guard !split.parts.isEmpty else {
            return close(unsigned, SMTPReply(250, .init(2, 0, 0), "Ok: queued as \(unsigned.message.id)"))
        }
        accept(split, unsigned)
        return .later
    }

    /// Answered at once: what was received is not kept.
    func close(_ unsigned: UnsignedMessage, _ reply: SMTPReply) -> ContentDecision {
        reception.settle(unsigned.received)
        releaseHeld()
        return .now(reply)
    }

    private func tooMany(_ split: PolicySplit, _ message: SpoolMessage) -> SMTPReply? {
        let count = split.parts.count
        let fits = count <= MessageDivision.most && count * message.content.size <= MessageDivision.mostBytes
        return count < 2 || fits ? nil : MessageDivision.refusal
    }

    private func accept(_ split: PolicySplit, _ unsigned: UnsignedMessage) {
        let sender = Sender.client(unsigned.connection, unsigned.listener, received: unsigned.received)
        let count = split.parts.count
        let division = count > 1 ? MessageDivision(self, count: count, for: sender) : nil
        for (place, part) in split.parts.enumerated() {
            var own = unsigned
            own.division = division
            own.message = message(part, split, unsigned.message, id: place == 0 ? unsigned.message.id : newID())
            if count > 1 || !split.redirects.isEmpty {
                let trace = ReceivedField(unsigned.connection, unsigned.listener.configuration.kind).bytes(
                    hostname: hostname, id: own.message.id, envelope: own.message.envelope, date: dateText())
                own.trace = ByteBuffer(bytes: trace)
            }
            // What was hashed as it came is not what is sent, or belongs to another one.
            if part.changesHeader || place > 0 { own.hash = unsigned.hash?.again(over: own.message.content) }
            signAndAccept(own)
        }
    }

    /// One of the messages, with its own header.
    private func message(
        _ part: PolicySplit.Part, _ split: PolicySplit, _ whole: SpoolMessage, id: MessageID
    ) -> SpoolMessage {
        var message = SpoolMessage(
            id: id, envelope: split.envelope(of: part, from: whole.envelope),
            acceptedMilliseconds: whole.acceptedMilliseconds, content: whole.content)
        message.mayBeDeferred = whole.mayBeDeferred
        guard part.changesHeader else { return message }
        let head = part.removedFields.isEmpty ? [] : message.content.head(most: PolicyHeader.most + 1)
        let kept = PolicyHeader.removing(part.removedFields, from: head) ?? head
        message.content = message.content.replacing(first: head.count, with: part.addedFields + kept)
        message.envelope.removeOwnFields(part.removedFields)
        return message
    }

    private func logDiscarded(
        _ split: PolicySplit, _ decisions: [PolicyDecision], _ message: SpoolMessage, _ sender: Sender
    ) {
        counts.discarded += UInt64(split.discarded.count)
        guard logs(.reception) else { return }
        for index in split.discarded {
            let reply = SMTPReply(250, .init(2, 0, 0), "Discarded: \(decisions[index].reasons.last ?? "")")
            var part = message
            part.envelope = message.envelope.narrowed(to: [index])
            part.envelope.labels = decisions[index].labels
            logReception(part, sender, discarded: reply)
        }
    }

    /// The group commit has spoken about all messages of one.
    func settle(_ division: MessageDivision, _ fault: SpoolFault?) {
        signing -= 1
        let (now, wall) = (MonotonicInstant.now(), wallMilliseconds())
        if case .client(_, _, let received) = division.sender { reception.settle(received) }
        if let fault {
            note("commit failed: \(fault)")
            counts.refused += UInt64(division.messages.reduce(0) { $0 + $1.envelope.recipients.count })
        }
        switch division.sender {
        case .client(let connection, _, _):
            if let fault {
                connection.decide(fault.reply)
            } else {
                inflow.wait((connection, division.messages[0].id), now: wall)
            }
        case .injection(let promise, _): promise.succeed(IntakeAnswer(refusal: fault?.reply))
        case .ourselves: break
        }
        if fault == nil { for message in division.messages { begin(message, division.sender, now) } }
        answer()
        releaseHeld()
        dispatch()
    }
}

// MARK: - Injection

extension RelayShard {
    /// Labels that a request names, and rules, for a message that came over HTTP. Each recipient has an answer of its
    /// own here.
    func decide(
        _ injected: IntakeMessage, _ message: SpoolMessage, _ promise: EventLoopPromise<IntakeAnswer>
    ) {
        let decisions = decisions(injected, message)
        var refused: [Int: SMTPReply] = [:]
        var settled = decisions
        for (index, decision) in decisions.enumerated() {
            guard case .refused(let reply) = decision.outcome else { continue }
            refused[index] = reply
            // For the split it is out of the way.
            settled[index].outcome = .discarded
        }
        let whole = PolicySplit(settled)
        counts.refused += UInt64(refused.count)
        let own = context.eventLoop.makePromise(of: IntakeAnswer.self)
        let known = refused
        own.futureResult.map { IntakeAnswer(refusal: $0.refusal, refused: known) }.cascade(to: promise)
        if let refusal = tooMany(whole, message) { return own.succeed(IntakeAnswer(refusal: refusal)) }
        let discarded = decisions.map { decision in
            var decision = decision
            if case .refused = decision.outcome { decision.outcome = .accepted }
            return decision
        }
        logDiscarded(PolicySplit(discarded), decisions, message, .injection(own, injected.caller))
        guard !whole.parts.isEmpty else { return own.succeed(.accepted) }
        let messages = whole.parts.enumerated().map { place, part in
            self.message(part, whole, message, id: place == 0 ? message.id : newID())
        }
        inject(messages, own, injected.caller)
    }

    private func decisions(_ injected: IntakeMessage, _ message: SpoolMessage) -> [PolicyDecision] {
        let machine = configuration.mailPolicy
        var facts = PolicyFacts(.content, listener: "http", channel: .http, client: injected.peer)
        facts.isTLS = configuration.http?.tls != nil
        facts.user = injected.user
        facts.sender = injected.reversePath
        let wanted = machine?.headerNames ?? []
        let head = wanted.isEmpty ? [] : message.content.head(most: PolicyHeader.most + 1)
        return injected.recipients.map { recipient in
            var decision = PolicyDecision()
            decision.labels = recipient.labels
            guard let machine else { return decision }
            facts.recipient = recipient.address
            facts.size = message.content.size + recipient.header.count
            if !wanted.isEmpty { facts.header = PolicyHeader(recipient.header + head, wanted: wanted) }
            let ruled = machine.decide(facts)
            decision.labels.add(ruled.labels)
            var whole = ruled
            whole.labels = decision.labels
            return whole
        }
    }
}

extension Envelope {
    /// Recipients' own header fields, without those of these names.
    fileprivate mutating func removeOwnFields(_ names: Set<String>) {
        guard !names.isEmpty, let recipients = options?.recipients, recipients.contains(where: { !$0.header.isEmpty })
        else { return }
        options?.recipients = recipients.map { own in
            var own = own
            own.header = PolicyHeader.removing(names, from: own.header) ?? own.header
            return own
        }
    }
}
