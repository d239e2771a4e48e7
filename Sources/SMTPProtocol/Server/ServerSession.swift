package import MailTypes

/// One SMTP session as a server sees it, without I/O: bytes in, actions and reply bytes out (RFC 5321).
///
/// The caller greets, then calls ``step(_:_:)`` until it returns `.needsInput`, and sends ``takeOutput()``
/// once a read: the replies to everything that was pipelined leave in one write (RFC 2920 §3.2).
/// Actions `.sender`, `.recipient` and `.contentEnds` ask for a decision, given with ``answer(_:)``; until
/// then the session must not be stepped, so replies keep their order.
///
///     C: MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n
///        .sender -> answer(nil), .recipient -> answer(nil), .contentBegins(.dotStuffed), .needsInput
///     S: 250 2.1.0 …\r\n250 2.1.5 …\r\n354 …\r\n
package struct ServerSession: ~Copyable {
    package enum Action: Equatable {
        /// All input was consumed.
        case needsInput
        /// EHLO, HELO or LHLO, where ``ServerConfiguration/asksAboutEach`` holds. Asks for ``answer(_:)``.
        /// `aborted`: a message that was coming in chunks is dropped by it.
        case hello(aborted: Bool)
        /// MAIL was well-formed; see ``envelope``. Asks for ``answer(_:)``.
        case sender
        /// RCPT was well-formed; see ``proposedRecipient``. Asks for ``answer(_:)``.
        case recipient
        /// DATA, where ``ServerConfiguration/asksAboutEach`` holds. Asks for ``answer(_:)``.
        case dataAsked
        /// Content follows in this form.
        case contentBegins(WireForm)
        /// Content bytes: this range of the input.
        case content(Range<Int>)
        /// A dot that stuffs its line: part of the wire form, not of the content. Index in the input;
        /// nil when it came at the end of an earlier input.
        case stuffedDot(Int?)
        /// The message is complete. Asks for ``answer(_:)``.
        case contentEnds
        /// The message in progress is dropped: refused content, RSET or a new EHLO inside a BDAT sequence.
        case contentAborted
        /// STARTTLS was accepted: send the output, drop what else was read, shake hands, then ``secured()``.
        case startTLS
        /// AUTH: see ``proposedMechanism`` and ``proposedResponse``. Asks for ``answer(authentication:)``.
        case authenticate
        /// The next line of the exchange: see ``proposedResponse``. Asks for an answer likewise.
        case authenticationLine
        /// The client gave up (`*`); it was answered.
        case authenticationCancelled
        /// XCLIENT: see ``proposedAttributes``. Asks for ``answer(_:)``.
        case clientAttributes
        /// Send the output, then close.
        case close
    }

    enum Phase {
        case commands
        /// DATA was accepted by the service and is not answered yet.
        case beginning
        case data(ContentReader)
        case chunk(last: Bool)
        /// A line of an AUTH exchange is due.
        case authenticating
        case deciding(Decision)
        case handshaking
        case closed
    }
    enum Decision { case hello, sender, recipient, data, content, authentication, attributes }

    package internal(set) var configuration: ServerConfiguration
    var phase = Phase.commands
    var lines: CommandLineReader
    var chunks: ChunkReader?
    /// A violation in the content so far, or nil.
    var fault: ContentFault?
    /// A BDAT chunk was refused: the rest of the sequence is swallowed.
    var chunksRefused = false
    var contentBytes = 0
    var errors = 0
    var hasMail = false
    /// MAIL commands accepted in this session.
    var transactions = 0
    var output: [UInt8] = []
    /// Of the last command.
    var verb = SMTPVerb.unknown

    /// Name given with EHLO or HELO; empty before.
    package internal(set) var clientName = ""
    /// EHLO, not HELO: `ESMTP` in Received (RFC 3848).
    package internal(set) var isExtended = false
    /// The transaction in progress.
    package internal(set) var envelope = Envelope(reversePath: .null, recipients: [])
    /// SIZE of MAIL (RFC 1870), if given.
    package internal(set) var declaredSize: Int?
    /// The address of the RCPT that waits for its answer.
    package internal(set) var proposedRecipient = MailAddress.null
    /// The connection is encrypted.
    package internal(set) var isSecure = false
    /// None for most clients: a session is stepped often, and what few use must not cost the others.
    private var rare: [RareState] = []

    package init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
        lines = CommandLineReader(limit: SMTPLimits.commandLine)
    }

    /// 220, the first thing said (RFC 5321 §3.1).
    package mutating func greet() {
        reply(SMTPReply(220, nil, "\(configuration.hostname) \(configuration.banner)"))
    }

    /// Reply bytes since the last call.
    package mutating func takeOutput() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    package var hasOutput: Bool { !output.isEmpty }

    /// Hands the reply bytes over in place, so that they are copied once, into the send buffer.
    package mutating func drainOutput(_ body: ([UInt8]) -> Void) {
        body(output)
        output.removeAll(keepingCapacity: true)
    }

    /// True where a client may rest: no transaction and no half command (drain on shutdown closes such sessions).
    package var isIdle: Bool {
        if case .commands = phase { return !hasMail && !lines.isMidLine }
        return false
    }

    /// Whether DATA was accepted and its 354 is still to be made, by the next step.
    package var isBeginningContent: Bool { if case .beginning = phase { true } else { false } }

    /// Whether content is being received: other timeouts hold (RFC 5321 §4.5.3.2.5).
    package var isReceivingContent: Bool {
        switch phase {
        case .data, .chunk: true
        default: false
        }
    }

    /// Closes without a reply's being refused twice: 421 to one that talks too much.
    mutating func closeForLimit(_ text: String) -> Action? {
        closeRefusing(SMTPReply(421, .init(4, 7, 0), "\(configuration.hostname) \(text)"))
    }

    /// The client is refused for good: nothing is said afterwards.
    mutating func closeRefusing(_ reply: SMTPReply) -> Action? {
        record(reply)
        count(reply)
        close(with: reply)
        return .close
    }

    /// Consumes input from `offset` on and returns the next thing to do.
    package mutating func step(_ input: borrowing RawSpan, _ offset: inout Int) -> Action {
        while true {
            let action: Action?
            switch phase {
            case .commands: action = readCommand(input, &offset)
            case .beginning: action = beginData()
            case .data: action = readContent(input, &offset)
            case .chunk(let last): action = readChunk(input, &offset, last: last)
            case .authenticating: action = readAuthentication(input, &offset)
            case .deciding: preconditionFailure("stepped while a decision is due")
            case .handshaking: preconditionFailure("stepped before the handshake was over")
            case .closed:
                offset = input.byteCount
                return .close
            }
            if let action { return action }
        }
    }

    /// The decision on the last `.hello`, `.sender`, `.recipient`, `.dataAsked` or `.contentEnds`; nil accepts with the usual reply.
    package mutating func answer(_ decision: SMTPReply?) {
        guard case .deciding(let question) = phase else { preconditionFailure("no decision is due") }
        let accepted = decision?.isPositive ?? true
        if let decision, !accepted { record(decision, question) }
        phase = .commands
        switch question {
        case .hello: answerHello(decision, accepted: accepted)
        case .data:
            if accepted { phase = .beginning } else if let decision { reply(decision) }
        case .sender:
            hasMail = accepted
            if accepted { transactions += 1 } else { resetTransaction() }
            say(decision, or: "250 2.1.0 Sender ok\r\n")
        case .recipient:
            if accepted {
                envelope.recipients.append(proposedRecipient)
                envelope.setOptionsOfLastRecipient(proposedOptions)
            }
            say(decision, or: "250 2.1.5 Recipient ok\r\n")
        case .content:
            // LMTP: each recipient has a reply of its own (RFC 2033 §4.2).
            let replies = configuration.serverProtocol == .lmtp ? envelope.recipients.count : 1
            resetTransaction()
            for _ in 0..<replies { say(decision, or: "250 2.0.0 Message accepted\r\n") }
        case .attributes: takeAttributes(accepted: accepted, decision)
        case .authentication: preconditionFailure("answered with a reply")
        }
    }

    /// 421 from our side (timeout, shutdown, overload); nothing else is said afterwards.
    package mutating func close(with reply: SMTPReply) {
        self.reply(reply)
        phase = .closed
    }

    mutating func resetTransaction() {
        envelope.reversePath = .null
        envelope.recipients.removeAll(keepingCapacity: true)
        envelope.bodyType = .sevenBit
        envelope.smtpUTF8 = false
        envelope.options = nil
        declaredSize = nil
        hasMail = false
        chunks = nil
        chunksRefused = false
        fault = nil
        contentBytes = 0
    }

    // MARK: Replies

    mutating func reply(_ reply: SMTPReply) { reply.encode(into: &output) }

    private mutating func say(_ decision: SMTPReply?, or usual: StaticString) {
        if let decision { reply(decision) } else { append(usual) }
    }

    /// A reply that never changes costs one copy and no formatting.
    mutating func append(_ text: StaticString) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A refused command; too many of them end the session (RFC 5321 §4.3.2 allows 421 at any time).
    /// - Parameter isCounted: the content that it is about was counted as refused before.
    mutating func refuse(
        _ reply: SMTPReply, about recipients: [MailAddress] = [], isCounted: Bool = false
    ) -> Action? {
        errors += 1
        record(reply, about: recipients)
        if configuration.maximumErrors > 0, errors >= configuration.maximumErrors {
            return closeForLimit("too many errors")
        }
        if !isCounted { count(reply) }
        self.reply(reply)
        return nil
    }
}

