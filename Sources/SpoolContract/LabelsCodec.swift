import MailTypes
import NIOCore

/// ``MessageLabels`` behind the other options of a record's head. Little-endian.
///
///     u8 fields · {u8 field (1 tenant, 2 campaign, 3 pool, 4 routing domain, 5 TLS is optional) · u16 length · text}… ·
///     u8 entries · {u16 length · name · u16 length · value}…
enum LabelsCodec {
    private static var fields: [(number: UInt8, path: WritableKeyPath<MessageLabels, String?>)] {
        [(1, \.tenant), (2, \.campaign), (3, \.pool), (4, \.routingDomain)]
    }

    private static let optionalField: UInt8 = 5

    static func write(_ labels: MessageLabels, to head: inout ByteBuffer) {
        let said = fields.compactMap { field in labels[keyPath: field.path].map { (field.number, $0) } }
        head.writeInteger(UInt8(said.count + (labels.isTLSOptional ? 1 : 0)))
        for (number, text) in said {
            head.writeInteger(number)
            write(text, to: &head)
        }
        if labels.isTLSOptional {
            head.writeInteger(optionalField)
            write("", to: &head)
        }
        // Sorted: the same labels are the same bytes.
        let entries = labels.metadata.sorted { $0.key < $1.key }.prefix(MessageLabels.metadataLimit)
        head.writeInteger(UInt8(entries.count))
        for (name, value) in entries {
            write(name, to: &head)
            write(value, to: &head)
        }
    }

    /// - Returns: nil if it is malformed.
    static func read(_ head: inout ByteBuffer) -> MessageLabels? {
        var labels = MessageLabels()
        guard let count: UInt8 = head.readInteger() else { return nil }
        for _ in 0..<count {
            guard let number: UInt8 = head.readInteger(), let text = text(&head) else { return nil }
            if number == optionalField {
                labels.isTLSOptional = true
                continue
            }
            guard let field = fields.first(where: { $0.number == number }) else { return nil }
            labels[keyPath: field.path] = text
        }
        guard let entries: UInt8 = head.readInteger(), entries <= MessageLabels.metadataLimit else { return nil }
        for _ in 0..<entries {
            guard let name = text(&head), let value = text(&head) else { return nil }
            labels.metadata[name] = value
        }
        return labels
    }

    private static func write(_ text: String, to head: inout ByteBuffer) {
        let bytes = text.utf8.prefix(MessageLabels.textLimit)
        head.writeInteger(UInt16(bytes.count), endianness: .little)
        head.writeBytes(bytes)
    }

    private static func text(_ head: inout ByteBuffer) -> String? {
        guard let length: UInt16 = head.readInteger(endianness: .little), length <= MessageLabels.textLimit,
            let bytes = head.readBytes(length: Int(length))
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
