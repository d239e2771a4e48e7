package import MailTypes

/// Reverse-path and forward-path (RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3).
package enum SMTPPath {
    package static let localPartLimit = 64  // §4.5.3.1.1
    package static let domainLimit = 255  // §4.5.3.1.2
    package static let pathLimit = 256  // §4.5.3.1.3

    /// Parses `<…>` at `offset` and moves behind the `>`. Source routes are read and dropped (§4.1.2, appendix C).
    /// - Parameters:
    ///   - bad: the fault for plain syntax errors: whose address it is.
    ///   - allowUTF8: SMTPUTF8 is in force.
    package static func parse(
        _ input: RawSpan, _ offset: inout Int, bad: GrammarFault, allowUTF8: Bool
    ) throws(GrammarFault) -> MailAddress {
        var cursor = Cursor(offset)
        guard cursor.take(0x3C, input) else { throw bad }
        if cursor.take(0x3E, input) {
            offset = cursor.index
            return .null
        }
        try skipSourceRoute(input, &cursor, bad: bad, allowUTF8: allowUTF8)
        let start = cursor.index
        try localPart(input, &cursor, bad: bad, allowUTF8: allowUTF8)
        let localEnd = cursor.index
        guard localEnd - start <= localPartLimit else { throw .localPartTooLong }
        if cursor.take(0x40, input) {
            try domain(input, &cursor, bad: bad, allowUTF8: allowUTF8)
        } else if input[byte: start] == 0x22 {
            // Only the bare word postmaster has no domain; an `@` inside the quotes must not be taken for one.
            throw bad
        }
        let end = cursor.index
        guard cursor.take(0x3E, input) else { throw bad }
        guard end - start + 2 <= pathLimit else { throw .pathTooLong }
        let bytes = input.copy(start..<end)
        if allowUTF8, bytes.contains(where: { $0 >= 0x80 }), String(validating: bytes, as: UTF8.self) == nil {
            throw bad
        }
        offset = cursor.index
        return MailAddress(bytes: bytes)
    }

    struct Cursor {
        var index: Int
        init(_ index: Int) { self.index = index }

        func peek(_ input: RawSpan) -> UInt8? { index < input.byteCount ? input[byte: index] : nil }

        mutating func take(_ byte: UInt8, _ input: RawSpan) -> Bool {
            guard peek(input) == byte else { return false }
            index += 1
            return true
        }
    }

    /// `@one,@two:` in front of the mailbox.
    private static func skipSourceRoute(
        _ input: RawSpan, _ cursor: inout Cursor, bad: GrammarFault, allowUTF8: Bool
    ) throws(GrammarFault) {
        guard cursor.peek(input) == 0x40 else { return }
        repeat {
            guard cursor.take(0x40, input) else { throw bad }
            try domain(input, &cursor, bad: bad, allowUTF8: allowUTF8)
        } while cursor.take(0x2C, input)
        guard cursor.take(0x3A, input) else { throw bad }
    }

    /// Dot-string or quoted-string.
    private static func localPart(
        _ input: RawSpan, _ cursor: inout Cursor, bad: GrammarFault, allowUTF8: Bool
    ) throws(GrammarFault) {
        if cursor.take(0x22, input) { return try quotedString(input, &cursor, bad: bad, allowUTF8: allowUTF8) }
        var atomLength = 0
        while let byte = cursor.peek(input), byte != 0x40, byte != 0x3E {
            if byte == 0x2E {
                guard atomLength > 0 else { throw bad }
                atomLength = 0
            } else {
                try checkAtomByte(byte, bad: bad, allowUTF8: allowUTF8)
                atomLength += 1
            }
            cursor.index += 1
        }
        guard atomLength > 0 else { throw bad }
    }

    private static func checkAtomByte(_ byte: UInt8, bad: GrammarFault, allowUTF8: Bool) throws(GrammarFault) {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return
        case 0x80...: if !allowUTF8 { throw .needsSMTPUTF8 }
        default:
            // RFC 5322 atext.
            guard "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte) else { throw bad }
        }
    }

    private static func quotedString(
        _ input: RawSpan, _ cursor: inout Cursor, bad: GrammarFault, allowUTF8: Bool
    ) throws(GrammarFault) {
        while let byte = cursor.peek(input) {
            cursor.index += 1
            switch byte {
            case 0x22: return
            case 0x5C:
                guard let quoted = cursor.peek(input), (0x20...0x7E).contains(quoted) else { throw bad }
                cursor.index += 1
            case 0x80...: if !allowUTF8 { throw .needsSMTPUTF8 }
            case 0x20...0x7E: break
            default: throw bad
            }
        }
        throw bad
    }

    private static func domain(
        _ input: RawSpan, _ cursor: inout Cursor, bad: GrammarFault, allowUTF8: Bool
    ) throws(GrammarFault) {
        let start = cursor.index
        if cursor.peek(input) == 0x5B {
            guard let end = AddressLiteral.end(input, cursor.index) else { throw bad }
            cursor.index = end
            return
        }
        var label = 0
        var labelIsASCII = true
        var last: UInt8 = 0
        while let byte = cursor.peek(input), byte != 0x3E, byte != 0x2C, byte != 0x3A {
            switch byte {
            case 0x2E:
                guard label > 0, last != 0x2D else { throw bad }
                (label, labelIsASCII) = (-1, true)
            case 0x2D: guard label > 0 else { throw bad }
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: break
            case 0x80...:
                if !allowUTF8 { throw .needsSMTPUTF8 }
                labelIsASCII = false
            default: throw bad
            }
            label += 1
            last = byte
            cursor.index += 1
            // RFC 1035 §2.3.4; the limit of a U-label is that of its A-label (RFC 5890 §4.2), which is not known here.
            guard label <= 63 || !labelIsASCII else { throw bad }
        }
        guard label > 0, last != 0x2D else { throw bad }
        guard cursor.index - start <= domainLimit else { throw .domainTooLong }
    }
}

extension RawSpan {
    /// The bytes of `range`, copied out.
    func copy(_ range: Range<Int>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            for index in range { buffer[index - range.lowerBound] = self[byte: index] }
            count = range.count
        }
    }
}
