/// A JSON text as a value (RFC 8259), read strictly: no key twice, no half surrogates, bounded depth. Objects keep the
/// order of their keys.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Equatable, Sendable {
        package var key: String
        package var value: JSONValue
        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// As it reads in a sentence: `a text`, `an object`.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    package struct Fault: Error, Equatable, Sendable {
        /// With line and column.
        package var text: String
    }

    package static let depthLimit = 64
    /// A value takes more room in memory than the two octets that it may be written in.
    package static let countLimit = 2_000_000

    package static func parse(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> JSONValue {
        var reader = JSONReader(bytes)
        return try reader.whole()
    }

    package static func parse(_ text: String) throws(Fault) -> JSONValue {
        let bytes = Array(text.utf8)
        var result: Result<JSONValue, Fault> = .failure(Fault(text: ""))
        bytes.withUnsafeBytes { buffer in
            do throws(Fault) { result = .success(try parse(buffer)) } catch { result = .failure(error) }
        }
        return try result.get()
    }
}

/// Reads one JSON text.
private struct JSONReader {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var depth = 0
    private var count = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func whole() throws(JSONValue.Fault) -> JSONValue {
        let value = try value()
        skipBlanks()
        guard index == bytes.count else { throw fault("something behind the end") }
        return value
    }

    private func fault(_ text: String) -> JSONValue.Fault {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return JSONValue.Fault(text: "line \(line), column \(column): \(text)")
    }

    private mutating func skipBlanks() {
        while index < bytes.count,
            bytes[index] == 0x20
                || (bytes[index] >= 0x09 && bytes[index] <= 0x0D && bytes[index] != 0x0B && bytes[index] != 0x0C)
        {
            index += 1
        }
    }

    private mutating func value() throws(JSONValue.Fault) -> JSONValue {
        skipBlanks()
        guard index < bytes.count else { throw fault("the text ends here") }
        count += 1
        guard count <= JSONValue.countLimit else { throw fault("more than \(JSONValue.countLimit) values") }
        switch bytes[index] {
        case 0x7B: return try object()
        case 0x5B: return try array()
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONValue.Fault) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw fault("expected a value") }
        index += word.utf8.count
        return value
    }

    private mutating func enter() throws(JSONValue.Fault) {
        depth += 1
        guard depth <= JSONValue.depthLimit else { throw fault("nested deeper than \(JSONValue.depthLimit)") }
        index += 1
    }

    private mutating func array() throws(JSONValue.Fault) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var items: [JSONValue] = []
        skipBlanks()
        if take(0x5D) { return .array(items) }
        repeat { items.append(try value()) } while try separator(0x5D)
        return .array(items)
    }

    private mutating func object() throws(JSONValue.Fault) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var members: [JSONValue.Member] = []
        skipBlanks()
        if take(0x7D) { return .object(members) }
        repeat {
            skipBlanks()
            guard index < bytes.count, bytes[index] == 0x22 else { throw fault("expected a key") }
            let key = try string()
            skipBlanks()
            guard take(0x3A) else { throw fault("expected ':'") }
            members.append(.init(key, try value()))
        } while try separator(0x7D)
        try unique(members)
        return .object(members)
    }

    private func unique(_ members: [JSONValue.Member]) throws(JSONValue.Fault) {
        // Most objects are small: comparing is cheaper than hashing.
        if members.count <= 8 {
            for (index, member) in members.enumerated()
            where members[..<index].contains(where: { $0.key == member.key }) {
                throw fault("key '\(member.key)' appears twice")
            }
            return
        }
        var seen: Set<String> = []
        for member in members where !seen.insert(member.key).inserted {
            throw fault("key '\(member.key)' appears twice")
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// True behind a comma, false behind `end`.
    private mutating func separator(_ end: UInt8) throws(JSONValue.Fault) -> Bool {
        skipBlanks()
        if take(0x2C) { return true }
        guard take(end) else { throw fault("expected ',' or the end") }
        return false
    }

    private mutating func number() throws(JSONValue.Fault) -> JSONValue {
        let start = index
        func digits() -> Int { bytes[index...].prefix { (0x30...0x39).contains($0) }.count }
        if take(0x2D) {}
        if take(0x30) {
        } else {
            guard digits() > 0 else { throw fault("expected a value") }
            index += digits()
        }
        if take(0x2E) {
            guard digits() > 0 else { throw fault("expected a digit") }
            index += digits()
        }
        if index < bytes.count, bytes[index] | 0x20 == 0x65 {
            index += 1
            if !take(0x2B) { _ = take(0x2D) }
            guard digits() > 0 else { throw fault("expected a digit") }
            index += digits()
        }
        return .number(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func string() throws(JSONValue.Fault) -> String {
        index += 1
        let start = index
        // Most texts have nothing to be undone.
        while index < bytes.count, bytes[index] != 0x22, bytes[index] != 0x5C, bytes[index] >= 0x20 { index += 1 }
        if index < bytes.count, bytes[index] == 0x22 {
            let plain = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
            guard let text = String(validating: plain, as: UTF8.self) else { throw fault("a text that is not UTF-8") }
            index += 1
            return text
        }
        var out = Array(bytes[start..<index])
        while true {
            guard index < bytes.count else { throw fault("a text without its end") }
            let byte = bytes[index]
            switch byte {
            case 0x22:
                index += 1
                guard let text = String(validating: out, as: UTF8.self) else { throw fault("a text that is not UTF-8") }
                return text
            case 0x5C: try escape(&out)
            case 0..<0x20: throw fault("a control character in a text")
            default:
                out.append(byte)
                index += 1
            }
        }
    }

    private mutating func escape(_ out: inout [UInt8]) throws(JSONValue.Fault) {
        index += 1
        guard index < bytes.count else { throw fault("a text without its end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: out.append(byte)
        case 0x62: out.append(0x08)
        case 0x66: out.append(0x0C)
        case 0x6E: out.append(0x0A)
        case 0x72: out.append(0x0D)
        case 0x74: out.append(0x09)
        case 0x75: out += Array(String(try scalar()).utf8)
        default: throw fault("an escape that there is not")
        }
    }

    private mutating func scalar() throws(JSONValue.Fault) -> Character {
        var code = try hex()
        if (0xD800..<0xDC00).contains(code) {
            guard take(0x5C), take(0x75) else { throw fault("half a surrogate pair") }
            let low = try hex()
            guard (0xDC00..<0xE000).contains(low) else { throw fault("half a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
        return Character(scalar)
    }

    private mutating func hex() throws(JSONValue.Fault) -> UInt32 {
        guard index + 4 <= bytes.count else { throw fault("expected four hexadecimal digits") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80 else {
                throw fault("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
