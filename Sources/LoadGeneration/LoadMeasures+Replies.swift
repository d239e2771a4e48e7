import RunRecords
import SMTPProtocol

// Every reply to a transaction is counted once, so that the replies of each stage add up to the messages that came to it:
//
//     offered     = replies to MAIL + unanswered there - offered again (421 to MAIL)
//     MAIL taken  = refused at RCPT + unanswered at RCPT + replies to DATA + unanswered there
//     DATA taken  = replies to the content + unanswered there      (LMTP: a reply for each recipient that was taken)
//     refused     = those refused at MAIL, RCPT, DATA and the content
//     failed + in doubt = those unanswered anywhere
extension LoadMeasures {
    /// Of a transaction that is over, or was under way when its connection ended. What stands behind a refused MAIL, or
    /// behind no recipient, is about the order of commands and does not count.
    /// - Parameter recipients: those of the message, if RCPT was answered for all of them.
    mutating func note(_ result: TransactionResult, answeredRecipients recipients: Int?) {
        if result.trace.mailCode == 250 { usual.mail250 += 1 } else { notePositive("mail", result.trace.mailCode) }
        if !result.isAccepted, result.stage == .mail { return noteRefusals(result, recipients) }
        noteRecipients(result.trace)
        if result.trace.acceptedRecipients > 0 {
            if result.trace.dataCode == 354 {
                usual.data354 += 1
            } else {
                notePositive("data", result.trace.dataCode)
            }
            noteAcceptances(result.trace)
        }
        if result.hasRefusals { noteRefusals(result, recipients) }
    }

    private mutating func noteRecipients(_ trace: borrowing ReplyTrace) {
        let usually = trace.acceptedRecipients - others(trace, .rcpt)
        if trace.recipientCode == 250 {
            usual.recipient250 += UInt64(usually)
        } else {
            notePositive("rcpt", trace.recipientCode, UInt64(usually))
        }
    }

    private mutating func noteAcceptances(_ trace: borrowing ReplyTrace) {
        let usually = trace.acceptances - others(trace, .final)
        if trace.finalCode == 250 {
            usual.final250 += UInt64(usually)
        } else {
            notePositive("final", trace.finalCode, UInt64(usually))
        }
    }

    /// Counts the replies of this stage that have a code of their own.
    private mutating func others(_ trace: borrowing ReplyTrace, _ stage: TransactionStage) -> Int {
        guard !trace.others.isEmpty else { return 0 }
        let others = trace.others.filter { $0.stage == stage }
        for other in others { notePositive(stage.rawValue, other.code) }
        return others.count
    }

    private mutating func notePositive(_ stage: String, _ code: UInt16, _ count: UInt64 = 1) {
        if code != 0 { note(stage, Int(code), count: count, "") }
    }

    /// One count a reply: the refusal of a message without recipients is that of its recipients.
    private mutating func noteRefusals(_ result: TransactionResult, _ recipients: Int?) {
        // LMTP refuses recipients behind the content, too: these come after those refused at RCPT.
        let atRecipient = recipients.map { $0 - result.trace.acceptedRecipients } ?? result.refusedRecipients.count
        for (index, refused) in result.refusedRecipients.enumerated() {
            let stage = index < atRecipient ? "rcpt" : "final"
            note(stage, Int(refused.reply.code), refused.reply.description)
        }
        guard let refusal = result.refusal, result.stage != .rcpt || result.refusedRecipients.isEmpty else { return }
        note(result.stage.rawValue, Int(refusal.code), refusal.description)
    }

    /// Where a transaction was refused; nil if it was not, or not wholly.
    static func refusalStage(_ result: TransactionResult, recipients: Int) -> TransactionStage? {
        guard result.hasRefusals else { return nil }
        if !result.isAccepted { return result.stage }
        guard result.refusedRecipients.count == recipients else { return nil }
        return result.trace.acceptedRecipients == 0 ? .rcpt : .final
    }
}
