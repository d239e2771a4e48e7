import TextCodecs

/// Content-Transfer-Encoding (RFC 2045 §6) and encoded words (RFC 2047).
package enum TransferEncoding {
    private static let hex = Array("0123456789ABCDEF".utf8)

    /// Text with CRLF line ends, and how it is encoded: as it is, or quoted-printable.
    static func text(_ text: String) -> (name: String, bytes: [UInt8]) {
        let bytes = lines(text)
        let isPlain =
            bytes.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0D || $0 == 0x0A || $0 == 0x09 }
            && bytes.split(separator: 0x0A, omittingEmptySubsequences: false).allSatisfy { $0.count <= 998 }
        return isPlain ? ("7bit", bytes) : ("quoted-printable", quotedPrintable(bytes))
    }

    /// Any line ends as CRLF, one at the end.
    static func lines(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { bytes in
            var out: [UInt8] = []
            out.reserveCapacity(bytes.count + bytes.count / 32 + 64)
            var (start, index) = (0, 0)
            while index < bytes.count {
                let byte = bytes[index]
                guard byte == 0x0A || byte == 0x0D else {
                    index += 1
                    continue
                }
                out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
                out += [0x0D, 0x0A]
                index += byte == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
                start = index
            }
            guard start < bytes.count else { return out }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
            out += [0x0D, 0x0A]
            return out
        }
    }

    /// RFC 2045 §6.7, lines of at most 76.
    static func quotedPrintable(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var column = 0
        func isLineEnd(_ index: Int) -> Bool {
            index + 1 < bytes.count && bytes[index] == 0x0D && bytes[index + 1] == 0x0A
        }
        var index = 0
        while index < bytes.count {
            if isLineEnd(index) {
                out += [0x0D, 0x0A]
                column = 0
                index += 2
                continue
            }
            let byte = bytes[index]
            let isBlankAtEnd = (byte == 0x20 || byte == 0x09) && (index + 1 == bytes.count || isLineEnd(index + 1))
            let isPlain =
                (byte >= 0x21 && byte <= 0x7E && byte != 0x3D) || ((byte == 0x20 || byte == 0x09) && !isBlankAtEnd)
            let width = isPlain ? 1 : 3
            if column + width > 75 {
                out += [0x3D, 0x0D, 0x0A]
                column = 0
            }
            out += isPlain ? [byte] : [0x3D, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            column += width
            index += 1
        }
        return out
    }

    /// RFC 2045 §6.8: lines of 76, CRLF at the end of each.
    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        bytes.isEmpty ? [] : Base64.bytes(bytes, lineWidth: 76) + [0x0D, 0x0A]
    }

    /// So much of a header stands in one line without a fold: below the 998 of RFC 5322 §2.1.1, with room for a name.
    private static let unfolded = 900

    /// Header text: as it is if ASCII, folded if it is long, else encoded words.
    static func words(_ text: String) -> String {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return encodedWords(text) }
        return text.utf8.count <= unfolded ? text : folded(text) ?? encodedWords(text)
    }

    /// Encoded words of at most 75 octets (RFC 2047 §2), folded.
    private static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var part: [UInt8] = []
        func close() {
            words.append("=?utf-8?B?" + Base64.encode(part) + "?=")
            part = []
        }
        // By scalars: what is one character to a reader may have any number of them, and a word has 75 octets.
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if part.count + bytes.count > 39 { close() }
            part += bytes
        }
        if !part.isEmpty { close() }
        return words.joined(separator: "\r\n ")
    }

    /// Folded in front of spaces (RFC 5322 §2.2.3); nil: a word is too long for that.
    private static func folded(_ text: String) -> String? {
        var (out, column) = ("", 0)
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let length = word.utf8.count
            guard length <= unfolded else { return nil }
            // A line of nothing but blanks would be read as obsolete syntax.
            if column > 0, length > 0, column + length > 76 {
                out += "\r\n"
                column = 0
            }
            out += out.isEmpty ? word : " " + word
            column += length + 1
        }
        return column <= unfolded ? out : nil
    }

    /// A display name in front of an address (RFC 5322 §3.4).
    static func phrase(_ name: String) -> String {
        if name.utf8.count > unfolded || name.utf8.contains(where: { $0 >= 0x80 }) { return encodedWords(name) }
        let isAtoms = name.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == 0x20 || $0 == 0x2D
                || $0 == 0x5F
        }
        return isAtoms ? name : "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
