package import MailTypes

/// What follows a line of an AUTH exchange.
package enum AuthenticationAnswer: Sendable, Equatable {
    /// 334 with this base64 text.
    case challenge(String)
    /// 235. Data that the mechanism has for the client at the end goes in a challenge before it (RFC 4954 §4).
    case succeeded(user: String, data: String?)
    /// 535 or what else is right; it counts as an error.
    case refused(SMTPReply)
}

// STARTTLS (RFC 3207), AUTH (RFC 4954) and XCLIENT (Postfix).
extension ServerSession {
    // MARK: STARTTLS

    mutating func startTLS(_ argument: RawSpan) -> Action? {
        guard argument.byteCount == 0 else { return refuseArgument() }
        guard configuration.offersStartTLS, !isSecure else {
            return refuse(SMTPReply(isSecure ? 503 : 502, .init(5, 5, 1), "STARTTLS not available"))
        }
        guard !clientName.isEmpty, isExtended else { return refuseSequence("EHLO first") }
        guard !hasMail else { return refuseSequence("STARTTLS inside a transaction") }
        _ = say("220 2.0.0 Ready to start TLS\r\n")
        phase = .handshaking
        return .startTLS
    }

    /// The handshake is over: nothing that was said in the clear is known any more (RFC 3207 §4.2).
    /// - Parameter implicit: TLS came first and the greeting is still to be said (RFC 8314 §3.3).
    package mutating func secured(implicit: Bool = false) {
        resetTransaction()
        clientName = ""
        isExtended = false
        isSecure = true
        authenticatedUser = nil
        lines = CommandLineReader(limit: SMTPLimits.commandLine)
        phase = .commands
        if implicit { greet() }
    }

    // MARK: AUTH

    mutating func authenticate(_ argument: RawSpan) -> Action? {
        guard !configuration.authMechanisms.isEmpty else {
            return refuse(SMTPReply(502, .init(5, 5, 1), "AUTH not available"))
        }
        guard isSecure else { return refuse(SMTPReply(538, .init(5, 7, 11), "AUTH needs TLS")) }
        guard isExtended, !clientName.isEmpty else { return refuseSequence("EHLO first") }
        guard authenticatedUser == nil else { return refuseSequence("Already authenticated") }
        guard !hasMail else { return refuseSequence("AUTH inside a transaction") }
        let words = String(decoding: argument.copy(0..<argument.byteCount), as: UTF8.self).split(separator: " ")
        guard let name = words.first, words.count <= 2 else {
            return refuse(SMTPReply(501, .init(5, 5, 4), "AUTH mechanism [initial-response]"))
        }
        let mechanism = name.uppercased()
        guard configuration.authMechanisms.contains(mechanism) else {
            return refuse(SMTPReply(504, .init(5, 5, 4), "Mechanism not available"))
        }
        phase = .deciding(.authentication)
        proposedMechanism = mechanism
        proposedResponse = words.count == 2 ? String(words[1]) : nil
        return .authenticate
    }

    mutating func readAuthentication(_ input: borrowing RawSpan, _ offset: inout Int) -> Action? {
        let line: String
        switch lines.next(input, &offset) {
        case .needsInput: return .needsInput
        case .inPlace(let range): line = String(decoding: input.extracting(range).copy(0..<range.count), as: UTF8.self)
        case .assembled: line = String(decoding: lines.assembled, as: UTF8.self)
        case .malformed, .tooLong:
            endAuthentication()
            return refuse(SMTPReply(500, .init(5, 5, 6), "Authentication line too long or malformed"))
                ?? .authenticationCancelled
        }
        if line == "*" {
            endAuthentication()
            return refuse(SMTPReply(501, .init(5, 7, 0), "Authentication cancelled")) ?? .authenticationCancelled
        }
        guard let user = acknowledgingUser else {
            phase = .deciding(.authentication)
            proposedResponse = line
            return .authenticationLine
        }
        endAuthentication()
        guard line.isEmpty else { return refuse(SMTPReply(501, .init(5, 5, 2), "An empty line was expected")) }
        succeed(user)
        return nil
    }

    /// The answer to `.authenticate` or `.authenticationLine`.
    /// - Returns: `.close` if this was one refusal too many.
    package mutating func answer(authentication answer: AuthenticationAnswer) -> Action? {
        guard case .deciding(.authentication) = phase else { preconditionFailure("no AUTH is being decided") }
        switch answer {
        case .challenge(let text):
            expectAuthenticationLine(succeeded: nil, text)
            return nil
        case .succeeded(let user, let data?):
            expectAuthenticationLine(succeeded: user, data)
            return nil
        case .succeeded(let user, nil):
            endAuthentication()
            succeed(user)
            return nil
        case .refused(let reply):
            endAuthentication()
            return refuse(reply)
        }
    }

    private mutating func expectAuthenticationLine(succeeded: String?, _ challenge: String) {
        output.append(contentsOf: "334 \(challenge)\r\n".utf8)
        lines.limit = SMTPLimits.authenticationLine
        acknowledgingUser = succeeded
        phase = .authenticating
    }

    private mutating func endAuthentication() {
        lines.limit = SMTPLimits.commandLine
        acknowledgingUser = nil
        phase = .commands
    }

    private mutating func succeed(_ user: String) {
        authenticatedUser = user
        append("235 2.7.0 Authentication successful\r\n")
    }

    // MARK: XCLIENT

    mutating func clientAttributes(_ argument: RawSpan) -> Action? {
        guard configuration.offersXclient else {
            return refuse(SMTPReply(550, .init(5, 7, 1), "XCLIENT is not for you"))
        }
        guard !hasMail else { return refuseSequence("XCLIENT inside a transaction") }
        let command: XclientCommand
        do throws(GrammarFault) {
            command = try XclientCommand.parse(argument)
        } catch {
            return refuse(error.reply)
        }
        proposedAttributes = command
        phase = .deciding(.attributes)
        return .clientAttributes
    }

    /// The session begins anew, with another client in mind: greeting and all (Postfix's XCLIENT_README).
    mutating func takeAttributes(accepted: Bool, _ decision: SMTPReply?) {
        guard accepted else {
            if let decision { reply(decision) }
            return
        }
        resetTransaction()
        clientName = ""
        if case .value(let name)? = proposedAttributes?.helo { clientName = name }
        isExtended = false
        // Of an attribute that is not available the server knows nothing, whatever was said of the client before.
        switch proposedAttributes?.login {
        case .value(let login): authenticatedUser = login
        case .unavailable: authenticatedUser = nil
        case nil: break
        }
        proposedAttributes = nil
        greet()
    }
}
