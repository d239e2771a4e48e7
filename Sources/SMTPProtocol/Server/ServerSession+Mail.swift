internal import MailTypes

// MAIL (RFC 5321 §4.1.1.2) and RCPT (§4.1.1.3).
extension ServerSession {
    mutating func mail(_ argument: RawSpan) -> Action? {
        guard !clientName.isEmpty else { return refuseSequence("EHLO or HELO first") }
        guard !hasMail else { return refuseSequence("Nested MAIL") }
        if configuration.requiresAuthentication, authenticatedUser == nil {
            return refuse(SMTPReply(530, .init(5, 7, 0), "Authentication required"))
        }
        if configuration.maximumMessages > 0, transactions >= configuration.maximumMessages {
            return closeForLimit("too many messages in one connection")
        }
        let command: MailCommand
        do throws(GrammarFault) {
            command = try MailCommand.parse(argument)
        } catch {
            return refuse(error.reply)
        }
        if !configuration.withheld.isEmpty, let keyword = configuration.withheld.refusedKeyword(of: command) {
            return refuse(GrammarFault.unknownParameter(keyword).reply)
        }
        if let terms = command.options.terms, let refusal = refusal(of: terms) { return refuse(refusal) }
        if command.options.requiresTLS, !isSecure {
            // RFC 8689 §4.1: offered over TLS only.
            return refuse(SMTPReply(530, .init(5, 7, 10), "REQUIRETLS needs TLS"))
        }
        if let size = command.size, configuration.maximumMessageSize > 0, size > configuration.maximumMessageSize {
            return refuse(SMTPReply(552, .init(5, 3, 4), "Message larger than \(configuration.maximumMessageSize)"))
        }
        envelope.reversePath = command.reversePath
        envelope.bodyType = command.bodyType
        envelope.smtpUTF8 = command.smtpUTF8
        envelope.options = command.options.isEmpty ? nil : command.options
        declaredSize = command.size
        phase = .deciding(.sender)
        return .sender
    }

    /// Times that were not offered, or not so.
    private func refusal(of terms: DeliveryTerms) -> SMTPReply? {
        if let release = terms.release {
            guard let offer = configuration.futureRelease else {
                let isInterval = if case .interval = release { true } else { false }
                return GrammarFault.unknownParameter(isInterval ? "HOLDFOR" : "HOLDUNTIL").reply
            }
            // RFC 4865 §4.2: beyond what was announced, or behind.
            guard offer.allows(release) else {
                return SMTPReply(501, .init(5, 5, 4), "Release is not within the next \(offer.interval) seconds")
            }
        }
        guard let by = terms.deliverBy else { return nil }
        guard let least = configuration.deliverByMinimum else { return GrammarFault.unknownParameter("BY").reply }
        guard by.mode == .notify || by.seconds >= least else {
            return SMTPReply(555, .init(5, 5, 4), "Delivery within \(by.seconds) seconds, the least is \(least)")
        }
        return nil
    }

    mutating func recipient(_ argument: RawSpan) -> Action? {
        guard hasMail else { return refuseSequence("MAIL first") }
        guard chunks == nil else { return refuseSequence("RCPT inside a BDAT sequence") }
        guard envelope.recipients.count < configuration.maximumRecipients else {
            // 452, not 552: the client sends the rest in another transaction (§4.5.3.1.10). Not an error of its.
            let full = SMTPReply(452, .init(4, 5, 3), "Too many recipients")
            record(full)
            count(full)
            reply(full)
            return nil
        }
        do throws(GrammarFault) {
            let command = try RcptCommand.parse(argument, allowUTF8: envelope.smtpUTF8)
            if configuration.withheld.contains(.dsn), command.options != .none {
                throw .unknownParameter(command.options.notify == nil ? "ORCPT" : "NOTIFY")
            }
            (proposedRecipient, proposedOptions) = (command.forwardPath, command.options)
        } catch {
            return refuse(error.reply)
        }
        phase = .deciding(.recipient)
        return .recipient
    }
}

extension ServiceExtensions {
    /// The first parameter of MAIL that belongs to an extension that is not there.
    fileprivate func refusedKeyword(of command: MailCommand) -> String? {
        if contains(.size), command.size != nil { return "SIZE" }
        if contains(.smtpUTF8), command.smtpUTF8 { return "SMTPUTF8" }
        if contains(.eightBitMIME), command.bodyType == .eightBitMIME { return "BODY" }
        if !isDisjoint(with: [.binaryMIME, .chunking]), command.bodyType == .binaryMIME { return "BODY" }
        if contains(.dsn), command.options.returnedContent != nil { return "RET" }
        if contains(.dsn), !command.options.envelopeID.isEmpty { return "ENVID" }
        if contains(.deliverBy), command.options.terms?.deliverBy != nil { return "BY" }
        if contains(.futureRelease), let release = command.options.terms?.release {
            return if case .interval = release { "HOLDFOR" } else { "HOLDUNTIL" }
        }
        return nil
    }
}
