package import MailTypes
import TextCodecs

// MAIL, RCPT, DATA and BDAT as a client sends them, pipelined or in lockstep.
extension ClientSession {
    /// Starts a transaction; ``canBegin`` must be true.
    /// - Parameters:
    ///   - size: content octets, for SIZE and BDAT.
    ///   - form: how the content will be written; see ``sendsChunk(_:)``.
    /// - Returns: true if the content may be written at once, behind the output (pipelined BDAT).
    package mutating func begin(_ envelope: Envelope, size: Int, form: WireForm) -> Bool {
        precondition(canBegin, "no transaction may begin now")
        var transaction = ClientTransaction(chunkSize: sendsChunk(form) ? size : nil)
        if !sendsWholeEnvelopes { transaction.single = .init(envelope: envelope) }
        appendMail(envelope, size: size)
        guard usesPipelining else {
            transaction.single?.unsent = envelope.recipients.indices
            transactions.append(transaction)
            return false
        }
        for index in envelope.recipients.indices { appendRecipient(index, of: envelope) }
        return appendContentCommand(transaction)
    }

    /// The same with an envelope that need not be kept.
    package mutating func begin(_ envelope: borrowing FlatEnvelope, size: Int, form: WireForm) -> Bool {
        guard sendsWholeEnvelopes else { return begin(envelope.envelope, size: size, form: form) }
        precondition(canBegin, "no transaction may begin now")
        appendFlat("MAIL FROM:<", envelope, 0)
        appendParameters(size: size, envelope.bodyType)
        write("\r\n")
        expected.append(.mail)
        for recipient in 0..<envelope.recipientCount {
            appendFlat("RCPT TO:<", envelope, recipient + 1)
            write("\r\n")
            expected.append(.rcpt)
        }
        return appendContentCommand(ClientTransaction(chunkSize: sendsChunk(form) ? size : nil))
    }

    /// All of an envelope goes at once, and one reply answers its content: nothing of it is needed afterwards.
    private var sendsWholeEnvelopes: Bool { usesPipelining && configuration.serverProtocol == .smtp }

    /// DATA or BDAT of a transaction that begins here, behind its envelope.
    /// - Returns: true if the content may be written at once.
    private mutating func appendContentCommand(_ transaction: consuming ClientTransaction) -> Bool {
        appendContentCommand(chunk: transaction.chunkSize)
        transaction.contentSent = transaction.chunkSize != nil
        let atOnce = transaction.contentSent
        transactions.append(transaction)
        return atOnce
    }

    /// Replies come in the order of the commands, and a younger transaction's first command stands behind the
    /// older one's content: every reply belongs to the oldest transaction.
    mutating func transaction(_ expectation: Expectation, _ code: UInt16) -> Action? {
        guard !transactions.isEmpty else { return .close("reply \(code) to nothing") }
        let positive = code / 100 == 2
        switch expectation {
        case .mail:
            if !positive { current.refuse(replies.reply, at: .mail) }
        case .rcpt:
            // Behind a refused MAIL the replies are about the order of commands, not about the recipients: a
            // permanent 503 there must not outdo the sender's 4yz.
            if !current.result.isAccepted { return nil }
            if positive { current.acceptedRecipients += 1 } else { noteRefusedRecipient() }
        case .data: return dataAnswered(code)
        case .chunk: return chunkAnswered(positive)
        default:
            return configuration.serverProtocol == .lmtp ? recipientAnswered(positive) : contentAnswered(positive)
        }
        return usesPipelining ? nil : continueInLockstep(expectation)
    }

    /// Replies are about the oldest one; there must be one.
    private var current: ClientTransaction {
        _read { yield transactions.first! }
        _modify { yield &transactions.first! }
    }

    // MARK: Replies

    private mutating func dataAnswered(_ code: UInt16) -> Action? {
        guard code == 354 else {
            current.settle()
            current.refuse(replies.reply, at: .data)
            return finishWithReset()
        }
        expected.prepend(.content)
        guard current.isHopeless else {
            current.contentSent = true
            return .sendContent
        }
        // All recipients were refused and the server wants content anyway: just the dot (RFC 2920 §3.1). Nothing of the
        // message was sent, so nothing is in doubt.
        current.settle()
        output.append(contentsOf: ".\r\n".utf8)
        return nil
    }

    private mutating func chunkAnswered(_ positive: Bool) -> Action? {
        current.settle()
        if configuration.serverProtocol == .lmtp, current.result.isAccepted { return recipientAnswered(positive) }
        guard !positive else { return finish() }
        current.refuse(replies.reply, at: .final)
        return finishWithReset()
    }

    private mutating func contentAnswered(_ positive: Bool) -> Action? {
        if !positive { current.refuse(replies.reply, at: .final) }
        return finish()
    }

    /// LMTP answers the content once for each recipient it took (RFC 2033 §4.2).
    private mutating func recipientAnswered(_ positive: Bool) -> Action? {
        if current.single?.awaited.isEmpty == true {
            let accepted = current.accepted
            current.single?.awaited = accepted
        }
        guard let index = current.single?.awaited.first else { return contentAnswered(positive) }
        current.single?.awaited.removeFirst()
        if !positive {
            current.result.refusedRecipients.append(.init(index: index, reply: replies.reply, stage: .final))
        }
        if positive, configuration.keepsReplies { current.result.acceptance = replies.reply }
        guard current.single?.awaited.isEmpty == true else {
            expected.prepend(.content)
            return nil
        }
        return finish()
    }

    private mutating func noteRefusedRecipient() {
        let index = current.acceptedRecipients + current.result.refusedRecipients.count
        current.result.refusedRecipients.append(.init(index: index, reply: replies.reply))
    }

