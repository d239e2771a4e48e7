import CByteLoops
import Measures
import NIOCore
import TextCodecs

/// Makes the bodies of all messages of a run; shared by all loops. What is large in them is cut from texts that were
/// written once.
package struct BodyMaker: Sendable {
    private let content: LoadContent
    /// The one body, or those that are sent in turn.
    private let ready: [MessageBody]
    private let prose: LineCorpus
    private let html: LineCorpus
    private let base64: LineCorpus

    /// - Parameter seed: decides all texts.
    package init(_ content: LoadContent, seed: UInt64) {
        self.content = content
        if !content.replayed.isEmpty {
            ready = content.replayed.map { MessageBody(whole: $0, isShared: true) }
        } else if content.isShared {
            let text = ProseText.generate(atLeast: content.size.most, seed: seed)
            ready = [MessageBody(fields: MessageBody.plainFields, pieces: [BodyPiece(text)], isShared: true)]
        } else {
            ready = []
        }
        guard ready.isEmpty else {
            (prose, html, base64) = (Self.nothing, Self.nothing, Self.nothing)
            return
        }
        // Larger bodies are wound around it.
        let size = min(8 << 20, max(1 << 20, 2 * content.size.most))
        let text = ProseText.generate(atLeast: size, seed: seed)
        prose = LineCorpus(text)
        html = content.hasHTML ? LineCorpus(HTMLText.paragraphs(of: text)) : Self.nothing
        base64 = content.attachments > 0 ? LineCorpus(Self.randomBase64(4 << 20, seed: seed)) : Self.nothing
    }

    private static let nothing = LineCorpus([0x0D, 0x0A])

    /// For 57 bytes a line of 76 characters: whole lines anywhere are Base64 by themselves.
    private static func randomBase64(_ size: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed ^ 0xBA5E_64)
        var bytes: [UInt8] = []
        while bytes.count < size {
            withUnsafeBytes(of: random.next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count % 57)
        return Base64.bytes(bytes, lineWidth: 76) + [0x0D, 0x0A]
    }

    /// The text that all messages have behind their headers; nil if they have none in common.
    var shared: MessageBody? { ready.count == 1 ? ready[0] : nil }

    /// - Parameter random: decides the message.
    func body(_ sequence: UInt64, _ random: inout SplitMix64) -> MessageBody {
        if !ready.isEmpty { return ready[Int((sequence &- 1) % UInt64(ready.count))] }
        let size = content.size.pick(&random)
        let withFiles = content.attachments > 0 && random.unit() < content.attachmentShare
        var writer = PartWriter(boundaries: random.next())
        if withFiles {
            writer.begin("mixed")
            text(size, &writer, &random)
            for number in 1...content.attachments { attachment(number, &writer, &random) }
            writer.end()
        } else {
            text(size, &writer, &random)
        }
        return writer.body
    }

    private func text(_ size: Int, _ writer: inout PartWriter, _ random: inout SplitMix64) {
        guard content.hasHTML else { return plain(size, &writer, &random) }
        writer.begin("alternative")
        plain(size / 4 + 1, &writer, &random)
        writer.part("text/html; charset=us-ascii", "7bit")
        writer.own("<!DOCTYPE html>\r\n<html>\r\n<head><title>Load message</title></head>\r\n<body>\r\n")
        writer.add(html.pieces(from: random.next(), atLeast: size - size / 4))
        writer.own("</body>\r\n</html>\r\n")
        writer.end()
    }

    private func plain(_ size: Int, _ writer: inout PartWriter, _ random: inout SplitMix64) {
        writer.part("text/plain; charset=us-ascii", "7bit")
        if content.isUnique { writer.own("Number \(random.next()).\r\n\r\n") }
        writer.add(prose.pieces(from: random.next(), atLeast: size))
    }

    private func attachment(_ number: Int, _ writer: inout PartWriter, _ random: inout SplitMix64) {
        let size = content.attachmentSize.pick(&random)
        writer.part(
            "application/octet-stream; name=\"file-\(number).bin\"", "base64",
            "Content-Disposition: attachment; filename=\"file-\(number).bin\"\r\n")
        writer.add(base64.pieces(from: random.next(), atLeast: (size + 56) / 57 * 78))
    }
}

/// Writes parts within parts (RFC 2046 §5.1), from small texts of its own and large shared ones.
private struct PartWriter {
    private var pieces: [BodyPiece] = []
    private var pending: [UInt8] = []
    private var fields: [UInt8] = []
    private var open: [String] = []
    private var boundaries: UInt64
    private var hasTop = false

    init(boundaries: UInt64) { self.boundaries = boundaries }

    /// Neither text nor Base64 of ours has `=_` in it.
    private mutating func nextBoundary() -> String {
        boundaries &+= 1
        return "=_\(String(boundaries, radix: 36))"
    }

    mutating func begin(_ kind: String) {
        let boundary = nextBoundary()
        head("Content-Type: multipart/\(kind); boundary=\"\(boundary)\"\r\n")
        open.append(boundary)
    }

    mutating func part(_ type: String, _ encoding: String, _ more: String = "") {
        head("Content-Type: \(type)\r\nContent-Transfer-Encoding: \(encoding)\r\n\(more)")
    }

    /// The fields of a part, or those of the whole message, whose header goes on.
    private mutating func head(_ text: String) {
        guard hasTop else {
            hasTop = true
            fields = Array(("MIME-Version: 1.0\r\n" + text).utf8)
            return
        }
        own("\r\n--\(open[open.count - 1])\r\n\(text)\r\n")
    }

    mutating func end() { own("\r\n--\(open.removeLast())--\r\n") }

    mutating func own(_ text: String) { pending.append(contentsOf: text.utf8) }

    mutating func add(_ more: [BodyPiece]) {
        flush()
        pieces += more
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        pieces.append(BodyPiece(pending))
        pending.removeAll(keepingCapacity: true)
    }

    var body: MessageBody {
        var copy = self
        copy.flush()
        return MessageBody(fields: copy.fields, pieces: copy.pieces)
    }
}

/// HTML of the same words as the text: each line an element of its own, so that any lines make a document.
enum HTMLText {
    static func paragraphs(of prose: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(prose.count + prose.count / 8)
        var number = 0
        for line in prose.split(separator: 0x0A) {
            let words = line.last == 0x0D ? line.dropLast() : line
            // "<p>" and "</p>" around at most 69 bytes: 76 in all (RFC 2045 §6.7 is content with that, too).
            guard let cut = words.count <= 69 ? words.endIndex : words.prefix(69).lastIndex(of: 0x20), !words.isEmpty
            else { continue }
            number += 1
            for text in [words[..<cut], words[cut...].drop { $0 == 0x20 }] where !text.isEmpty {
                out.append(contentsOf: "<p>".utf8)
                out.append(contentsOf: text)
                out.append(contentsOf: "</p>\r\n".utf8)
            }
            guard number.isMultiple(of: 10) else { continue }
            out.append(contentsOf: "<p><a href=\"https://www.example.test/\(number)\">Read more</a></p>\r\n".utf8)
        }
        return out
    }
}
