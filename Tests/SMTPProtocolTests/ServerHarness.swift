import MailTypes
import SMTPProtocol

/// Drives a server session as a transport would, accepting everything, and keeps what it saw.
struct ServerHarness: ~Copyable {
    struct Message: Equatable {
        var envelope: Envelope
        /// Without stuffing dots.
        var content: [UInt8]
    }

    private(set) var session: ServerSession
    private(set) var output: [UInt8] = []
    private(set) var messages: [Message] = []
    private(set) var aborted = 0
    private(set) var isClosed = false
    private var content: [UInt8] = []

    init(_ configuration: ServerConfiguration = ServerConfiguration(hostname: "mx.test")) {
        session = ServerSession(configuration)
        session.greet()
        output += session.takeOutput()
    }

    /// Goes on where another session stopped; nothing of its output is repeated.
    init(resuming memory: SessionMemory, _ configuration: ServerConfiguration) {
        session = ServerSession(configuration)
        session.resume(memory, configuration)
        feed(memory.begunCommand)
    }

    /// The content as it goes on: dot-stuffed.
    private(set) var wire: [UInt8] = []

    var memory: SessionMemory? { session.memory }

    mutating func feed(_ bytes: [UInt8]) {
        var offset = 0
        while !isClosed {
            switch session.step(bytes.span.bytes, &offset) {
            case .needsInput:
                precondition(offset == bytes.count, "input was left over")
                output += session.takeOutput()
                return
            case .hello, .sender, .recipient, .dataAsked: session.answer(nil)
            case .contentBegins: (content, wire) = ([], [])
            case .content(let range):
                content += bytes[range]
                wire += bytes[range]
            case .stuffedDot: wire.append(0x2E)
            case .contentAborted:
                aborted += 1
                content = []
            case .contentEnds:
                messages.append(Message(envelope: session.envelope, content: content))
                session.answer(nil)
            case .startTLS: session.secured()
            case .authenticate, .authenticationLine: authenticate()
            case .authenticationCancelled: break
            case .clientAttributes: session.answer(nil)
            case .close: isClosed = true
            }
        }
        output += session.takeOutput()
    }

    /// One user, `a` with the password `b`: PLAIN in one step, LOGIN in two, `DATA` with something for the client at
    /// the end.
    private mutating func authenticate() {
        let response = session.proposedResponse
        let answer: AuthenticationAnswer =
            switch (session.proposedMechanism, response) {
            case ("PLAIN", "AGEAYg=="): .succeeded(user: "a", data: nil)
            case (_, nil): .challenge("VXNlcm5hbWU6")
            case ("LOGIN", "YQ=="): .challenge("UGFzc3dvcmQ6")
            case ("LOGIN", "Yg=="): .succeeded(user: "a", data: nil)
            case ("DATA", "YQ=="): .succeeded(user: "a", data: "dj0x")
            default: .refused(SMTPReply(535, .init(5, 7, 8), "Authentication failed"))
            }
        if session.answer(authentication: answer) == .close { isClosed = true }
    }

    mutating func feed(_ text: String) { feed(Array(text.utf8)) }

    mutating func takeCountedReplies() -> [CountedReply] { session.takeCountedReplies() }

    /// Reply lines so far, greeting first.
    var replies: [String] {
        String(decoding: output, as: UTF8.self).split(separator: "\r\n").map(String.init)
    }

    /// The code of each reply's last line, greeting first.
    var codes: [Int] {
        replies.filter { $0.utf8.count < 4 || $0.utf8.dropFirst(3).first == 0x20 }.map { Int($0.prefix(3)) ?? 0 }
    }
}
