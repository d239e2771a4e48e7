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
            var writer = HeaderWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<room]))
            writer.skip(stamp.length)
            write(&writer, stamp.id, envelope, rotation)
            writer.bytes(body.fields)
            writer.bytes(ending)
            let crc = mr_crc32c(0, memory.baseAddress! + stamp.length, writer.count - stamp.length)
            var whole = stamp
            whole.crc32c = body.checksum(behind: crc)
            whole.write(to: memory)
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
        _ writer: inout HeaderWriter, _ id: MessageID, _ envelope: borrowing FlatEnvelope, _ rotation: Rotation
    ) {
        writer.bytes(dated)
        let from = envelope.range(0)
        writer.bytes(envelope.bytes, from)
        for recipient in 0..<envelope.recipientCount {
            writer.text(recipient == 0 ? ">\r\nTo: <" : ">,\r\n <")
            writer.bytes(envelope.bytes, envelope.range(recipient + 1))
        }
        writer.text(">\r\nMessage-ID: <")
        writer.id(id)
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

/// Writes one thing behind the other into memory that is large enough, and stops the program where it is not.
struct HeaderWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    mutating func skip(_ octets: Int) { count += octets }

    private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        precondition(bytes.count <= memory.count - count, "a header larger than was reckoned")
        (memory.baseAddress! + count).copyMemory(from: base, byteCount: bytes.count)
        count += bytes.count
    }

    mutating func text(_ text: StaticString) { text.withUTF8Buffer { copy(UnsafeRawBufferPointer($0)) } }
    mutating func bytes(_ bytes: [UInt8]) { bytes.withUnsafeBytes { copy($0) } }

    mutating func bytes(_ bytes: [UInt8], _ range: Range<Int>) {
        bytes.withUnsafeBytes { copy(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    mutating func field(_ name: StaticString, _ value: String) {
        text(name)
        var value = value
        value.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
        text("\r\n")
    }

    /// 32 hexadecimal digits.
    mutating func id(_ id: MessageID) {
        precondition(MessageID.textLength <= memory.count - count, "a header larger than was reckoned")
        id.writeHex(to: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        count += MessageID.textLength
    }

    mutating func decimal(_ number: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            let first = Decimal.write(number, endingAt: digits)
            copy(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[first...]))
        }
    }
}
