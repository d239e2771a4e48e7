package import MailTypes
package import SASLAuthentication

/// What the server announced after EHLO.
package struct ServerCapabilities: Equatable, Sendable {
    package var pipelining = false
    package var chunking = false
    package var eightBitMIME = false
    package var smtpUTF8 = false
    package var enhancedStatusCodes = false
    package var startTLS = false
    package var binaryMIME = false
    /// RFC 3461.
    package var dsn = false
    /// RFC 8689; only ever offered over TLS.
    package var requireTLS = false
    /// Mechanisms of AUTH (RFC 4954), upper case.
    package var authentication: [String] = []
    /// SIZE was announced; 0 means no limit stated (RFC 1870).
    package var size: Int?
    package init() {}
}

/// Whether a client encrypts (RFC 3207).
package enum ClientTLS: String, Sendable, Hashable {
    case none
    /// Where it is offered.
    case opportunistic
    /// No mail without.
    case required
}

/// How a client uses what the server announced.
package struct ClientConfiguration: Sendable {
    /// Name in EHLO.
    package var hostname: String
    /// Send MAIL, RCPT and DATA in one write where the server allows it (RFC 2920).
    package var pipelining: Bool
    /// Begin the next transaction behind the content of the last one, in the same write: RFC 2920 §3.1 allows
    /// RSET, MAIL, RCPT and DATA as a group that begins with the content of the message before.
    package var overlap: Bool
    /// BDAT instead of DATA where the server allows it (RFC 3030).
    package var chunking: Bool
    /// No BDAT at all: this server does not get along with it, whatever it offers.
    package var avoidsChunking = false
    package var tls = ClientTLS.none
    /// TLS is there from the first octet (RFC 8314 §3.3): the session begins in it.
    package var isImplicitTLS = false
    package var serverProtocol = ServerProtocol.smtp
    /// What the server says to content it accepts is kept, too: ``TransactionResult/acceptance``.
    package var keepsReplies = false
    /// Each transaction says when which reply came: ``TransactionResult/trace``; and what was said to the first one is
    /// kept: ``ClientSession/takeFirstReplies()``.
    package var tracesReplies = false
    /// Nil: no AUTH. With it a server that offers none of SCRAM-SHA-256, PLAIN and LOGIN is refused.
    package var authentication: ClientCredentials?
    package var timeouts = ClientTimeouts()

    package init(hostname: String, pipelining: Bool = true, overlap: Bool = true, chunking: Bool = false) {
        self.hostname = hostname
        self.pipelining = pipelining
        self.overlap = overlap
        self.chunking = chunking
    }
}

