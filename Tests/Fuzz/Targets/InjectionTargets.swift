import MessageBuilding

/// What was read, written out and read again is the same.
func fuzzJSON(_ input: [UInt8]) {
    guard let value = parsed(input) else { return }
    require(parsed(Array(written(value).utf8)) == value, "a value does not come back")
}

private func parsed(_ bytes: [UInt8]) -> JSONValue? { bytes.withUnsafeBytes { try? JSONValue.parse($0) } }

private func written(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let text): text
    case .string(let text): quoted(text)
    case .array(let items): "[" + items.map(written).joined(separator: ",") + "]"
    case .object(let members):
        "{" + members.map { quoted($0.key) + ":" + written($0.value) }.joined(separator: ",") + "}"
    }
}

private func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
        guard scalar.value < 0x20 || scalar == "\"" || scalar == "\\" else { return String(scalar) }
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return "\"" + escaped.joined() + "\""
}

/// A request that is taken becomes mail that anybody takes.
func fuzzInjection(_ input: [UInt8]) {
    guard let json = parsed(input) else { return }
    let request: InjectionRequest
    do throws(InjectionRequest.Fault) { request = try InjectionRequest(json) } catch {
        return require(error.pointer.isEmpty || error.pointer.hasPrefix("/"), "'\(error.pointer)' is no pointer")
    }
    let builder = MessageBuilder(request, hostname: "mx.test", date: "Mon, 1 Jan 2024 00:00:00 +0000") { "id" }
    var budget = TemplateBudget.whole
    guard let contents = try? builder.build(&budget) else { return }
    require(
        contents.flatMap(\.recipients).map(\.index) == Array(request.recipients.indices), "not each recipient once")
    for content in contents {
        for recipient in content.recipients { checkHeader(recipient.header[...]) }
        checkLines(content.shared)
        guard case .built = request.content else { continue }
        checkHeader(header(content.shared))
    }
}

/// RFC 5321 §2.3.8 and §4.5.3.1.6.
private func checkLines(_ bytes: [UInt8]) {
    var last: UInt8 = 0
    var length = 0
    for byte in bytes {
        require(byte != 0, "a NUL")
        require((byte == 0x0A) == (last == 0x0D), "a bare CR or LF")
        length = byte == 0x0A ? 0 : length + 1
        require(length <= 999, "a line longer than 998 octets")
        last = byte
    }
    require(bytes.isEmpty || last == 0x0A, "the last line has no end")
}

/// Up to the empty line.
private func header(_ message: [UInt8]) -> ArraySlice<UInt8> {
    let mark = Array("\r\n\r\n".utf8)
    guard let end = message.indices.first(where: { message[$0...].starts(with: mark) }) else {
        require(false, "a message without an empty line")
        return []
    }
    return message[..<(end + 2)]
}

/// RFC 5322 §2.2: a name and a colon, or a blank where a line goes on; encoded words of at most 75 octets (RFC 2047 §2).
private func checkHeader(_ bytes: ArraySlice<UInt8>) {
    checkLines(Array(bytes))
    for line in bytes.split(separator: 0x0A) {
        require(line.count > 1, "an empty line in a header")
        require(!line.dropLast().contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }, "controls in a header")
        if line.first == 0x20 || line.first == 0x09 { continue }
        let name = line.prefix { $0 != 0x3A }
        require(name.count < line.count && !name.isEmpty, "a field without its name")
        require(name.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a name that is none")
    }
    if bytes.starts(with: "To:".utf8) { require(brackets(bytes) == 1, "several addresses out of one") }
    for word in bytes.split(whereSeparator: { $0 <= 0x20 }) where word.starts(with: "=?utf-8?B?".utf8) {
        require(word.count <= 75 || !word.reversed().starts(with: "=?".utf8), "an encoded word of \(word.count) octets")
    }
}

/// Opening brackets outside quotes (RFC 5322 §3.2.4).
private func brackets(_ field: ArraySlice<UInt8>) -> Int {
    var count = 0
    var isQuoted = false
    var rest = field
    while let byte = rest.popFirst() {
        switch byte {
        case 0x5C where isQuoted: rest = rest.dropFirst()
        case 0x22: isQuoted.toggle()
        case 0x3C where !isQuoted: count += 1
        default: break
        }
    }
    return count
}
