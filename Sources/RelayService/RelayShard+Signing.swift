import DKIMSigning
import MailTypes
import Measures
import MessageBuilding
import NIOCore
import PolicyRules
import SASLAuthentication
import SMTPTransport
import SpoolContract

/// A message between the end of its content and the spool.
struct UnsignedMessage {
    var message: SpoolMessage
    /// What was hashed while the content came in; nil: nothing is signed here.
    var hash: StreamedHash?
    /// The Received field, which goes on top and is not signed.
    var trace: ByteBuffer
    /// Goes on top, too, when what is known of the message is known.
    var supplement: SupplementalField?
    let connection: SMTPServerConnection
    let listener: ListenerState
    /// Octets that came from the client.
    let received: Int
    /// Authentication-Results, and what else stands above the trace; empty: it was not verified.
    var results: [UInt8] = []
    /// What rules hear of them; nil: it was not verified.
    var verdicts: PolicyVerdicts?
    /// Nil: its ARC chain is left as it is.
    var seal: SealOrder?
    /// The others of the same client's message, if it became several.
    var division: MessageDivision?
}

/// A hash on its way from the loop that fed it to the thread that signs: never with both.
struct StreamedHash: @unchecked Sendable {
    /// The rules when the content began: what they want is what is hashed.
    let policy: DKIMPolicy
    var hash: MessageHash
    /// Who wrote it, where that is known: only the user's own domains are signed.
    var author: UserFile.User?

    /// Nil where nothing is to be signed.
    init?(_ policy: DKIMPolicy, _ form: WireForm) {
        guard !policy.isEmpty else { return nil }
        self.policy = policy
        hash = MessageHash(policy, form)
    }

    /// The signatures' fields; empty: none is wanted; nil: one could not be made. On a thread that signs.
    func signed(_ now: Int) -> [UInt8]? {
        var hash = hash
        guard let hashed = hash.finish() else { return [] }
        guard author?.maySign(for: hashed.authorDomain ?? "") ?? true else { return [] }
        return policy.fields(for: hashed, now: now)
    }

    /// The same for another content.
    func again(over content: MessageContent) -> StreamedHash {
        var again = self
        again.hash = MessageHash(policy, content.form)
        again.hash.feed(content)
        return again
    }
}

extension MessageHash {
    /// All of a message.
    mutating func feed(_ content: MessageContent) {
        for slice in content.slices { slice.withUnsafeReadableBytes { feed($0) } }
    }
}

/// What a thread that signs needs of one message.
private struct SigningWork: Sendable {
    let hash: StreamedHash?
    let seal: SealOrder?
    let content: MessageContent

    /// Nil: they cannot be made.
    func fields(now: Int) -> [UInt8]? {
        guard let signatures = hash.map({ $0.signed(now) }) ?? [] else { return nil }
        guard let seal else { return signatures }
        return seal.fields(over: content, signatures, now: now).map { $0 + signatures }
    }
}

// Signatures (RFC 6376): the content is hashed while it comes in and is in the cache; the header is signed on threads of
// their own between the end of the content and the spool: what is stored is what is sent. A signature that is
// configured and cannot be made is a fault of ours: its mail is refused for now, since what goes out unsigned where a
// policy says that all is signed (DMARC) is thrown away by its receivers.
extension RelayShard {
    /// Signed one after the other before the loop is told: a wake-up and a commit for several of them.
    private static let signedAtOnce = 16

    func signAndAccept(_ message: UnsignedMessage) {
        var message = message
        if let supplement = message.supplement {
            message.trace.writeBytes(supplement.bytes(of: message.message.envelope))
        }
        guard message.hash != nil || message.seal != nil else { return accept(message, signatures: []) }
        unsigned.append(message)
        signMore()
    }

    /// Each thread has work from this loop once; what waits meanwhile goes together.
    private func signMore() {
        let threads = max(1, configuration.signingThreads)
        while signersBusy < threads, !unsigned.isEmpty {
            let share = (unsigned.count + threads - 1) / threads
            let batch = (0..<min(Self.signedAtOnce, share)).compactMap { _ in unsigned.popFirst() }
            sign(batch)
        }
    }

    private func sign(_ batch: [UnsignedMessage]) {
        signersBusy += 1
        let now = Int(wallMilliseconds() / 1000)
        let works = batch.map { SigningWork(hash: $0.hash, seal: $0.seal, content: $0.message.content) }
        let isMeasuring = isMeasuring
        let bound = NIOLoopBound((self, batch), eventLoop: context.eventLoop)
        parts.signers.runIfActive(eventLoop: context.eventLoop) { () -> ([[UInt8]?], times: [UInt64]) in
            guard isMeasuring else { return (works.map { $0.fields(now: now) }, []) }
            var times: [UInt64] = []
            let signed = works.map { work in
                let began = MonotonicInstant.now()
                defer { times.append(MonotonicInstant.now().nanoseconds(since: began)) }
                return work.fields(now: now)
            }
            return (signed, times)
        }.whenComplete { result in
            let (shard, batch) = bound.value
            shard.signersBusy -= 1
            // An error is that of threads that have ended.
            let (signatures, times) = (try? result.get()) ?? (Array(repeating: nil, count: batch.count), [])
            for time in times { shard.meters.signatures.record(nanoseconds: time) }
            for (message, fields) in zip(batch, signatures) {
                if let fields { shard.accept(message, signatures: fields) } else { shard.refuse(message) }
            }
            shard.releaseHeld()
            shard.signMore()
        }
    }

    private func refuse(_ unsigned: UnsignedMessage) {
        if let division = unsigned.division {
            guard !division.isRefused else { return }
            division.isRefused = true
        }
        reception.settle(unsigned.received)
        unsigned.connection.decide(cannotSign(unsigned.message))
    }

    /// What the sender of a message is told whose signatures could not be made; counted.
    func cannotSign(_ message: SpoolMessage) -> SMTPReply {
        let recipients = UInt64(message.envelope.recipients.count)
        counts.refused += recipients
        counts.unsigned += 1
        note("a message of \(message.envelope.reversePath) could not be signed")
        return SMTPReply(451, .init(4, 3, 0), "Message cannot be signed now, try again")
    }

    private func accept(_ unsigned: UnsignedMessage, signatures: [UInt8]) {
        var message = unsigned.message
        var slices = [unsigned.trace]
        if !unsigned.results.isEmpty { slices.insert(ByteBuffer(bytes: unsigned.results), at: 0) }
        if !signatures.isEmpty { slices.append(ByteBuffer(bytes: signatures)) }
        message.content = MessageContent(slices: slices + message.content.slices, form: message.content.form)
        if let division = unsigned.division { return division.add(message) }
        accept(message, for: .client(unsigned.connection, unsigned.listener, received: unsigned.received))
    }
}
