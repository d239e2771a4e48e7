package import MailTypes

/// Where in a transaction a refusal came.
package enum TransactionStage: String, Sendable, Hashable {
    case mail, rcpt, data, final
}

/// How one transaction ended.
package struct TransactionResult: Equatable, Sendable {
    package var stage: TransactionStage
    /// Filled only where ``ClientConfiguration/tracesReplies`` says so.
    package var trace = ReplyTrace()
    /// One or none: most results are a yes without words, and go through many hands.
    private var box: [Words] = []

    private struct Words: Equatable, Sendable {
        var refusal: SMTPReply?
        var refusedRecipients: [RefusedRecipient] = []
        var acceptance: SMTPReply?
    }

    package struct RefusedRecipient: Equatable, Sendable {
        package var index: Int
        package var reply: SMTPReply
        /// LMTP refuses recipients behind the content, too (RFC 2033 §4.2).
        package var stage = TransactionStage.rcpt
    }

    package init(
        refusal: SMTPReply?, stage: TransactionStage, refusedRecipients: [RefusedRecipient],
        acceptance: SMTPReply? = nil
    ) {
        self.stage = stage
        words = Words(refusal: refusal, refusedRecipients: refusedRecipients, acceptance: acceptance)
    }

    /// Of a transaction that goes on.
    init() { stage = .final }

    private var words: Words {
        get { box.first ?? Words() }
        set { box = newValue == Words() ? [] : [newValue] }
    }

    /// The refusal that ended it; nil when the content was accepted.
    package var refusal: SMTPReply? {
        get { box.first?.refusal }
        set { words.refusal = newValue }
    }

    /// Recipients refused one by one, by their index in the envelope; the others share ``refusal``.
    package var refusedRecipients: [RefusedRecipient] {
        get { box.first?.refusedRecipients ?? [] }
        set { words.refusedRecipients = newValue }
    }

    /// The reply that accepted it, with its text: only where ``ClientConfiguration/keepsReplies`` says so.
    package var acceptance: SMTPReply? {
        get { box.first?.acceptance }
        set { words.acceptance = newValue }
    }

    package var isAccepted: Bool { box.isEmpty || box[0].refusal == nil }

    /// Something was refused: all of it, or a recipient.
    package var hasRefusals: Bool { !box.isEmpty && (box[0].refusal != nil || !box[0].refusedRecipients.isEmpty) }
}

/// When the replies to one transaction were read, by the clock of ``ClientSession/now``, and the codes that said yes; 0
/// for those that did not come.
package struct ReplyTrace: Equatable, Sendable {
    package var mail: UInt64 = 0
    /// Of the last recipient.
    package var recipient: UInt64 = 0
    /// 354: the content was written then.
    package var data: UInt64 = 0
    package var mailCode: UInt16 = 0
    package var recipientCode: UInt16 = 0
    package var dataCode: UInt16 = 0
    package var finalCode: UInt16 = 0
    package var acceptedRecipients = 0
    /// How often the content was answered with yes: in LMTP once for each recipient.
    package var acceptances = 0
    /// Replies to RCPT and to the content that said yes with another code than the first one there.
    package var others: [Other] = []

    package struct Other: Equatable, Sendable {
        package var stage: TransactionStage
        package var code: UInt16
    }

    package init() {}

    /// - Parameter yes: the code, if it said yes; otherwise 0.
    mutating func note(_ expectation: ClientSession.Expectation, _ now: UInt64, _ yes: UInt16) {
        switch expectation {
        case .mail: (mail, mailCode) = (now, yes)
        case .rcpt:
            recipient = now
            // A later recipient's refusal does not undo what was said to an earlier one.
            guard yes != 0 else { return }
            acceptedRecipients += 1
            if recipientCode == 0 { recipientCode = yes }
            if recipientCode != yes { others.append(Other(stage: .rcpt, code: yes)) }
        case .data: (data, dataCode) = (now, yes)
        default:
            guard yes != 0 else { return }
            acceptances += 1
            if finalCode == 0 { finalCode = yes }
            if finalCode != yes { others.append(Other(stage: .final, code: yes)) }
        }
    }
}

/// A transaction that was under way when its connection ended.
package struct UnfinishedTransaction: Equatable, Sendable {
    /// As far as it was answered; without a refusal it would have gone on.
    package var result: TransactionResult
    /// From here on it is in doubt.
    package var contentSent: Bool
    /// What was not answered any more.
    package var awaited: TransactionStage
}

/// What the session remembers of a transaction that has begun.
struct ClientTransaction {
    /// As far as it was answered.
    var result = TransactionResult()
    var acceptedRecipients = 0
    /// One or none: only where recipients are sent one by one or answered one by one.
    private var box: [SingleRecipients] = []
    /// Octets for BDAT; nil for DATA.
    let chunkSize: Int?
    /// The content was handed to the transport: from here on a lost connection leaves it in doubt.
    var contentSent = false

    init(chunkSize: Int?) { self.chunkSize = chunkSize }

    /// What is kept of the envelope where its recipients do not go all at once.
    struct SingleRecipients {
        let envelope: Envelope
        /// RCPT commands not sent yet: only without pipelining.
        var unsent: Range<Int> = 0..<0
        /// LMTP: recipients whose reply to the content is still to come, by their index in the envelope.
        var awaited: [Int] = []
    }

    var single: SingleRecipients? {
        get { box.first }
        set { box = newValue.map { [$0] } ?? [] }
    }

    /// Recipients that were not refused, by their index in the envelope.
    var accepted: [Int] {
        let refused = Set(result.refusedRecipients.map(\.index))
        return (single?.envelope.recipients.indices ?? 0..<0).filter { !refused.contains($0) }
    }

    mutating func refuse(_ reply: SMTPReply, at stage: TransactionStage) {
        guard result.isAccepted else { return }
        (result.refusal, result.stage) = (reply, stage)
    }

    /// If no recipient was taken, the first one's refusal stands for the transaction.
    mutating func settle() {
        if acceptedRecipients == 0, let first = result.refusedRecipients.first { refuse(first.reply, at: .rcpt) }
    }

    /// The content must not be sent: MAIL or all RCPT were refused.
    var isHopeless: Bool { !result.isAccepted || acceptedRecipients == 0 }
}
