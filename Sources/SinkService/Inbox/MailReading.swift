import Foundation
import TextCodecs

/// A message as people read it: header fields with their words decoded (RFC 2047), texts with their transfer encoding
/// undone (RFC 2045). What is broken is shown as it came; nothing here fails.
package struct MailReading {
    package struct Part: Equatable {
        /// `text/html`, lower case.
        package var type: String
        /// Of an attachment.
        package var name: String
        package var size: Int
        /// Of a text part; nil: it is not shown.
        package var text: String?

        package init(type: String, name: String, size: Int, text: String?) {
            self.type = type
            self.name = name
            self.size = size
            self.text = text
        }
    }

    package private(set) var fields: [(name: String, value: String)] = []
    package private(set) var parts: [Part] = []

    /// Parts of one message, and how deep they may lie in each other.
    private static let mostParts = 100
    private static let deepest = 10

    package init(_ content: some Collection<UInt8>) {
        let bytes = Array(content)
        let (header, body) = Self.split(bytes[...])
        fields = Self.fields(header)
        read(fields, body, depth: 0)
    }

    package func field(_ name: String) -> String {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value ?? ""
    }

    // MARK: Header

    private static func split(_ bytes: ArraySlice<UInt8>) -> (header: ArraySlice<UInt8>, body: ArraySlice<UInt8>) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.endIndex - 1
            let line = bytes[start...end]
            if line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) { return (bytes[..<start], bytes[(end + 1)...]) }
            start = end + 1
        }
        return (bytes, bytes[bytes.endIndex...])
    }

    private static func fields(_ header: ArraySlice<UInt8>) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        for line in header.split(separator: 0x0A) {
            let text = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            if text.first == " " || text.first == "\t", !found.isEmpty {
                found[found.count - 1].value += " " + text.trimmingCharacters(in: .whitespaces)
            } else if let colon = text.firstIndex(of: ":") {
                let value = text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                found.append((String(text[..<colon]), value))
            }
        }
        return found.map { ($0.name, words($0.value)) }
    }

    /// `=?utf-8?q?caf=C3=A9?=` (RFC 2047). White space between two encoded words is not there.
    static func words(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        var wasEncoded = false
        while let start = rest.range(of: "=?") {
            let fields = rest[start.upperBound...].split(separator: "?", maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4, fields[3].hasPrefix("="), let decoded = word(fields) else {
                out += rest[..<start.upperBound]
                rest = rest[start.upperBound...]
                wasEncoded = false
                continue
            }
            let before = rest[..<start.lowerBound]
            if !wasEncoded || before.contains(where: { !$0.isWhitespace }) { out += before }
            out += decoded
            rest = fields[3].dropFirst()
            wasEncoded = true
        }
        return out + rest
    }

    private static func word(_ fields: [Substring]) -> String? {
        let bytes: [UInt8]?
        switch fields[1].lowercased() {
        case "b": bytes = Base64.decode(fields[2])
        case "q": bytes = quotedPrintable(Array(fields[2].utf8.map { $0 == 0x5F ? 0x20 : $0 }))
        default: bytes = nil
        }
        return bytes.map { decode($0, charset: String(fields[0])) }
    }

    // MARK: Body

    private mutating func read(_ fields: [(name: String, value: String)], _ body: ArraySlice<UInt8>, depth: Int) {
        guard parts.count < Self.mostParts else { return }
        func value(_ name: String) -> String { fields.first { $0.name.lowercased() == name }?.value ?? "" }
        let contentType = value("content-type")
        let type = contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        if type.hasPrefix("multipart/"), depth < Self.deepest, let boundary = Self.parameter("boundary", contentType) {
            for piece in Self.pieces(body, Array(boundary.utf8)) {
                let (header, inner) = Self.split(piece)
                read(Self.fields(header), inner, depth: depth + 1)
            }
            return
        }
        let bytes: [UInt8]
        switch value("content-transfer-encoding").trimmingCharacters(in: .whitespaces).lowercased() {
        case "base64": bytes = Base64.decode(body.filter { $0 > 0x20 }) ?? Array(body)
        case "quoted-printable": bytes = Self.quotedPrintable(Array(body))
        default: bytes = Array(body)
        }
        let disposition = value("content-disposition")
        let name = Self.parameter("filename", disposition) ?? Self.parameter("name", contentType) ?? ""
        let isText = type.isEmpty || type.hasPrefix("text/") || type.hasPrefix("message/")
        let isAttached = disposition.lowercased().hasPrefix("attachment")
        parts.append(
            Part(
                type: type.isEmpty ? "text/plain" : type, name: name, size: bytes.count,
                text: isText && !isAttached
                    ? Self.decode(bytes, charset: Self.parameter("charset", contentType) ?? "utf-8") : nil))
    }

    /// What stands between the delimiters of a multipart (RFC 2046 §5.1.1).
    private static func pieces(_ body: ArraySlice<UInt8>, _ boundary: [UInt8]) -> [ArraySlice<UInt8>] {
        let delimiter = Array("--".utf8) + boundary
        var found: [ArraySlice<UInt8>] = []
        var begin: Int?
        var start = body.startIndex
        while start < body.endIndex, found.count < mostParts {
            let end = body[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? body.endIndex
            if body[start..<end].starts(with: delimiter) {
                if let begin, begin <= start { found.append(withoutLineEnd(body[begin..<start])) }
                begin = end
                if body[start..<end].dropFirst(delimiter.count).starts(with: "--".utf8) { return found }
            }
            start = end
        }
        if let begin, begin < body.endIndex { found.append(body[begin...]) }
        return found
    }

    /// The line end in front of a delimiter belongs to it.
    private static func withoutLineEnd(_ piece: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard piece.last == 0x0A else { return piece }
        return piece.dropLast().last == 0x0D ? piece.dropLast(2) : piece.dropLast()
    }

    static func parameter(_ name: String, _ value: String) -> String? {
        for part in value.split(separator: ";").dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard sides.count == 2, sides[0].lowercased() == name else { continue }
            return sides[1].hasPrefix("\"") ? String(sides[1].dropFirst().prefix { $0 != "\"" }) : sides[1]
        }
        return nil
    }

    static func quotedPrintable(_ bytes: [UInt8]) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x37
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            guard bytes[at] == 0x3D else {
                out.append(bytes[at])
                at += 1
                continue
            }
            if at + 2 < bytes.count, let high = digit(bytes[at + 1]), let low = digit(bytes[at + 2]) {
                out.append(high << 4 | low)
                at += 3
            } else if at + 1 < bytes.count, bytes[at + 1] == 0x0A {
                at += 2
            } else if at + 2 < bytes.count, bytes[at + 1] == 0x0D, bytes[at + 2] == 0x0A {
                at += 3
            } else {
                out.append(0x3D)
                at += 1
            }
        }
        return out
    }

    private static func decode(_ bytes: [UInt8], charset: String) -> String {
        switch charset.lowercased() {
        case "iso-8859-1", "latin1", "windows-1252": String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        default: String(decoding: bytes, as: UTF8.self)
        }
    }
}
