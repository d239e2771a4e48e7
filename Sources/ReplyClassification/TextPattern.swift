/// A text to be looked for in replies: its words in any case, `*` for anything between, `|` at an end for the end of a
/// word. Numbers are found as whole numbers only.
///
///     user * unknown          550 User b@y.test unknown
///     |rbl                    refused by our RBL, not marble
struct TextPattern: Sendable, Hashable {
    let written: String
    /// Between the asterisks.
    let pieces: [[UInt8]]
    private let beginsWord: Bool
    private let endsWord: Bool

    struct Fault: Error { var text: String }

    static let most = 200
    /// The longest piece has so many octets: it is what replies are searched for.
    static let leastPiece = 3

    init(_ text: String) throws(Fault) {
        written = text
        guard text.utf8.count <= Self.most else { throw Fault(text: "longer than \(Self.most) octets") }
        guard !text.contains("@") else { throw Fault(text: "'@': addresses are taken out before texts are looked for") }
        var bytes = Self.folded(text)
        beginsWord = bytes.first == 0x7C
        if beginsWord { bytes.removeFirst() }
        endsWord = bytes.last == 0x7C
        if endsWord { bytes.removeLast() }
        pieces = bytes.split(separator: 0x2A).map(Array.init)
        guard pieces.contains(where: { $0.count >= Self.leastPiece }) else {
            throw Fault(text: "expected \(Self.leastPiece) octets or more in a row")
        }
    }

    /// Lower case, blanks joined.
    private static func folded(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for byte in text.utf8 {
            if ReplyText.isBlank(byte) {
                if let last = out.last, last != 0x20 { out.append(0x20) }
            } else {
                out.append(ReplyText.lower(byte))
            }
        }
        if out.last == 0x20 { out.removeLast() }
        return out
    }

    /// What a search looks for first.
    var needle: [UInt8] { pieces.max { $0.count < $1.count }! }

    /// - Parameter text: as ``ReplyText`` writes it.
    func isIn(_ text: [UInt8]) -> Bool {
        var from = 0
        while let start = find(0, in: text, from: from) {
            if isWordBegin(text, start), restMatches(text, from: start + pieces[0].count) { return true }
            // Another begin helps only where the begin was what did not fit, or the end of the only piece.
            guard beginsWord || pieces.count == 1 else { return false }
            from = start + 1
        }
        return false
    }

    private func isWordBegin(_ text: [UInt8], _ start: Int) -> Bool {
        !beginsWord || start == 0 || !ReplyText.isAlphanumeric(text[start - 1])
    }

    private func restMatches(_ text: [UInt8], from begin: Int) -> Bool {
        var from = begin
        for piece in pieces.indices.dropFirst() {
            guard var start = find(piece, in: text, from: from) else { return false }
            // The last one may have to be looked for further on.
            while piece == pieces.count - 1, !isWordEnd(text, start + pieces[piece].count) {
                guard let next = find(piece, in: text, from: start + 1) else { return false }
                start = next
            }
            from = start + pieces[piece].count
        }
        return isWordEnd(text, from)
    }

    private func isWordEnd(_ text: [UInt8], _ end: Int) -> Bool {
        !endsWord || end >= text.count || !ReplyText.isAlphanumeric(text[end])
    }

    private func find(_ index: Int, in text: [UInt8], from begin: Int) -> Int? {
        let piece = pieces[index]
        guard text.count >= piece.count else { return nil }
        var start = begin
        while start <= text.count - piece.count {
            if text[start] == piece[0], text[start..<(start + piece.count)].elementsEqual(piece),
                hasWholeNumbers(text, start, start + piece.count)
            {
                return start
            }
            start += 1
        }
        return nil
    }

    private func hasWholeNumbers(_ text: [UInt8], _ start: Int, _ end: Int) -> Bool {
        let cutsBegin = start > 0 && ReplyText.isDigit(text[start]) && ReplyText.isDigit(text[start - 1])
        let cutsEnd = end < text.count && ReplyText.isDigit(text[end - 1]) && ReplyText.isDigit(text[end])
        return !cutsBegin && !cutsEnd
    }
}
