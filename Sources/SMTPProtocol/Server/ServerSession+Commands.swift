internal import MailTypes

// Which command is legal when, and what it answers: RFC 5321 §4.1.4.
extension ServerSession {
    mutating func readCommand(_ input: borrowing RawSpan, _ offset: inout Int) -> Action? {
        switch lines.next(input, &offset) {
        case .needsInput: return .needsInput
        case .inPlace(let range): return perform(input.extracting(range))
        case .assembled:
            let line = lines.assembled
            return perform(line.span.bytes)
        case .malformed:
            verb = .unknown
            return refuse(SMTPReply(500, .init(5, 5, 2), "Bare CR, bare LF or NUL in a command"))
        case .tooLong:
            verb = .unknown
            return refuse(SMTPReply(500, .init(5, 5, 2), "Command line longer than \(lines.limit) octets"))
        }
    }

    private mutating func perform(_ line: RawSpan) -> Action? {
        let (verb, start) = SMTPVerb.parse(line)
        self.verb = verb
        let argument = line.extracting(start..<line.byteCount)
        if configuration.requiresTLS, !isSecure, verb.needsTLSWhereRequired {
            return refuse(SMTPReply(530, .init(5, 7, 0), "Must issue a STARTTLS command first"))
        }
        switch verb {
        case .mail: return mail(argument)
        case .rcpt: return recipient(argument)
        case .data: return data(argument)
        case .bdat: return chunk(argument)
        case .ehlo, .helo, .lhlo: return hello(argument, verb)
        case .starttls: return startTLS(argument)
        case .auth: return authenticate(argument)
        case .xclient: return clientAttributes(argument)
        case .rset: return reset(argument)
        case .noop: return say("250 2.0.0 Ok\r\n")
        case .quit: return quit(argument)
        case .vrfy: return say("252 2.5.2 Cannot verify, send some mail\r\n")
        case .help: return say("214 2.0.0 See RFC 5321\r\n")
        case .http:
            // A browser was made to talk to us: nothing that follows is SMTP.
            return closeRefusing(SMTPReply(421, .init(4, 7, 0), "\(configuration.hostname) This is SMTP"))
        case .expn, .etrn:
            return refuse(SMTPReply(502, .init(5, 5, 1), "Command not implemented"))
        case .unknown:
            return refuse(SMTPReply(500, .init(5, 5, 2), "Command not recognized"))
        }
    }

    /// EHLO and HELO also end a transaction in progress (§4.1.4). LMTP has LHLO instead of them (RFC 2033 §4.1).
    private mutating func hello(_ argument: RawSpan, _ verb: SMTPVerb) -> Action? {
        guard (verb == .lhlo) == (configuration.serverProtocol == .lmtp) else {
            return verb == .lhlo
                ? refuse(SMTPReply(502, .init(5, 5, 1), "This is SMTP, say EHLO"))
                : refuse(SMTPReply(500, .init(5, 5, 1), "This is LMTP, say LHLO"))
        }
        do throws(GrammarFault) {
            clientName = try ClientName.parse(argument)
        } catch {
            return refuse(error.reply)
        }
        let aborted = endTransaction()
        isExtended = verb != .helo
        if configuration.asksAboutEach {
            phase = .deciding(.hello)
            return .hello(aborted: aborted != nil)
        }
        count(SMTPReply(250, nil, "greets"))
        welcome()
        return aborted
    }

    /// The usual answer to EHLO, LHLO or HELO.
    mutating func welcome() {
        guard isExtended else { return reply(SMTPReply(250, nil, configuration.hostname)) }
        let lines =
            ["\(configuration.hostname) greets \(clientName)"]
            + configuration.extensionLines(isSecure: isSecure, isAuthenticated: authenticatedUser != nil)
        reply(SMTPReply(250, nil, lines.joined(separator: "\n")))
    }

    /// EHLO was refused: as if it had not been said (RFC 5321 §4.1.4).
    mutating func answerHello(_ decision: SMTPReply?, accepted: Bool) {
        if !accepted { clientName = "" }
        if let decision { reply(decision) } else { welcome() }
    }

    private mutating func reset(_ argument: RawSpan) -> Action? {
        guard argument.byteCount == 0 else { return refuseArgument() }
        let aborted = endTransaction()
        _ = say("250 2.0.0 Ok\r\n")
        return aborted
    }

    private mutating func quit(_ argument: RawSpan) -> Action? {
        guard argument.byteCount == 0 else { return refuseArgument() }
        _ = say("221 2.0.0 Bye\r\n")
        phase = .closed
        return .close
    }

    /// `.contentAborted` if a BDAT sequence was open. Where one of its chunks was refused, that was said then.
    mutating func endTransaction() -> Action? {
        let open = chunks != nil && !chunksRefused && fault == nil
        resetTransaction()
        guard open else { return nil }
        count(.content, 0, "given up by the client")
        return .contentAborted
    }

    mutating func refuseArgument() -> Action? {
        refuse(SMTPReply(501, .init(5, 5, 4), "No argument allowed"))
    }

    mutating func refuseSequence(_ text: String) -> Action? {
        refuse(SMTPReply(503, .init(5, 5, 1), text))
    }
}
