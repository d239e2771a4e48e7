package import MailTypes

// MAIL, RCPT, DATA and BDAT as a client sends them, pipelined or in lockstep.
extension ClientSession {
    /// Starts a transaction; ``canBegin`` must be true.
    /// - Parameters:
    ///   - size: content octets, for SIZE and BDAT.
    ///   - form: how the content will be written; see ``sendsChunk(_:)``.
    /// - Returns: true if the content may be written at once, behind the output (pipelined BDAT).
    package mutating func begin(_ envelope: Envelope, size: Int, form: WireForm) -> Bool {
        precondition(canBegin, "no transaction may begin now")
        var transaction = ClientTransaction(
            usesPipelining && configuration.serverProtocol == .smtp ? nil : envelope)
        transaction.chunkSize = sendsChunk(form) ? size : nil
        appendMail(envelope, size: size)
        guard usesPipelining else {
            transaction.unsentRecipients = envelope.recipients.indices
            transactions.append(transaction)
            return false
        }
        for index in envelope.recipients.indices { appendRecipient(index, of: envelope) }
        appendContentCommand(transaction)
        transaction.contentSent = transaction.chunkSize != nil
        transactions.append(transaction)
        return transaction.contentSent
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
            if current.refusal != nil { return nil }
            if positive { current.acceptedRecipients += 1 } else { noteRefusedRecipient() }
        case .data: return dataAnswered(code)
        case .chunk: return chunkAnswered(positive)
        default:
            return configuration.serverProtocol == .lmtp ? recipientAnswered(positive) : contentAnswered(positive)
        }
        return usesPipelining ? nil : continueInLockstep(expectation)
    }

    private var current: ClientTransaction {
        get { transactions[transactions.startIndex] }
        _modify { yield &transactions[transactions.startIndex] }
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
        if configuration.serverProtocol == .lmtp, current.refusal == nil { return recipientAnswered(positive) }
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
        if current.awaited.isEmpty { current.awaited = current.accepted }
        guard !current.awaited.isEmpty else { return contentAnswered(positive) }
        let index = current.awaited.removeFirst()
        if !positive { current.refusedRecipients.append(.init(index: index, reply: replies.reply)) }
        if positive, configuration.keepsReplies { current.acceptance = replies.reply }
        guard current.awaited.isEmpty else {
            expected.prepend(.content)
            return nil
        }
        return finish()
    }

    private mutating func noteRefusedRecipient() {
        let index = current.acceptedRecipients + current.refusedRecipients.count
        current.refusedRecipients.append(.init(index: index, reply: replies.reply))
    }

    private mutating func finish() -> Action? {
        var result = transactions.popFirst()?.result
        if result?.isAccepted == true { isFirstTransaction = false }
        if configuration.keepsReplies, result?.acceptance == nil, replies.reply.isPositive {
            result?.acceptance = replies.reply
        }
        if isQuitting, transactions.isEmpty { sendQuit() }
        return result.map { .finished($0) }
    }

    /// The server still holds the transaction that failed: RSET before anything else.
    private mutating func finishWithReset() -> Action? {
        if !isQuitting { send("RSET\r\n", .reset) }
        return finish()
    }

    // MARK: Traces

    /// Notes a reply before it is acted on.
    mutating func trace(_ expectation: Expectation, _ code: UInt16) {
        guard !transactions.isEmpty else { return }
        let (now, yes) = (now, code / 100 == 2 || code == 354 ? code : 0)
        transactions[transactions.startIndex].trace.note(expectation, now, yes)
        if isFirstTransaction, yes != 0 { firstReplies[Self.stage(expectation)] = replies.reply }
    }

    /// The reply decides something: MAIL and all RCPT before it were not refused yet.
    func isOpenQuestion(_ expectation: Expectation) -> Bool {
        guard let oldest = transactions.first, oldest.refusal == nil else { return false }
        return expectation == .mail || expectation == .rcpt || oldest.acceptedRecipients > 0
    }

    /// Transactions begun and not finished, oldest first, with what was answered until now.
    package var unfinishedTransactions: [UnfinishedTransaction] {
        let inTransaction: [Expectation] = [.mail, .rcpt, .data, .chunk, .content]
        // Replies come in order: a younger one has none yet.
        var awaited = expected.firstIndex { inTransaction.contains($0) }.map { Self.stage(expected[$0]) } ?? .mail
        return transactions.map { transaction in
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
        if expectation == .mail, current.refusal != nil { return finish() }
        if let next = current.unsentRecipients.popFirst() {
            appendRecipient(next, of: current.envelope!)
            return nil
        }
        if current.isHopeless {
            current.settle()
            return finishWithReset()
        }
        appendContentCommand(current)
        guard current.chunkSize != nil else { return nil }
        current.contentSent = true
        return .sendContent
    }

    // MARK: Commands

    private mutating func appendMail(_ envelope: Envelope, size: Int) {
        output.append(contentsOf: "MAIL FROM:<".utf8)
        output.append(contentsOf: envelope.reversePath.bytes)
        output.append(UInt8(ascii: ">"))
        if capabilities.size != nil {
            output.append(contentsOf: " SIZE=".utf8)
            output.append(contentsOf: String(size).utf8)
        }
        if envelope.bodyType == .binaryMIME, capabilities.binaryMIME {
            output.append(contentsOf: " BODY=BINARYMIME".utf8)
        } else if envelope.bodyType != .sevenBit, capabilities.eightBitMIME {
            output.append(contentsOf: " BODY=8BITMIME".utf8)
        }
        if envelope.smtpUTF8, capabilities.smtpUTF8 { output.append(contentsOf: " SMTPUTF8".utf8) }
        if let options = envelope.options { appendOptions(options) }
        output.append(contentsOf: "\r\n".utf8)
        expected.append(.mail)
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
        output.append(contentsOf: "RCPT TO:<".utf8)
        output.append(contentsOf: envelope.recipients[index].bytes)
        output.append(UInt8(ascii: ">"))
        if capabilities.dsn, envelope.options != nil { appendOptions(envelope.options(of: index)) }
        output.append(contentsOf: "\r\n".utf8)
        expected.append(.rcpt)
    }

    private mutating func appendOptions(_ options: RecipientOptions) {
        if let notify = options.notify { output.append(contentsOf: " NOTIFY=\(notify.keyword)".utf8) }
        guard !options.originalRecipient.isEmpty else { return }
        output.append(contentsOf: " ORCPT=".utf8)
        output.append(contentsOf: options.originalRecipient)
    }

    private mutating func appendContentCommand(_ transaction: ClientTransaction) {
        if let size = transaction.chunkSize {
            send("BDAT \(size) LAST\r\n", .chunk)
        } else {
            output.append(contentsOf: "DATA\r\n".utf8)
            expected.append(.data)
        }
    }
}
