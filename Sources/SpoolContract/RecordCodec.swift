import CByteLoops
package import MailTypes
package import NIOCore

/// How a message becomes one record: head, then content. Little-endian.
///
///     head: u8 version · u8 wire form · u8 body type · u8 flags (bit 0 SMTPUTF8) · u32 CRC-32C of all else
///           u64 accepted ms · u64 content size · u16 sender length · sender · u32 recipients · {u16 length · bytes}…
///           version 2: options (``OptionsCodec``); version 1 ends before them; version 3: options with terms
///           u32 length of the head precedes it all
///     content: as received, in its wire form
package enum RecordCodec {
    /// Without options; mail that has some is of version 2, so that a program that does not know them refuses it.
    package static let version: UInt8 = 1
    package static let versionWithOptions: UInt8 = 2
    /// With terms: a program that does not know them must not send at once what is to wait.
    package static let versionWithTerms: UInt8 = 3
    private static let stateVersion: UInt8 = 2
    /// With labels of an operator's; a program that does not know them refuses it.
    private static let stateVersionWithLabels: UInt8 = 3
    private static let crcOffset = 8

    /// The head with its length in front; the CRC covers head and content.
    package static func head(of message: SpoolMessage) -> ByteBuffer {
        var head = ByteBuffer()
        head.reserveCapacity(128 + message.envelope.recipients.reduce(0) { $0 + $1.bytes.count + 2 })
        head.writeInteger(UInt32(0), endianness: .little)
        let options = message.envelope.options.flatMap { $0.isEmpty ? nil : $0 }
        head.writeInteger(options.map { $0.terms == nil ? versionWithOptions : versionWithTerms } ?? version)
        head.writeInteger(message.content.form.rawValue)
        head.writeInteger(message.envelope.bodyType.rawValue)
        head.writeInteger(UInt8(message.envelope.smtpUTF8 ? 1 : 0))
        head.writeInteger(UInt32(0), endianness: .little)
        head.writeInteger(message.acceptedMilliseconds, endianness: .little)
        head.writeInteger(UInt64(message.content.size), endianness: .little)
        head.writeInteger(UInt16(message.envelope.reversePath.bytes.count), endianness: .little)
        head.writeBytes(message.envelope.reversePath.bytes)
        head.writeInteger(UInt32(message.envelope.recipients.count), endianness: .little)
        for recipient in message.envelope.recipients {
            head.writeInteger(UInt16(recipient.bytes.count), endianness: .little)
            head.writeBytes(recipient.bytes)
        }
        if let options { OptionsCodec.write(options, to: &head) }
        head.setInteger(UInt32(head.readableBytes - 4), at: 0, endianness: .little)
        var crc = checksum(0, head)
        for slice in message.content.slices { crc = checksum(crc, slice) }
        head.setInteger(crc, at: crcOffset, endianness: .little)
        return head
    }

    /// Reads a whole record; its content is a slice of `record`.
    package static func message(_ id: MessageID, _ record: ByteBuffer) throws(SpoolFault) -> SpoolMessage {
        let (entry, form, content) = try split(id, record)
        return SpoolMessage(
            id: id, envelope: entry.envelope, acceptedMilliseconds: entry.acceptedMilliseconds,
            content: MessageContent(slices: content.readableBytes == 0 ? [] : [content], form: form))
    }

    /// Reads and checks a record for a listing.
    package static func entry(_ id: MessageID, _ record: ByteBuffer) throws(SpoolFault) -> SpoolEntry {
        try split(id, record).entry
    }

    /// Reads a head alone, for a listing that leaves the content unread. Its checksum covers the content too and is not
    /// looked at: the caller has checked the head in another way.
    package static func entry(_ id: MessageID, head: ByteBuffer) throws(SpoolFault) -> SpoolEntry {
        var rest = head
        return try self.head(id, &rest).entry
    }

    private static func split(
        _ id: MessageID, _ record: ByteBuffer
    ) throws(SpoolFault) -> (entry: SpoolEntry, form: WireForm, content: ByteBuffer) {
        var rest = record
        let (entry, form, crc) = try head(id, &rest)
        guard rest.readableBytes == entry.size else {
            throw .corrupt("\(id): \(rest.readableBytes) octets of content, expected \(entry.size)")
        }
        guard crc == wholeChecksum(record) else { throw .corrupt("\(id): checksum does not match") }
        return (entry, form, rest)
    }

    /// Takes the head off `record`.
    private static func head(
        _ id: MessageID, _ record: inout ByteBuffer
    ) throws(SpoolFault) -> (entry: SpoolEntry, form: WireForm, crc: UInt32) {
        guard let length = record.readInteger(endianness: .little, as: UInt32.self),
            var head = record.readSlice(length: Int(length)), let format: UInt8 = head.readInteger()
        else { throw .corrupt("\(id): shorter than its head") }
        guard (version...versionWithTerms).contains(format) else {
            throw .corrupt("\(id): format version \(format), expected \(version) to \(versionWithTerms)")
        }
        guard let form = head.readInteger(as: UInt8.self).flatMap(WireForm.init),
            let bodyType = head.readInteger(as: UInt8.self).flatMap(BodyType.init),
            let flags: UInt8 = head.readInteger(), let crc: UInt32 = head.readInteger(endianness: .little),
            let accepted: UInt64 = head.readInteger(endianness: .little),
            let size: UInt64 = head.readInteger(endianness: .little), size < 1 << 40, let sender = address(&head),
            let count: UInt32 = head.readInteger(endianness: .little)
        else { throw .corrupt("\(id): malformed head") }
        var recipients: [MailAddress] = []
        for _ in 0..<count {
            guard let recipient = address(&head) else { throw .corrupt("\(id): malformed recipient") }
            recipients.append(recipient)
        }
        var envelope = Envelope(
            reversePath: sender, recipients: recipients, bodyType: bodyType, smtpUTF8: flags & 1 != 0)
        if format > version {
            envelope.options = OptionsCodec.read(&head, recipients: recipients.count)
            guard envelope.options != nil else { throw .corrupt("\(id): malformed options") }
        }
        let entry = SpoolEntry(id: id, envelope: envelope, acceptedMilliseconds: accepted, size: Int(size), state: nil)
        return (entry, form, crc)
    }

    private static func address(_ head: inout ByteBuffer) -> MailAddress? {
        guard let length: UInt16 = head.readInteger(endianness: .little),
            let bytes = head.readBytes(length: Int(length))
        else { return nil }
        return MailAddress(bytes: bytes)
    }

    private static func checksum(_ crc: UInt32, _ buffer: ByteBuffer) -> UInt32 {
        buffer.withUnsafeReadableBytes { mr_crc32c(crc, $0.baseAddress, $0.count) }
    }

    /// The CRC of a record with its own four bytes taken as zero.
    private static func wholeChecksum(_ record: ByteBuffer) -> UInt32 {
        record.withUnsafeReadableBytes { bytes in
            guard bytes.count >= crcOffset + 4 else { return 0 }
            let zero: UInt32 = 0
            var crc = mr_crc32c(0, bytes.baseAddress, crcOffset)
            crc = withUnsafeBytes(of: zero) { mr_crc32c(crc, $0.baseAddress, 4) }
            return mr_crc32c(crc, bytes.baseAddress! + crcOffset + 4, bytes.count - crcOffset - 4)
        }
    }
}

