internal import MailTypes

// MAIL (RFC 5321 §4.1.1.2) and RCPT (§4.1.1.3).
extension ServerSession {
    mutating func mail(_ argument: RawSpan) -> Action? {
        guard !clientName.isEmpty else { return refuseSequence("EHLO or HELO first") }
        guard !hasMail else { return refuseSequence("Nested MAIL") }
        let command: MailCommand
        do throws(GrammarFault) {
            command = try MailCommand.parse(argument)
        } catch {
            return refuse(error.reply)
        }
        if command.bodyType == .binaryMIME {
            return refuse(SMTPReply(555, .init(5, 5, 4), "BODY=BINARYMIME not offered"))
        }
        if let size = command.size, configuration.maximumMessageSize > 0, size > configuration.maximumMessageSize {
            return refuse(SMTPReply(552, .init(5, 3, 4), "Message larger than \(configuration.maximumMessageSize)"))
        }
        envelope.reversePath = command.reversePath
        envelope.bodyType = command.bodyType
        envelope.smtpUTF8 = command.smtpUTF8
        declaredSize = command.size
        phase = .deciding(.sender)
        return .sender
    }

    mutating func recipient(_ argument: RawSpan) -> Action? {
        guard hasMail else { return refuseSequence("MAIL first") }
        guard chunks == nil else { return refuseSequence("RCPT inside a BDAT sequence") }
        guard envelope.recipients.count < configuration.maximumRecipients else {
            // 452, not 552: the client sends the rest in another transaction (§4.5.3.1.10). Not an error of its.
            reply(SMTPReply(452, .init(4, 5, 3), "Too many recipients"))
            return nil
        }
        do throws(GrammarFault) {
            proposedRecipient = try RcptCommand.parse(argument, allowUTF8: envelope.smtpUTF8).forwardPath
        } catch {
            return refuse(error.reply)
        }
        phase = .deciding(.recipient)
        return .recipient
    }
}
