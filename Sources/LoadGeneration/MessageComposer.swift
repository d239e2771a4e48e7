import CByteLoops
import MailTypes
import NIOCore
import TextCodecs

/// Writes the header of a generated message (RFC 5322 §3.6, RFC 2045): stamp, origin, identification and MIME fields.
/// On the path of every message: into one buffer that was made large enough, no formatting library.
struct MessageComposer {
    /// `Name: value` fields of the user and the blank line, the same in every message.
    private let ending: [UInt8]
    /// The date's field, and what stands behind it up to the sender's address: the same for a second.
    private var dated: [UInt8] = []

    init(extraHeaders: [String]) {
        ending = Array((extraHeaders.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
    }

    /// - Parameter date: as ``MailDate`` writes it, for the messages from now on.
    mutating func setDate(_ date: String) { dated = Array("Date: \(date)\r\nFrom: Millrace Load <".utf8) }

    /// Writes the whole header, blank line included, into `out`, which is empty; the first line is the ``LoadStamp``, whose
    /// checksum covers the rest and the body.
    func compose(
        into out: inout ByteBuffer, stamp: LoadStamp, envelope: borrowing FlatEnvelope, rotation: Rotation,
        body: MessageBody
    ) {
        let room = room(envelope, rotation, body)
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
            var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<room]))
            let first = writer.skip(stamp.length)
            write(&writer, stamp.id, envelope, rotation)
            writer.bytes(body.fields)
            writer.bytes(ending)
            let crc = mr_crc32c(0, memory.baseAddress! + stamp.length, writer.count - stamp.length)
            var whole = stamp
            whole.crc32c = body.checksum(behind: crc)
            whole.write(to: first)
            return writer.count
        }
    }

    /// The stamp alone, for a body that brings its own header.
    static func stampOnly(_ stamp: LoadStamp, _ body: MessageBody, into out: inout ByteBuffer) {
        var stamp = stamp
        stamp.crc32c = body.checksum(behind: 0)
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: stamp.length) { memory in
            stamp.write(to: memory)
            return stamp.length
        }
    }

    private func write(
        _ writer: inout ByteWriter, _ id: MessageID, _ envelope: borrowing FlatEnvelope, _ rotation: Rotation
    ) {
        writer.bytes(dated)
        let from = envelope.range(0)
        writer.bytes(envelope.bytes, from)
        for recipient in 0..<envelope.recipientCount {
            writer.text(recipient == 0 ? ">\r\nTo: <" : ">,\r\n <")
            writer.bytes(envelope.bytes, envelope.range(recipient + 1))
        }
        writer.text(">\r\nMessage-ID: <")
        id.writeHex(to: writer.skip(MessageID.textLength))
        writer.text("@")
        let at = envelope.bytes[from].lastIndex(of: UInt8(ascii: "@"))
        writer.bytes(envelope.bytes, (at.map { $0 + 1 } ?? from.upperBound)..<from.upperBound)
        writer.text(">\r\nSubject: Load message ")
        writer.decimal(id.low)
        writer.text("\r\n")
        if let tenant = rotation.tenant { writer.field("X-Tenant: ", tenant) }
        if let campaign = rotation.campaign { writer.field("X-Campaign: ", campaign) }
    }

    /// Octets that the header has at most.
    private func room(
        _ envelope: borrowing FlatEnvelope, _ rotation: Rotation, _ body: MessageBody
    ) -> Int {
        let rotating = (rotation.tenant?.utf8.count ?? 0) + (rotation.campaign?.utf8.count ?? 0)
        // The sender's domain comes twice; each recipient is framed.
        return Self.fixedRoom + dated.count + 2 * envelope.bytes.count + 8 * envelope.recipientCount + rotating
            + body.fields.count + ending.count
    }

    /// Stamp, names of fields, id and number.
    private static let fixedRoom = 320
}

extension ByteWriter {
    mutating func field(_ name: StaticString, _ value: String) {
        text(name)
        var value = value
        value.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
        text("\r\n")
    }
}
