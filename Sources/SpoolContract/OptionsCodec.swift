import MailTypes
import NIOCore

/// ``EnvelopeOptions`` behind the recipients of a record's head. Little-endian.
///
///     u8 flags (bit 0 REQUIRETLS, bit 1 labels, bit 2 terms) · u8 RET (0 not said) · u16 length · ENVID ·
///     u32 recipients with options (0 or all) · {u8 NOTIFY (255 not said) · u16 length · ORCPT · u32 length · header}… ·
///     labels, where there are any (``LabelsCodec``) · terms, where there are any (``TermsCodec``)
enum OptionsCodec {
    private static let notifyUnsaid: UInt8 = 255

    static func write(_ options: EnvelopeOptions, to head: inout ByteBuffer) {
        let flags = (options.requiresTLS ? 1 : 0) | (options.labels == nil ? 0 : 2) | (options.terms == nil ? 0 : 4)
        head.writeInteger(UInt8(flags))
        head.writeInteger(options.returnedContent?.rawValue ?? 0)
        head.writeInteger(UInt16(options.envelopeID.count), endianness: .little)
        head.writeBytes(options.envelopeID)
        head.writeInteger(UInt32(options.recipients.count), endianness: .little)
        for recipient in options.recipients {
            head.writeInteger(recipient.notify?.rawValue ?? notifyUnsaid)
            head.writeInteger(UInt16(recipient.originalRecipient.count), endianness: .little)
            head.writeBytes(recipient.originalRecipient)
            head.writeInteger(UInt32(recipient.header.count), endianness: .little)
            head.writeBytes(recipient.header)
        }
        if let labels = options.labels { LabelsCodec.write(labels, to: &head) }
        if let terms = options.terms { TermsCodec.write(terms, to: &head) }
    }

    /// - Returns: nil if it is malformed.
    static func read(_ head: inout ByteBuffer, recipients: Int) -> EnvelopeOptions? {
        var options = EnvelopeOptions()
        guard let flags: UInt8 = head.readInteger(), let returned: UInt8 = head.readInteger(), returned <= 2,
            let length: UInt16 = head.readInteger(endianness: .little),
            let envelopeID = head.readBytes(length: Int(length)),
            let count: UInt32 = head.readInteger(endianness: .little), count == 0 || count == recipients
        else { return nil }
        options.requiresTLS = flags & 1 != 0
        options.returnedContent = ReturnedContent(rawValue: returned)
        options.envelopeID = envelopeID
        for _ in 0..<count {
            guard let recipient = recipient(&head) else { return nil }
            options.recipients.append(recipient)
        }
        if flags & 2 != 0 {
            guard let labels = LabelsCodec.read(&head) else { return nil }
            options.labels = labels
        }
        if flags & 4 != 0 {
            guard let terms = TermsCodec.read(&head) else { return nil }
            options.terms = terms
        }
        return options
    }

    private static func recipient(_ head: inout ByteBuffer) -> RecipientOptions? {
        guard let notify: UInt8 = head.readInteger(), notify <= 7 || notify == notifyUnsaid,
            let originalLength: UInt16 = head.readInteger(endianness: .little),
            let original = head.readBytes(length: Int(originalLength)),
            let headerLength: UInt32 = head.readInteger(endianness: .little),
            let header = head.readBytes(length: Int(headerLength))
        else { return nil }
        return RecipientOptions(
            notify: notify == notifyUnsaid ? nil : NotifyConditions(rawValue: notify), originalRecipient: original,
            header: header)
    }
}
