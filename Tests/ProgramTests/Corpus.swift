import Foundation

/// A message that is sent byte by byte and looked for byte by byte; its reverse-path names it.
struct CorpusMessage {
    var reversePath: String
    var recipients: [String]
    var content: Data

    /// DATA cannot carry content that does not end in CRLF: the line end before the dot belongs to it.
    var endsWithNewline: Bool { content.isEmpty || content.suffix(2) == Data("\r\n".utf8) }
    /// What DATA delivers.
    var asDataCarriesIt: Data { endsWithNewline ? content : content + Data("\r\n".utf8) }
    /// Needs 8BITMIME (RFC 6152).
    var is8Bit: Bool { content.contains { $0 >= 0x80 } }
}

/// A hundred messages with what mail programs have stumbled over.
enum Corpus {
    /// `N.eml` and `N.envelope`, as `send_corpus.py` reads them.
    static func write(_ messages: [CorpusMessage], to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (number, message) in messages.enumerated() {
            let base = URL(fileURLWithPath: directory).appendingPathComponent(String(number))
            let envelope = ([message.reversePath] + message.recipients).map { $0 + "\n" }.joined()
            try message.content.write(to: base.appendingPathExtension("eml"))
            try Data(envelope.utf8).write(to: base.appendingPathExtension("envelope"))
        }
    }

    static func messages() -> [CorpusMessage] {
        let special = headersAndBodies() + oddShapes()
        let ordinary = (0..<(100 - special.count)).map { ordinaryMessage($0) }
        return (special + ordinary).enumerated().map { number, content in
            // Every seventh has many recipients, in two domains.
            let count = number % 7 == 3 ? 40 : 1
            return CorpusMessage(
                reversePath: "n\(number)@corpus.test",
                recipients: (0..<count).map { "r\($0)@\($0 % 2 == 0 ? "even" : "odd").test" }, content: content)
        }
    }

    private static func headersAndBodies() -> [Data] {
        let longLine = String(repeating: "x", count: 998)
        let dotted = "." + String(repeating: "y", count: 997)
        let bodies: [String] = [
            "", "\r\n", "\r\n\r\n\r\n", ".\r\n", "..\r\n", ".\r\n.\r\n.\r\n", "...\r\n..\r\n.\r\n", ".leading dot\r\n",
            "before\r\n.\r\nafter\r\n", "a\r\n.b\r\n..c\r\n...d\r\n", " .\r\n", ".\t\r\n", "ends in a dot.\r\n",
            "\(longLine)\r\n", "\(dotted)\r\n", "\(longLine)\r\n\(longLine)\r\n.\r\n\(longLine)\r\n",
            "QUIT\r\nRSET\r\nMAIL FROM:<a@b.test>\r\nDATA\r\n", "From the start of a line\r\n>From quoted\r\n",
            "trailing blanks   \r\ntab\t\r\n", "\t\r\n \r\n", "Grüße aus Köln, 東京, Ελλάδα 🌍\r\n",
            String(repeating: ".\r\n", count: 20_000), String(repeating: "\r\n", count: 50_000),
            "no line end", "no line end after\r\na dot line\r\n.", "ends with two dots..", ".",
        ]
        return bodies.map { Data(("From: a@corpus.test\r\nSubject: odd body\r\n\r\n" + $0).utf8) }
    }

    private static func oddShapes() -> [Data] {
        let binary = Data((0...255).filter { ![0, 10, 13].contains($0) }.map { UInt8($0) })
        let manyFields = (0..<1_000).map { "X-Field-\($0): \(String(repeating: "v", count: $0 % 70))\r\n" }.joined()
        let received = (0..<30).map { "Received: from a\($0).test by b.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n" }
            .joined()
        let folded =
            "Subject: folded\r\n over\r\n\tmany\r\n lines\r\nReferences:\r\n"
            + (0..<200).map { " <\($0)@corpus.test>\r\n" }.joined()
        return [
            Data("Subject: header only\r\n".utf8),
            Data("Subject: header and empty line only\r\n\r\n".utf8),
            Data("no header at all, only text\r\n".utf8),
            Data("Subject: every byte but NUL, CR and LF\r\n\r\n".utf8) + binary + Data("\r\n".utf8),
            Data("Subject: Latin-1 \u{20}".utf8) + Data([0xE4, 0xF6, 0xFC]) + Data("\r\n\r\n".utf8)
                + Data([0xFF, 0xFE, 13, 10]),
            Data((manyFields + "\r\nmany fields\r\n").utf8),
            Data((received + "Subject: travelled\r\n\r\nbody\r\n").utf8),
            Data((folded + "\r\nbody\r\n").utf8),
            largeMessage(bytes: 10_000_000),
        ]
    }

    /// Lines of all lengths up to 998, many with dots in front.
    private static func largeMessage(bytes: Int) -> Data {
        var data = Data("Subject: ten megabytes\r\n\r\n".utf8)
        data.reserveCapacity(bytes + 1024)
        var line = 0
        while data.count < bytes {
            let length = (line * 37) % 998
            data.append(contentsOf: repeatElement(line % 3 == 0 ? UInt8(ascii: ".") : UInt8(ascii: "a"), count: length))
            data.append(contentsOf: [13, 10])
            line += 1
        }
        return data
    }

    /// Sizes that put the end of data on all sides of buffer bounds.
    private static func ordinaryMessage(_ number: Int) -> Data {
        let header = "From: a@corpus.test\r\nTo: b@corpus.test\r\nSubject: ordinary \(number)\r\n\r\n"
        let sizes = [
            1, 500, 1_459, 4_094, 4_095, 4_096, 4_097, 16_383, 16_384, 65_534, 65_535, 65_536, 65_537, 262_144,
        ]
        let target = sizes[number % sizes.count] + number / sizes.count
        var body = ""
        while body.utf8.count + 80 < target { body += ".\(String(repeating: "b", count: 75))\r\n" }
        body += String(repeating: "e", count: max(1, target - body.utf8.count - 2)) + "\r\n"
        return Data((header + body).utf8)
    }
}

/// A message as `sink-mta --keep` stored it: `N.eml`, and `N.envelope` with the reverse-path and a recipient a line.
struct KeptMessage {
    var reversePath: String
    var recipients: [String]
    var content: Data

    var text: String { String(decoding: content, as: UTF8.self) }

    static func all(in directory: String) throws -> [KeptMessage] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".envelope") }
            .map { name in
                let base = directory + "/" + name.dropLast(".envelope".count)
                guard let envelope = FileManager.default.contents(atPath: base + ".envelope"),
                    let content = FileManager.default.contents(atPath: base + ".eml")
                else { throw StageFault("\(base) cannot be read") }
                let lines = String(decoding: envelope, as: UTF8.self)
                    .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                return KeptMessage(
                    reversePath: lines[0], recipients: lines.dropFirst().filter { !$0.isEmpty }, content: content)
            }
    }

    /// The content without the Received field on top, folded lines included; nil if there is none.
    var withoutTrace: Data? {
        guard content.starts(with: Data("Received: ".utf8)) else { return nil }
        var index = content.startIndex
        while let end = content.range(of: Data("\r\n".utf8), in: index..<content.endIndex)?.upperBound {
            index = end
            guard index < content.endIndex, content[index] == 0x20 || content[index] == 0x09 else { break }
        }
        return Data(content[index...])
    }
}
