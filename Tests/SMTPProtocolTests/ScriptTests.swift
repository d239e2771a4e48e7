import Foundation
import SMTPProtocol
import Testing

/// A byte script: what the client sends and what it must read.
///
///     # comment
///     C: EHLO client.test          bytes of the client, CRLF at the end unless the line ends with \c
///     S: 250-mx.test…              a reply line; … at the end matches any rest
///     E: messages=1 content=Hi\r\n closed
///
/// Escapes in C and content: \r \n \0 \\ \xHH, and \*N{text} repeats text N times.
private struct Script {
    enum Step { case client([UInt8]), server(String) }
    var steps: [Step] = []
    var messages = 0
    var contents: [[UInt8]] = []
    var mustClose = false
    var configuration = ServerConfiguration(hostname: "mx.test")

    init(_ text: String) throws {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let body = String(line.dropFirst(3))
            switch line.prefix(2) {
            case "C:": steps.append(.client(Self.bytes(body)))
            case "S:": steps.append(.server(body))
            case "E:": expect(body)
            case "O:": option(body)
            default: throw ScriptError(line: number + 1, text: String(line))
            }
        }
    }

    struct ScriptError: Error { var line: Int; var text: String }

    private mutating func expect(_ text: String) {
        for word in text.split(separator: " ") {
            if word == "closed" {
                mustClose = true
            } else if word.hasPrefix("messages=") {
                messages = Int(word.dropFirst(9))!
            } else if word.hasPrefix("content=") {
                contents.append(Self.bytes(String(word.dropFirst(8)) + "\\c"))
            } else {
                preconditionFailure("expectation \(word)")
            }
        }
    }

    private mutating func option(_ text: String) {
        let parts = text.split(separator: "=")
        switch parts[0] {
        case "size": configuration.maximumMessageSize = Int(parts[1])!
        case "recipients": configuration.maximumRecipients = Int(parts[1])!
        case "errors": configuration.maximumErrors = Int(parts[1])!
        case "messages": configuration.maximumMessages = Int(parts[1])!
        case "lmtp": configuration.serverProtocol = .lmtp
        case "starttls": configuration.offersStartTLS = true
        case "needstls": (configuration.offersStartTLS, configuration.requiresTLS) = (true, true)
        case "auth": configuration.authMechanisms = parts[1].split(separator: ",").map(String.init)
        case "needsauth": configuration.requiresAuthentication = true
        case "release":
            configuration.futureRelease = FutureReleaseOffer(interval: Int(parts[1])!, now: 1_795_685_400)
        case "deliverby": configuration.deliverByMinimum = Int(parts[1])!
        case "xclient": configuration.offersXclient = true
        default: preconditionFailure("option \(text)")
        }
    }

    static func bytes(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        var endsLine = true
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                out.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "0"): out.append(0)
            case UInt8(ascii: "s"): out.append(0x20)
            case UInt8(ascii: "c"): endsLine = false
            case UInt8(ascii: "x"):
                out.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "*"):
                let open = rest.firstIndex(of: UInt8(ascii: "{"))!
                let close = rest.firstIndex(of: UInt8(ascii: "}"))!
                let count = Int(String(decoding: rest[..<open], as: UTF8.self))!
                for _ in 0..<count { out += rest[(open + 1)..<close] }
                rest = rest[(close + 1)...]
            default: out.append(escape)
            }
        }
        return endsLine ? out + [0x0D, 0x0A] : out
    }

    var clientBytes: [[UInt8]] {
        steps.compactMap { if case .client(let bytes) = $0 { bytes } else { nil } }
    }
    var expected: [String] { steps.compactMap { if case .server(let line) = $0 { line } else { nil } } }
}

@Suite struct ScriptTests {
    static let names: [String] = {
        let directory = Bundle.module.resourceURL!.appendingPathComponent("Scripts")
        return try! FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".smtp") }
            .sorted()
    }()

    @Test func thereAreScripts() { #expect(Self.names.count >= 36) }

    @Test(arguments: names) func inPieces(name: String) throws { try run(name) { $0.clientBytes } }

    /// Each reply is there when the script says so: not before what it answers, not later.
    @Test(arguments: names) func repliesComeInTheirPlaces(name: String) throws {
        let script = try Self.script(name)
        var harness = ServerHarness(script.configuration)
        var replies = 0
        for (number, step) in script.steps.enumerated() {
            switch step {
            case .client(let bytes):
                #expect(harness.replies.count == replies, "\(name): early reply before step \(number)")
                if !harness.isClosed { harness.feed(bytes) }
            case .server(let expected):
                replies += 1
                #expect(harness.replies.count >= replies, "\(name): no reply yet for '\(expected)'")
            }
        }
    }

    @Test(arguments: names) func byteByByte(name: String) throws {
        try run(name) { $0.clientBytes.flatMap { $0.map { [$0] } } }
    }

    @Test(arguments: names) func pipelined(name: String) throws { try run(name) { [$0.clientBytes.flatMap { $0 }] } }

    private static func script(_ name: String) throws -> Script {
        let url = Bundle.module.resourceURL!.appendingPathComponent("Scripts/" + name)
        return try Script(String(contentsOf: url, encoding: .utf8))
    }

    private func run(_ name: String, _ pieces: (Script) -> [[UInt8]]) throws {
        let script = try Self.script(name)
        var harness = ServerHarness(script.configuration)
        for piece in pieces(script) where !harness.isClosed { harness.feed(piece) }
        let replies = harness.replies
        #expect(replies.count == script.expected.count, "\(name): \(replies)")
        for (reply, expected) in zip(replies, script.expected) {
            if expected.hasSuffix("…") {
                #expect(reply.hasPrefix(expected.dropLast()), "\(name): '\(reply)' for '\(expected)'")
            } else {
                #expect(reply == expected, "\(name)")
            }
        }
        #expect(harness.messages.count == script.messages, "\(name)")
        for (message, content) in zip(harness.messages, script.contents) {
            #expect(message.content == content, "\(name)")
        }
        #expect(harness.isClosed == script.mustClose, "\(name)")
    }
}