extension RecordCodec {
    /// `u8 version · u8 flags (bit 0 held, bit 1 delay reported, bit 2 deadline reported) · u32 attempts · u64 due ms · u32 recipients · u8 each ·
    /// u16 length · last reply · u32 CRC-32C`; version 1 had no flags; version 3 has labels (``LabelsCodec``) behind the
    /// reply.
    package static func encode(_ state: DeliveryState) -> ByteBuffer {
        var out = fields(of: state)
        out.writeInteger(checksum(0, out), endianness: .little)
        return out
    }

    /// The same without the checksum, for who has one of its own around it. A CRC over bytes that end with their own is
    /// the same whatever they are: such a frame would take any other state of that length for this one.
    package static func fields(of state: DeliveryState) -> ByteBuffer {
        var out = ByteBuffer()
        out.writeInteger(state.labels == nil ? stateVersion : stateVersionWithLabels)
        let flags = (state.isHeld ? 1 : 0) | (state.isDelayReported ? 2 : 0) | (state.isDeadlineReported ? 4 : 0)
        out.writeInteger(UInt8(flags))
        out.writeInteger(state.attempts, endianness: .little)
        out.writeInteger(state.nextDueMilliseconds, endianness: .little)
        out.writeInteger(UInt32(state.recipients.count), endianness: .little)
        out.writeBytes(state.recipients.map(\.rawValue))
        let reply = Array(state.lastReply.utf8)
        out.writeInteger(UInt16(reply.count), endianness: .little)
        out.writeBytes(reply)
        if let labels = state.labels { LabelsCodec.write(labels, to: &out) }
        return out
    }

    package static func state(_ id: MessageID, _ record: ByteBuffer) throws(SpoolFault) -> DeliveryState {
        var rest = record
        guard let body = rest.readSlice(length: max(0, rest.readableBytes - 4)),
            let crc: UInt32 = rest.readInteger(endianness: .little), crc == checksum(0, body)
        else { throw .corrupt("\(id): state record's checksum does not match") }
        return try state(id, fields: body)
    }

    /// - Parameter fields: as ``fields(of:)`` writes them, and checked.
    package static func state(_ id: MessageID, fields: ByteBuffer) throws(SpoolFault) -> DeliveryState {
        var fields = fields
        guard let format: UInt8 = fields.readInteger(), (1...stateVersionWithLabels).contains(format),
            let flags: UInt8 = format == 1 ? 0 : fields.readInteger(),
            let attempts: UInt32 = fields.readInteger(endianness: .little),
            let due: UInt64 = fields.readInteger(endianness: .little),
            let count: UInt32 = fields.readInteger(endianness: .little),
            let states = fields.readBytes(length: Int(count)),
            let length: UInt16 = fields.readInteger(endianness: .little),
            let reply = fields.readBytes(length: Int(length))
        else { throw .corrupt("\(id): malformed state record") }
        var state = DeliveryState(
            attempts: attempts, nextDueMilliseconds: due,
            recipients: states.map { RecipientState(rawValue: $0) ?? .waiting },
            lastReply: String(decoding: reply, as: UTF8.self))
        state.isHeld = flags & 1 != 0
        state.isDelayReported = flags & 2 != 0
        state.isDeadlineReported = flags & 4 != 0
        if format == stateVersionWithLabels {
            guard let labels = LabelsCodec.read(&fields) else { throw .corrupt("\(id): malformed labels") }
            state.labels = labels
        }
        return state
    }
}
