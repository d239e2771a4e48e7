package import MailTypes

// DATA (RFC 5321 §4.1.1.4) and BDAT (RFC 3030).
extension ServerSession {
    mutating func data(_ argument: RawSpan) -> Action? {
        guard argument.byteCount == 0 else { return refuseArgument() }
        guard hasMail else { return refuseSequence("MAIL first") }
        guard chunks == nil else { return refuseSequence("DATA inside a BDAT sequence") }
        guard !envelope.recipients.isEmpty else {
            return refuse(SMTPReply(554, .init(5, 5, 1), "No valid recipients"))
        }
        // RFC 3030 §3: binary content comes in chunks only.
        guard envelope.bodyType != .binaryMIME else { return refuseSequence("BODY=BINARYMIME needs BDAT") }
        if configuration.asksAboutEach {
            phase = .deciding(.data)
            return .dataAsked
        }
        return beginData()
    }

    mutating func beginData() -> Action? {
        append("354 End data with <CR><LF>.<CR><LF>\r\n")
        phase = .data(ContentReader(lineLimit: configuration.maximumContentLine))
        return .contentBegins(.dotStuffed)
    }

    mutating func readContent(_ input: borrowing RawSpan, _ offset: inout Int) -> Action? {
        guard case .data(var reader) = phase else { return nil }
        let event = reader.next(input, &offset)
        phase = .data(reader)
        switch event {
        case .needsInput: return .needsInput
        case .span(let range):
            contentBytes += range.count
            if fault != nil { return nil }
            return isTooLarge ? abort(.tooLarge) : .content(range)
        case .stuffedDot(let index):
            return fault == nil ? .stuffedDot(index) : nil
        case .fault(let violation):
            return fault == nil ? abort(violation) : nil
        case .end:
            guard let fault else {
                phase = .deciding(.content)
                return .contentEnds
            }
            phase = .commands
            return refuseContent(fault.reply)
        }
    }

    /// The message is refused as a whole, at its end, and was counted as refused before; LMTP says so for each recipient (RFC 2033 §4.2).
    private mutating func refuseContent(_ reply: SMTPReply) -> Action? {
        let more = configuration.serverProtocol == .lmtp ? max(0, envelope.recipients.count - 1) : 0
        let refused = refuse(reply, about: envelope.recipients, isCounted: true)
        resetTransaction()
        if let refused { return refused }
        for _ in 0..<more { self.reply(reply) }
        return nil
    }

    mutating func chunk(_ argument: RawSpan) -> Action? {
        if configuration.withheld.contains(.chunking) {
            // What follows is content that nobody here can find the end of.
            return closeRefusing(SMTPReply(521, .init(5, 5, 1), "BDAT is not offered here, closing"))
        }
        let command: BdatCommand
        do throws(GrammarFault) {
            command = try BdatCommand.parse(argument)
        } catch {
            // Without a size the next command cannot be found: what follows may be content.
            return closeRefusing(SMTPReply(521, .init(5, 5, 4), "BDAT without a valid size, closing"))
        }
        let isFirst = chunks == nil
        if isFirst {
            chunks = ChunkReader(
                lineLimit: configuration.maximumContentLine, isBinary: envelope.bodyType == .binaryMIME)
        }
        chunks?.begin(command.size)
        phase = .chunk(last: command.last)
        if !hasMail || envelope.recipients.isEmpty {
            // The octets come all the same and are not commands: swallow them, then refuse.
            chunksRefused = true
            return nil
        }
        if configuration.maximumMessageSize > 0,
            command.size > configuration.maximumMessageSize - min(contentBytes, configuration.maximumMessageSize)
        {
            return isFirst ? silently(.tooLarge) : (fault == nil ? abort(.tooLarge) : nil)
        }
        return isFirst ? .contentBegins(.raw) : nil
    }

    mutating func readChunk(_ input: borrowing RawSpan, _ offset: inout Int, last: Bool) -> Action? {
        let refused = fault != nil || chunksRefused
        let event = refused ? chunks!.skip(input, &offset) : chunks!.next(input, &offset)
        switch event {
        case .needsInput: return .needsInput
        case .span(let range):
            contentBytes += range.count
            return .content(range)
        case .fault(let violation): return abort(violation)
        case .chunkEnd: return endChunk(last: last)
        }
    }

    /// Octets of the chunk in progress that are still to come; 0 outside of one, and where the message is refused.
    package var chunkOctetsToCome: Int {
        guard case .chunk = phase, fault == nil, !chunksRefused else { return 0 }
        return chunks?.remaining ?? 0
    }

    /// So many octets of the chunk in progress came and were let go unseen: they are content all the same.
    package mutating func passOver(_ count: Int) {
        contentBytes += count
        chunks?.passOver(count)
    }

    private mutating func endChunk(last: Bool) -> Action? {
        phase = .commands
        if chunksRefused {
            let text = hasMail ? "No valid recipients" : "MAIL first"
            if last || !hasMail { resetTransaction() }
            return refuseSequence(text)
        }
        if last, fault == nil, chunks?.endsWithBareCR == true {
            count(.final, ContentFault.bareCR.reply)
            return refuseContent(ContentFault.bareCR.reply) ?? .contentAborted
        }
        if let fault {
            // RFC 3030 §2: after a failed BDAT the rest of the sequence fails too.
            return last ? refuseContent(fault.reply) : refuse(fault.reply)
        }
        guard last else {
            return say("250 2.0.0 Chunk accepted\r\n")
        }
        phase = .deciding(.content)
        return .contentEnds
    }

    private var isTooLarge: Bool {
        configuration.maximumMessageSize > 0 && contentBytes > configuration.maximumMessageSize
    }

    private mutating func silently(_ violation: ContentFault) -> Action? {
        fault = violation
        count(violation.reply)
        return nil
    }

    private mutating func abort(_ violation: ContentFault) -> Action? {
        fault = violation
        count(.final, violation.reply)
        return .contentAborted
    }
}

extension ContentFault {
    package var reply: SMTPReply {
        switch self {
        case .bareLF: SMTPReply(554, .init(5, 6, 0), "Bare LF in message content")
        case .bareCR: SMTPReply(554, .init(5, 6, 0), "Bare CR in message content")
        case .nul: SMTPReply(554, .init(5, 6, 0), "NUL in message content")
        case .lineTooLong: SMTPReply(554, .init(5, 6, 0), "Line too long in message content")
        case .tooLarge: SMTPReply(552, .init(5, 3, 4), "Message too large")
        }
    }
}
