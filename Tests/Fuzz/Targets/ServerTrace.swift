import MailTypes
import SMTPProtocol

/// What a transport would see of a server session, ranges replaced by their bytes.
struct ServerTrace: Equatable {
    var replies: [UInt8] = []
    var contents: [[UInt8]] = []
    var endings: [String] = []
    private var content: [UInt8] = []
    private(set) var isClosed = false
    private var isOpen = false

    static func of(_ pieces: [[UInt8]], _ configuration: ServerConfiguration) -> ServerTrace {
        var session = ServerSession(configuration)
        var trace = ServerTrace()
        session.greet()
        for piece in pieces { trace.feed(&session, piece) }
        return trace
    }

    private mutating func feed(_ session: inout ServerSession, _ bytes: [UInt8]) {
        var offset = 0
        while !isClosed {
            let action = session.step(bytes.span.bytes, &offset)
            require(offset <= bytes.count, "the session read behind its input")
            if action == .needsInput {
                require(offset == bytes.count, "the session wants more and has not read what there is")
                break
            }
            take(action, &session, bytes)
        }
        replies += session.takeOutput()
    }

    private mutating func take(_ action: ServerSession.Action, _ session: inout ServerSession, _ bytes: [UInt8]) {
        switch action {
        case .needsInput, .authenticationCancelled: break
        case .stuffedDot: content.append(0x2E)
        case .hello(let aborted):
            if aborted { end("aborted") }
            session.answer(nil)
        case .sender, .recipient, .dataAsked, .clientAttributes: session.answer(nil)
        case .contentBegins:
            require(!isOpen, "content began twice")
            require(!session.envelope.recipients.isEmpty, "content without recipients")
            (isOpen, content) = (true, [])
        case .content(let range):
            require(isOpen, "content outside a message")
            content += bytes[range]
        case .contentAborted: end("aborted")
        case .contentEnds:
            contents.append(content)
            end("complete")
            session.answer(nil)
        case .startTLS: session.secured()
        case .authenticate, .authenticationLine: authenticate(&session)
        case .close: isClosed = true
        }
    }

    private mutating func authenticate(_ session: inout ServerSession) {
        let answer: AuthenticationAnswer
        switch session.proposedResponse {
        case nil: answer = .challenge("")
        case "bm8="?: answer = .refused(SMTPReply(535, .init(5, 7, 8), "No"))
        case "ZGF0YQ=="?: answer = .succeeded(user: "a", data: "ZGF0YQ==")
        default: answer = .succeeded(user: "a", data: nil)
        }
        isClosed = session.answer(authentication: answer) == .close
    }

    private mutating func end(_ how: String) {
        require(isOpen, "a message ended that had not begun")
        isOpen = false
        content = []
        endings.append(how)
    }

    /// What stands in front of the text on each last line of a reply.
    var codes: [String] {
        String(decoding: replies, as: UTF8.self).split(separator: "\r\n").filter { $0.utf8.dropFirst(3).first == 0x20 }
            .map { String($0.prefix(3)) }
    }

    /// RFC 5321 §4.2 and §4.5.3.1.5: code, blank or hyphen, text without controls, CRLF, at most 512 octets.
    func checkReplies() {
        var rest = replies[...]
        while let feed = rest.firstIndex(of: 0x0A) {
            let line = rest[...feed]
            require(line.count <= 512, "a reply line of \(line.count) octets")
            require(line.count >= 6 && line[feed - 1] == 0x0D, "a reply line without CRLF")
            require(line.prefix(3).allSatisfy { (0x30...0x39).contains($0) }, "a reply line without a code")
            let mark = line[line.startIndex + 3]
            require(mark == 0x20 || mark == 0x2D, "a reply line without a mark")
            require(!line.dropLast(2).contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }, "controls in a reply")
            rest = rest[(feed + 1)...]
        }
        require(rest.isEmpty, "half a reply line")
    }
}