/// One SMTP session as a client sees it, without I/O: replies in, actions and command bytes out (RFC 5321).
///
/// The caller feeds what it reads to ``step(_:_:)`` until `.needsInput`, writes ``takeOutput()``, and when it
/// is told `.sendContent` writes output and content and calls ``appendContentEnd()``. ``begin(_:size:form:)``
/// starts a transaction whenever ``canBegin`` is true.
///
///     C: MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n        begin
///     S: 250 …\r\n250 …\r\n354 …\r\n                                   .sendContent
///     C: content .\r\n  MAIL FROM:<…                                   begin again, if overlap
///     S: 250 …\r\n                                                     .finished(accepted)
package struct ClientSession: ~Copyable {
    package enum Action: Equatable {
        case needsInput
        /// The server is ready for transactions, at first or again; see ``capabilities``.
        case ready
        /// Write output, then the content of the oldest transaction whose content is not sent, then its end.
        case sendContent
        /// The oldest transaction ended.
        case finished(TransactionResult)
        /// The server waits for a TLS handshake: shake hands, then ``secured()``. What was read behind this reply is not
        /// to be trusted.
        case startTLS
        /// AUTH goes on when keys are derived: work out ``derivation`` and bring it to ``derived(_:)``.
        case deriveKeys
        /// The server refused the session: greeting, EHLO and HELO, or 421 later. Close.
        case sessionRefused(SMTPReply)
        /// QUIT was answered, or the server spoke nonsense (then with a text that says what). Close.
        case close(String?)
    }

    enum Expectation: Equatable {
        case greeting, ehlo, helo, startTLS, authenticate, mail, rcpt, data, chunk, content, reset, quit
    }

    package let configuration: ClientConfiguration
    package private(set) var capabilities = ServerCapabilities()
    var replies = ReplyReader()
    var expected = FIFO<Expectation>()
    var transactions = PairQueue<ClientTransaction>()
    var output: [UInt8] = []
    var isReady = false
    var isQuitting = false
    /// AUTH, while it goes on.
    var exchange: ClientExchange?
    /// The connection is encrypted.
    package private(set) var isSecure = false
    /// The caller's clock when it read what it steps over, nanoseconds; only ``ReplyTrace`` shows it.
    package var now: UInt64 = 0
    /// See ``takeFirstReplies()``.
    var firstReplies: [TransactionStage: SMTPReply] = [:]
    var isFirstTransaction: Bool
    /// 421 was the answer to an open transaction: it is reported first, the session next.
    var pendingClose: SMTPReply?
    /// Where the 421 that ended the session was the answer to a transaction, and is among what is known of that; nil: it
    /// was said to none.
    package private(set) var closingStage: TransactionStage?

    package init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        isSecure = configuration.isImplicitTLS
        isFirstTransaction = configuration.tracesReplies
        expected.append(.greeting)
    }

    /// The handshake is over: what the server offered in the clear is forgotten (RFC 3207 §4.2).
    package mutating func secured() {
        isSecure = true
        capabilities = ServerCapabilities()
        replies = ReplyReader()
        sendHello()
    }

    /// Command bytes since the last call.
    package mutating func takeOutput() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    /// The replies that said yes to the transactions up to the first that was accepted, with their texts: empty the next
    /// time.
    package mutating func takeFirstReplies() -> [TransactionStage: SMTPReply] {
        defer { firstReplies = [:] }
        return firstReplies
    }

    /// The same without a copy; `body` is not called where there are none.
    package mutating func drainOutput(_ body: ([UInt8]) -> Void) {
        guard !output.isEmpty else { return }
        body(output)
        output.removeAll(keepingCapacity: true)
    }

    /// A transaction may begin now.
    package var canBegin: Bool {
        guard isReady, !isQuitting, pendingClose == nil else { return false }
        guard !transactions.isEmpty else { return expected.isEmpty || (usesPipelining && onlyResetIsDue) }
        return usesOverlap && transactions.second == nil && transactions.first?.contentSent == true
            && transactions.first?.chunkSize == nil
    }

    private var onlyResetIsDue: Bool { expected.count == 1 && expected.first == .reset }

    /// Transactions begun and not finished, oldest first: true where the content was sent, so that a lost
    /// connection leaves them in doubt (RFC 5321 §6.1, RFC 1047).
    package var unfinished: [Bool] { transactions.elements.map(\.contentSent) }

    /// Transactions begun whose content was not sent yet.
    package var unsentContents: Int {
        (transactions.first?.contentSent == false ? 1 : 0) + (transactions.second?.contentSent == false ? 1 : 0)
    }

    package var usesPipelining: Bool { configuration.pipelining && capabilities.pipelining }
    package var usesChunking: Bool {
        configuration.chunking && capabilities.chunking && !configuration.avoidsChunking
    }
    private var usesOverlap: Bool { usesPipelining && configuration.overlap }

    /// The form in which content of `form` would go out: BDAT where it is used, DATA otherwise.
    package func sendsChunk(_ form: WireForm) -> Bool {
        // Content kept raw goes as BDAT wherever possible: no dot to stuff.
        capabilities.chunking && !configuration.avoidsChunking && (configuration.chunking || form == .raw)
    }

    /// The final dot, behind DATA content whose last line ended with CRLF; nothing goes behind BDAT content.
    package mutating func appendContentEnd() { write(".\r\n") }

    /// The same behind content of `form`, where it wants one.
    package mutating func endContent(_ form: WireForm) { if !sendsChunk(form) { appendContentEnd() } }

    /// QUIT once everything begun is finished.
    package mutating func quit() {
        guard !isQuitting else { return }
        isQuitting = true
        if transactions.isEmpty { sendQuit() }
    }

    mutating func sendQuit() { send("QUIT\r\n", .quit) }

    /// Consumes replies from `offset` on and returns the next thing to do.
    package mutating func step(_ input: borrowing RawSpan, _ offset: inout Int) -> Action {
        if let reply = pendingClose { return .sessionRefused(reply) }
        while true {
            switch replies.next(input, &offset, unread: unreadReplies) {
            case .needsInput: return .needsInput
            case .malformed: return .close("not an SMTP reply")
            case .reply(let code):
                if let action = take(code) { return action }
            }
        }
    }

    /// What is nothing but a yes to the command that is to be answered next.
    private var unreadReplies: ClosedRange<UInt16> {
        guard !isFirstTransaction, let next = expected.first else { return ReplyReader.none }
        return switch next {
        case .ehlo, .authenticate: ReplyReader.none
        case .data: 354...354
        case .content, .chunk: configuration.keepsReplies ? ReplyReader.none : 200...299
        case .greeting, .helo, .startTLS, .mail, .rcpt, .reset, .quit: 200...299
        }
    }

    private mutating func take(_ code: UInt16) -> Action? {
        guard let expectation = expected.popFirst() else {
            return code == 421 ? .sessionRefused(replies.reply) : .close("reply \(code) to nothing")
        }
        let action: Action?
        switch expectation {
        case .greeting, .ehlo, .helo, .startTLS, .authenticate: action = opening(expectation, code)
        case .mail, .rcpt, .data, .chunk, .content:
            if configuration.tracesReplies { trace(expectation, code) }
            if code == 421, isOpenQuestion(expectation) { closingStage = Self.stage(expectation) }
            action = transaction(expectation, code)
        case .reset: action = transactions.isEmpty && !isQuitting ? .ready : nil
        case .quit: return .close(nil)
        }
        guard code == 421, expectation != .greeting else { return action }
        if case .sessionRefused = action { return action }
        pendingClose = replies.reply
        return action ?? .sessionRefused(replies.reply)
    }

    // MARK: Opening

    private mutating func opening(_ expectation: Expectation, _ code: UInt16) -> Action? {
        let positive = code / 100 == 2
        switch expectation {
        case .greeting where positive:
            sendHello()
            return nil
        case .ehlo where positive:
            capabilities = ServerCapabilities(ehloLines: replies.lines.dropFirst())
            return proceed()
        case .startTLS where positive: return .startTLS
        case .authenticate where code == 334: return challenged()
        case .authenticate where code == 235: return authenticated()
        case .startTLS where configuration.tls == .opportunistic:
            isReady = true
            return .ready
        case .ehlo where code / 100 == 5 && configuration.tls != .required && configuration.serverProtocol == .smtp:
            // A server that knows no EHLO (RFC 5321 §4.1.4, last paragraphs).
            send("HELO \(configuration.hostname)\r\n", .helo)
            return nil
        case .helo where positive:
            isReady = true
            return .ready
        default:
            return .sessionRefused(replies.reply)
        }
    }

    private mutating func sendHello() {
        send("\(configuration.serverProtocol == .lmtp ? "LHLO" : "EHLO") \(configuration.hostname)\r\n", .ehlo)
    }

    /// After EHLO: TLS first, where it is wanted.
    private mutating func proceed() -> Action? {
        if !isSecure, configuration.tls != .none, capabilities.startTLS {
            send("STARTTLS\r\n", .startTLS)
            return nil
        }
        if !isSecure, configuration.tls == .required {
            return .sessionRefused(SMTPReply(451, .init(4, 7, 5), "TLS is required and not offered"))
        }
        if let who = configuration.authentication { return authenticate(who) }
        isReady = true
        return .ready
    }

    mutating func send(_ command: String, _ expectation: Expectation) {
        output.append(contentsOf: command.utf8)
        expected.append(expectation)
    }
}

extension ServerCapabilities {
    init(ehloLines lines: some Sequence<[UInt8]>) {
        for line in lines {
            let words = String(decoding: line, as: UTF8.self).uppercased().split(separator: " ")
            switch words.first {
            case "PIPELINING": pipelining = true
            case "CHUNKING": chunking = true
            case "8BITMIME": eightBitMIME = true
            case "SMTPUTF8": smtpUTF8 = true
            case "ENHANCEDSTATUSCODES": enhancedStatusCodes = true
            case "STARTTLS": startTLS = true
            case "BINARYMIME": binaryMIME = true
            case "DSN": dsn = true
            case "REQUIRETLS": requireTLS = true
            case "AUTH": authentication = words.dropFirst().map(String.init)
            case "SIZE": size = words.count > 1 ? Int(words[1]) ?? 0 : 0
            default: break
            }
        }
    }
}
