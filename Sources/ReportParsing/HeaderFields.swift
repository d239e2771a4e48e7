/// Fields as headers of mail have them, and the bodies of reports: `Name: value`, folded (RFC 5322 §2.2.3). Lines end with
/// CRLF or LF; what is no field is passed over.
package struct HeaderFields: Sendable {
    package struct Field: Sendable, Hashable {
        /// Lower case.
        package var name: String
        /// Where it was folded stands a line feed.
        var lines: String
        /// On one line.
        package var value: String {
            lines.utf8.contains(0x0A) ? lines.split(separator: "\n").joined(separator: " ") : lines
        }
    }

    package internal(set) var fields: [Field] = []

    package init() {}

    /// - Parameter bytes: as far as the fields go; see ``end(of:from:)``.
    init(_ bytes: ArraySlice<UInt8>) {
        var lines = LineScan(bytes.prefix(ReportLimits.headerBytes))
        while let line = lines.next(), fields.count < ReportLimits.fields {
            let content = bytes[line]
            guard let first = content.first else { continue }
            if first == 0x20 || first == 0x09 {
                if !fields.isEmpty { fold(content) }
            } else if let colon = content.prefix(100).firstIndex(of: 0x3A), colon > content.startIndex {
                add(content, colon)
            }
        }
    }

    private mutating func add(_ line: ArraySlice<UInt8>, _ colon: Int) {
        let name = line[..<colon].trimmed
        guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        fields.append(
            Field(name: String(decoding: name, as: UTF8.self).lowercased(), lines: Self.text(line[(colon + 1)...])))
    }

    private mutating func fold(_ line: ArraySlice<UInt8>) {
        let last = fields.count - 1
        guard fields[last].lines.utf8.count < ReportLimits.valueBytes else { return }
        fields[last].lines += "\n" + Self.text(line)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix(ReportLimits.valueBytes).trimmed, as: UTF8.self)
    }

    var isEmpty: Bool { fields.isEmpty }

    /// The first one's value; nil: there is none.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    package func all(_ name: String) -> [String] { fields.lazy.filter { $0.name == name }.map(\.value) }

    package func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// Where the empty line behind a header begins, and where what follows does.
    static func end(of bytes: ArraySlice<UInt8>) -> (header: Int, body: Int) {
        var lines = LineScan(bytes)
        while let line = lines.next() {
            if line.isEmpty { return (line.lowerBound, lines.position) }
        }
        return (bytes.endIndex, bytes.endIndex)
    }
}

/// The lines of some octets, without their ends.
struct LineScan {
    private let bytes: ArraySlice<UInt8>
    /// Where the next line begins.
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    mutating func next() -> Range<Int>? {
        guard position < bytes.endIndex else { return nil }
        let start = position
        let feed = bytes[start...].firstIndex(of: 0x0A)
        position = feed.map { $0 + 1 } ?? bytes.endIndex
        var end = feed ?? bytes.endIndex
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }
}

extension ArraySlice<UInt8> {
    /// Without blanks and control characters at both ends.
    var trimmed: ArraySlice<UInt8> {
        var slice = self
        while let first = slice.first, first <= 0x20 { slice.removeFirst() }
        while let last = slice.last, last <= 0x20 { slice.removeLast() }
        return slice
    }

    /// - Parameter text: lower case ASCII.
    func begins(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard count >= wanted.count else { return false }
        return zip(self, wanted).allSatisfy { ($0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0) == $1 }
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}
