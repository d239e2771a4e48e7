import ControlPlane
import DKIMSigning
import MailTypes
import Measures
import NIOCore
import SpoolContract
import Synchronization

/// The relay as the HTTP listener sees it: messages go to the shards in turn.
final class RelayIntake: MessageIntake {
    private let shards: [RelayShard]
    private let next = Atomic<Int>(0)
    private let reason = Mutex<String?>(nil)

    init(_ shards: [RelayShard]) { self.shards = shards }

    var refusal: String? {
        if let reason = reason.withLock({ $0 }) { return reason }
        return shards[0].committer.fault?.reply.description
    }

    /// No mail is taken from now on; nil: it is again.
    func refuse(_ text: String?) { reason.withLock { $0 = text } }

    func submit(_ message: IntakeMessage, on loop: any EventLoop) -> EventLoopFuture<IntakeAnswer> {
        let shard = shards[next.add(1, ordering: .relaxed).newValue % shards.count]
        let promise = loop.makePromise(of: IntakeAnswer.self)
        shard.context.eventLoop.execute { shard.inject(message, promise) }
        return promise.futureResult
    }
}

extension RelayShard {
    /// A message that came over HTTP. Recipients whose header differs are signed each for itself: the body is hashed
    /// once.
    func inject(_ injected: IntakeMessage, _ promise: EventLoopPromise<IntakeAnswer>) {
        if let refusal = refusesNewMail { return promise.succeed(IntakeAnswer(refusal: refusal)) }
        var envelope = Envelope(
            reversePath: injected.reversePath, recipients: injected.recipients.map(\.address),
            bodyType: injected.isEightBit ? .eightBitMIME : .sevenBit, smtpUTF8: injected.smtpUTF8)
        if injected.recipients.contains(where: { !$0.header.isEmpty }) {
            var options = EnvelopeOptions()
            options.recipients = injected.recipients.map { RecipientOptions(header: $0.header) }
            envelope.options = options
        }
        let id = newID()
        var slices = [injected.content]
        if injected.wantsTrace {
            let peer = injected.peer.map { $0.isIPv4 ? "\($0)" : "IPv6:\($0)" } ?? ""
            let trace = ReceivedField(client: "http", peer: peer, keyword: "HTTP")
            slices.insert(
                ByteBuffer(bytes: trace.bytes(hostname: hostname, id: id, envelope: envelope, date: dateText())), at: 0)
        }
        var message = SpoolMessage(
            id: id, envelope: envelope, acceptedMilliseconds: wallMilliseconds(),
            content: MessageContent(slices: slices, form: .raw))
        message.mayBeDeferred = injected.mayBeDeferred
        if let refusal = readSchedule(&message).refusal { return promise.succeed(IntakeAnswer(refusal: refusal)) }
        guard configuration.mailPolicy != nil || injected.hasLabels else {
            return inject([message], promise, injected.caller)
        }
        decide(injected, message, promise)
    }

    /// One message, or what rules have made of it.
    func inject(_ messages: [SpoolMessage], _ promise: EventLoopPromise<IntakeAnswer>, _ caller: IntakeCaller) {
        let division =
            messages.count > 1
            ? MessageDivision(self, count: messages.count, for: .injection(promise, caller)) : nil
        for message in messages {
            if !configuration.dkim.isEmpty {
                sign(message, promise, caller, division)
            } else if let division {
                division.add(message)
            } else {
                accept(message, for: .injection(promise, caller))
            }
        }
    }

    private func sign(
        _ message: SpoolMessage, _ promise: EventLoopPromise<IntakeAnswer>, _ caller: IntakeCaller,
        _ division: MessageDivision?
    ) {
        let (policy, now) = (configuration.dkim, Int(wallMilliseconds() / 1000))
        signing += 1
        parts.signers.runIfActive(eventLoop: context.eventLoop) { () -> (message: SpoolMessage?, time: UInt64) in
            let began = MonotonicInstant.now()
            let signed = Self.signed(message, policy, now)
            return (signed, MonotonicInstant.now().nanoseconds(since: began))
        }.whenComplete { [self] result in
            signing -= 1
            let outcome = try? result.get()
            if let outcome { meters.signatures.record(nanoseconds: outcome.time) }
            guard let signed = outcome?.message else {
                guard division?.isRefused != true else { return }
                division?.isRefused = true
                return promise.succeed(IntakeAnswer(refusal: cannotSign(message)))
            }
            if let division { return division.add(signed) }
            accept(signed, for: .injection(promise, caller))
        }
    }

    /// With the signatures in front of each recipient's own fields; nil: one could not be made.
    private static func signed(_ message: SpoolMessage, _ policy: DKIMPolicy, _ now: Int) -> SpoolMessage? {
        var hash = MessageHash(policy, message.content.form)
        hash.feed(message.content)
        guard let hashed = hash.finish() else { return message }
        var signed = message
        if signed.envelope.options == nil { signed.envelope.options = EnvelopeOptions() }
        signed.envelope.options!.recipients = []
        for index in message.envelope.recipients.indices {
            var options = message.envelope.options(of: index)
            guard let fields = policy.fields(for: hashed.with(options.header), now: now) else { return nil }
            options.header = fields + options.header
            signed.envelope.options!.recipients.append(options)
        }
        return signed
    }
}