extension ServerSession {
    /// Other rules, now that the client's address is known: before the greeting, or with an XCLIENT that begins anew.
    package mutating func configure(_ rules: ServerConfiguration) { configuration = rules }

    /// Does without these extensions from now on; before EHLO is answered.
    package mutating func withhold(_ extensions: ServiceExtensions) { configuration.withheld.formUnion(extensions) }
}

// What AUTH, XCLIENT and DSN parameters leave behind.
extension ServerSession {
    private struct RareState {
        var options = RecipientOptions.none
        var attributes: XclientCommand?
        var mechanism = ""
        var response: String?
        var user: String?
        var acknowledging: String?
        var rejections: [Rejection] = []
        var counted: [CountedReply] = []
    }

    private var state: RareState {
        get { rare.first ?? RareState() }
        set { rare = [newValue] }
    }

    var proposedOptions: RecipientOptions {
        get { rare.first?.options ?? .none }
        set { if !rare.isEmpty || newValue != .none { state.options = newValue } }
    }
    /// What XCLIENT said, until it is answered.
    package internal(set) var proposedAttributes: XclientCommand? {
        get { rare.first?.attributes }
        set { state.attributes = newValue }
    }
    /// Mechanism of the AUTH in progress, upper case.
    package internal(set) var proposedMechanism: String {
        get { rare.first?.mechanism ?? "" }
        set { state.mechanism = newValue }
    }
    /// What the client said in the exchange, base64 as it came; with AUTH itself: nil without an initial response, `=`
    /// for an empty one (RFC 4954 §4).
    package internal(set) var proposedResponse: String? {
        get { rare.first?.response }
        set { state.response = newValue }
    }
    /// Who AUTH or XCLIENT said the client is.
    package internal(set) var authenticatedUser: String? {
        get { rare.first?.user }
        set { if !rare.isEmpty || newValue != nil { state.user = newValue } }
    }
    var rejections: [Rejection] {
        get { rare.first?.rejections ?? [] }
        set { if !rare.isEmpty || !newValue.isEmpty { state.rejections = newValue } }
    }
    /// Replies since they were last taken.
    var counted: [CountedReply] {
        get { rare.first?.counted ?? [] }
        _modify {
            if rare.isEmpty { rare = [RareState()] }
            yield &rare[0].counted
        }
    }
    /// Who is authenticated once the client has acknowledged the server's last data with an empty line.
    var acknowledgingUser: String? {
        get { rare.first?.acknowledging }
        set { if !rare.isEmpty || newValue != nil { state.acknowledging = newValue } }
    }
}
