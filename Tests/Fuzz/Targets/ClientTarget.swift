import MailTypes
import SMTPProtocol

/// Octets: how the client is set up, seed of the cuts, then what the server says.
func fuzzClient(_ input: [UInt8]) {
    guard input.count > 2 else { return }
    let whole = ClientTrace.of([Array(input[2...])], input[0])
    for pieces in Cuts.all(input[2...], seed: input[1]) {
        require(ClientTrace.of(pieces, input[0]) == whole, "cuts changed what the client said or did")
    }
}

/// What a transport would see of a client session that has four messages to send.
private struct ClientTrace: Equatable {
    private static let messages = 4
    private var written: [UInt8] = []
    private var results: [TransactionResult] = []
    private var begun = 0
    private let isLMTP: Bool
    private var ending: String?

    private init(isLMTP: Bool) { self.isLMTP = isLMTP }

    static func of(_ pieces: [[UInt8]], _ bits: UInt8) -> ClientTrace {
        var configuration = ClientConfiguration(
            hostname: "c.test", pipelining: bits & 1 != 0, overlap: bits & 2 != 0, chunking: bits & 4 != 0)
        configuration.tls = bits & 8 == 0 ? .none : bits & 16 == 0 ? .opportunistic : .required
        configuration.serverProtocol = bits & 32 == 0 ? .smtp : .lmtp
        var session = ClientSession(configuration)
        var trace = ClientTrace(isLMTP: bits & 32 != 0)
        for piece in pieces where trace.ending == nil {
            trace.feed(&session, piece, bits & 64 == 0 ? .dotStuffed : .raw)
        }
        return trace
    }

    private mutating func feed(_ session: inout ClientSession, _ bytes: [UInt8], _ form: WireForm) {
        var offset = 0
        while ending == nil {
            let action = session.step(bytes.span.bytes, &offset)
            require(offset <= bytes.count, "the client read behind its input")
            if action == .needsInput { break }
            switch action {
            case .needsInput: break
            case .ready: begin(&session, form)
            case .sendContent:
                flush(&session)
                written += Array("<content>".utf8)
                session.appendContentEnd()
                begin(&session, form)
            case .finished(let result):
                finish(result)
                begin(&session, form)
            case .startTLS: session.secured()
            case .deriveKeys: ending = "no AUTH was asked for"
            case .sessionRefused(let reply): ending = "refused: \(reply)"
            case .close(let why): ending = "closed: \(why ?? "")"
            }
            require(session.unfinished.count == begun - results.count, "messages got lost or came twice")
        }
        flush(&session)
    }

    private mutating func begin(_ session: inout ClientSession, _ form: WireForm) {
        while begun < Self.messages, session.canBegin {
            begun += 1
            _ = session.begin(Self.envelope(begun), size: 9, form: form)
            flush(&session)
        }
        if begun == Self.messages { session.quit() }
    }

    private static func envelope(_ number: Int) -> Envelope {
        var options = EnvelopeOptions()
        options.envelopeID = Array("id".utf8)
        return Envelope(
            reversePath: MailAddress("a\(number)@x.test"),
            recipients: (0..<number).map { MailAddress("b\($0)@y.test") },
            bodyType: number == 2 ? .eightBitMIME : number == 3 ? .binaryMIME : .sevenBit, smtpUTF8: number == 2,
            options: number == 3 ? options : nil)
    }

    /// Each recipient is refused once at most, and is one of the message's.
    private mutating func finish(_ result: TransactionResult) {
        results.append(result)
        let indices = result.refusedRecipients.map(\.index)
        require(Set(indices).count == indices.count, "a recipient was refused twice")
        require(indices.allSatisfy { (0..<results.count).contains($0) }, "a recipient that there is not was refused")
        // LMTP refuses content for each recipient by itself.
        require(
            result.refusal != nil || isLMTP || indices.count < results.count, "accepted, and all recipients refused")
    }

    private mutating func flush(_ session: inout ClientSession) { written += session.takeOutput() }
}
