import MessageBuilding
import TextCodecs

/// The message that a report is about, as far as it came back.
package struct ReturnedMessage: Sendable {
    package var header: HeaderFields
    /// With its body; false: the header alone.
    package var isWhole: Bool
    /// As it came back, at most ``ReportLimits/returnedBytes``.
    package var bytes: [UInt8]

    init(_ bytes: ArraySlice<UInt8>) {
        let start = Self.withoutEnvelopeLine(bytes)
        let end = HeaderFields.end(of: start)
        header = HeaderFields(start[start.startIndex..<end.header])
        isWhole = end.body < start.endIndex
        self.bytes = Array(start.prefix(ReportLimits.returnedBytes))
    }

    /// Some put a line of mbox in front: `From a@x.test Mon Nov 23 …`, and empty lines.
    private static func withoutEnvelopeLine(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var lines = LineScan(bytes)
        while let line = lines.next() {
            if bytes[line].allSatisfy({ $0 <= 0x20 }) || bytes[line].begins("from ") { continue }
            return bytes[line.lowerBound...]
        }
        return bytes[bytes.endIndex...]
    }

    /// Without the empty line behind it.
    package var headerBytes: ArraySlice<UInt8> { bytes[..<HeaderFields.end(of: bytes[...]).header] }

    /// With its angle brackets; nil: it has none.
    package var messageID: String? {
        guard let value = header["message-id"], let open = value.firstIndex(of: "<"),
            let close = value[open...].firstIndex(of: ">")
        else { return header["message-id"] }
        return String(value[open...close])
    }

    /// Who had it, the newest first: `by` and `id` of each Received (RFC 5321 §4.4), in lower case.
    package var trace: [(by: String, id: String)] {
        header.all("received").prefix(Self.mostHops).compactMap { field in
            let words = field.prefix { $0 != ";" }.split { $0 == " " || $0 == "\t" }.map { $0.lowercased() }
            guard let by = Self.word(behind: "by", in: words), let id = Self.word(behind: "id", in: words) else {
                return nil
            }
            return (by, id)
        }
    }

    static let mostHops = 100

    private static func word(behind key: String, in words: [String]) -> String? {
        guard let index = words.lastIndex(of: key), index + 1 < words.count else { return nil }
        return words[index + 1]
    }

    /// The supplemental field that injection puts on (X-KumoRef): JSON in base64, as JSON on one line; nil: there is none
    /// or it is no JSON.
    /// - Parameter field: its name.
    package func supplementalTrace(_ field: String = "x-kumoref") -> String? {
        guard let value = header[field.lowercased()],
            let bytes = Base64.decode(value.utf8.filter { $0 > 0x20 }),
            let json = bytes.withUnsafeBytes({ try? JSONValue.parse($0) }), case .object = json
        else { return nil }
        return json.compactText
    }
}

extension JSONValue {
    /// Without a blank.
    fileprivate var compactText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): JSONText.quoted(text)
        case .array(let values): "[" + values.map(\.compactText).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { JSONText.quoted($0.key) + ":" + $0.value.compactText }.joined(separator: ",") + "}"
        }
    }
}