    private mutating func finish() -> Action? {
        guard var transaction = transactions.popFirst() else { return nil }
        if transaction.result.isAccepted { isFirstTransaction = false }
        if configuration.keepsReplies, transaction.result.acceptance == nil, replies.reply.isPositive {
            transaction.result.acceptance = replies.reply
        }
        if isQuitting, transactions.isEmpty { sendQuit() }
        return .finished(transaction.result)
    }

    /// The server still holds the transaction that failed: RSET before anything else.
    private mutating func finishWithReset() -> Action? {
        if !isQuitting { send("RSET\r\n", .reset) }
        return finish()
    }

    // MARK: Traces

    /// Notes a reply before it is acted on.
    mutating func trace(_ expectation: Expectation, _ code: UInt16) {
        let yes = code / 100 == 2 || code == 354 ? code : 0
        transactions.first?.result.trace.note(expectation, now, yes)
        guard isFirstTransaction, yes != 0, !transactions.isEmpty else { return }
        firstReplies[Self.stage(expectation)] = replies.reply
    }

    /// The reply decides something: MAIL and all RCPT before it were not refused yet.
    func isOpenQuestion(_ expectation: Expectation) -> Bool {
        guard let oldest = transactions.first, oldest.result.isAccepted else { return false }
        return expectation == .mail || expectation == .rcpt || oldest.acceptedRecipients > 0
    }

    /// Transactions begun and not finished, oldest first, with what was answered until now.
    package var unfinishedTransactions: [UnfinishedTransaction] {
        let inTransaction: [Expectation] = [.mail, .rcpt, .data, .chunk, .content]
        // Replies come in order: a younger one has none yet.
        var awaited = expected.firstIndex { inTransaction.contains($0) }.map { Self.stage(expected[$0]) } ?? .mail
        return transactions.elements.map { transaction in
            defer { awaited = .mail }
            return UnfinishedTransaction(
                result: transaction.result, contentSent: transaction.contentSent, awaited: awaited)
        }
    }

    static func stage(_ expectation: Expectation) -> TransactionStage {
        switch expectation {
        case .mail: .mail
        case .rcpt: .rcpt
        case .data: .data
        default: .final
        }
    }

    // MARK: Lockstep, for servers without PIPELINING

    private mutating func continueInLockstep(_ expectation: Expectation) -> Action? {
        if expectation == .mail, !current.result.isAccepted { return finish() }
        if let next = current.single?.unsent.popFirst(), let envelope = current.single?.envelope {
            appendRecipient(next, of: envelope)
            return nil
        }
        if current.isHopeless {
            current.settle()
            return finishWithReset()
        }
        appendContentCommand(chunk: current.chunkSize)
        guard current.chunkSize != nil else { return nil }
        current.contentSent = true
        return .sendContent
    }

    // MARK: Commands

    mutating func write(_ text: StaticString) { text.withUTF8Buffer { output.append(contentsOf: $0) } }

    /// - Parameter command: up to the angle bracket.
    private mutating func appendFlat(_ command: StaticString, _ envelope: borrowing FlatEnvelope, _ index: Int) {
        write(command)
        output.append(contentsOf: envelope.bytes[envelope.range(index)])
        output.append(UInt8(ascii: ">"))
    }

    private mutating func appendMail(_ envelope: Envelope, size: Int) {
        write("MAIL FROM:<")
        output.append(contentsOf: envelope.reversePath.bytes)
        output.append(UInt8(ascii: ">"))
        appendParameters(size: size, envelope.bodyType)
        if envelope.smtpUTF8, capabilities.smtpUTF8 { write(" SMTPUTF8") }
        if let options = envelope.options { appendOptions(options) }
        write("\r\n")
        expected.append(.mail)
    }

    private mutating func appendParameters(size: Int, _ bodyType: BodyType) {
        if capabilities.size != nil {
            write(" SIZE=")
            output.appendDecimal(UInt64(size))
        }
        if bodyType == .binaryMIME, capabilities.binaryMIME {
            write(" BODY=BINARYMIME")
        } else if bodyType != .sevenBit, capabilities.eightBitMIME {
            write(" BODY=8BITMIME")
        }
    }

    private mutating func appendOptions(_ options: EnvelopeOptions) {
        if options.requiresTLS, capabilities.requireTLS { output.append(contentsOf: " REQUIRETLS".utf8) }
        guard capabilities.dsn else { return }
        if let returned = options.returnedContent {
            output.append(contentsOf: (returned == .full ? " RET=FULL" : " RET=HDRS").utf8)
        }
        if !options.envelopeID.isEmpty {
            output.append(contentsOf: " ENVID=".utf8)
            output.append(contentsOf: options.envelopeID)
        }
    }

    private mutating func appendRecipient(_ index: Int, of envelope: Envelope) {
        write("RCPT TO:<")
        output.append(contentsOf: envelope.recipients[index].bytes)
        output.append(UInt8(ascii: ">"))
        if capabilities.dsn, envelope.options != nil { appendOptions(envelope.options(of: index)) }
        write("\r\n")
        expected.append(.rcpt)
    }

    private mutating func appendOptions(_ options: RecipientOptions) {
        if let notify = options.notify { output.append(contentsOf: " NOTIFY=\(notify.keyword)".utf8) }
        guard !options.originalRecipient.isEmpty else { return }
        output.append(contentsOf: " ORCPT=".utf8)
        output.append(contentsOf: options.originalRecipient)
    }

    /// - Parameter size: octets for BDAT; nil: DATA.
    private mutating func appendContentCommand(chunk size: Int?) {
        guard let size else {
            write("DATA\r\n")
            return expected.append(.data)
        }
        write("BDAT ")
        output.appendDecimal(UInt64(size))
        write(" LAST\r\n")
        expected.append(.chunk)
    }
}
