import NIOCore

/// Follows one session: its commands and replies as lines, content as a number of octets. What is secret is not shown: what
/// AUTH says and answers, and whatever is no command that SMTP knows, since a client that was refused may go on with its
/// password. A connection without a tap pays for one comparison a read.
package final class SessionTap {
    package enum Event: Sendable, Hashable {
        /// A client's line.
        case command(String)
        /// A server's line.
        case reply(String)
        /// Octets of content that went by.
        case content(Int)
        case closed
    }

    /// Octets of a line that are kept.
    package static let lineLimit = 2_048

    private static let verbs: Set<String> = [
        "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP",
        "STARTTLS", "AUTH", "XCLIENT", "ETRN", ".",
    ]

    private let emit: (Event) -> Void
    private var commandLine: [UInt8] = []
    private var replyLine: [UInt8] = []
    private var octets = 0

    package init(_ emit: @escaping (Event) -> Void) { self.emit = emit }

    /// Octets of commands, in pieces as they come.
    package func commands(_ bytes: some Sequence<UInt8>) {
        for byte in bytes where Self.add(byte, to: &commandLine) {
            tellContent()
            emit(.command(Self.shown(command: commandLine)))
            commandLine.removeAll(keepingCapacity: true)
        }
    }

    /// Octets of replies, likewise.
    package func replies(_ bytes: some Sequence<UInt8>) {
        for byte in bytes where Self.add(byte, to: &replyLine) {
            tellContent()
            emit(.reply(Self.shown(reply: replyLine)))
            replyLine.removeAll(keepingCapacity: true)
        }
    }

    /// Told with the line that follows it.
    func content(_ count: Int) { octets += count }

    package func close() {
        tellContent()
        emit(.closed)
    }

    private func tellContent() {
        guard octets > 0 else { return }
        emit(.content(octets))
        octets = 0
    }

    /// - Returns: the line is whole.
    private static func add(_ byte: UInt8, to line: inout [UInt8]) -> Bool {
        if byte == 0x0A { return true }
        if byte != 0x0D, line.count < lineLimit { line.append(byte) }
        return false
    }

    private static func shown(command line: [UInt8]) -> String {
        let words = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: true)
        let verb = words.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
        guard verbs.contains(verb) else { return "*** (\(line.count) octets)" }
        guard verb == "AUTH" else { return plain(line) }
        let mechanism = words.count > 1 ? " " + plain(Array(words[1])) : ""
        return "AUTH" + mechanism + (words.count > 2 ? " ***" : "")
    }

    private static func shown(reply line: [UInt8]) -> String {
        line.starts(with: Array("334".utf8)) && line.count > 4 ? "334 ***" : plain(line)
    }

    /// Without what would do something to a terminal.
    private static func plain(_ line: [UInt8]) -> String {
        String(decoding: line.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}

extension SMTPServerConnection {
    /// What one step of the session took from its input.
    func tell(_ tap: SessionTap, _ input: ByteBuffer, _ range: Range<Int>, wasContent: Bool, content: Range<Int>?) {
        guard !range.isEmpty else { return }
        if wasContent { return tap.content(range.count) }
        let end = content.map { min(max($0.lowerBound, range.lowerBound), range.upperBound) } ?? range.upperBound
        if let command = input.viewBytes(at: input.readerIndex + range.lowerBound, length: end - range.lowerBound) {
            tap.commands(command)
        }
        if end < range.upperBound { tap.content(range.upperBound - end) }
    }
}
