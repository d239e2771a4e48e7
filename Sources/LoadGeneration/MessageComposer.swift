import CByteLoops
import MailTypes

/// Writes the header of a generated message (RFC 5322 §3.6, RFC 2045): stamp, origin, identification and MIME fields.
/// On the path of every message: bytes only, no formatting library.
struct MessageComposer {
    /// `Name: value` fields of the user and the blank line, the same in every message.
    private let ending: [UInt8]

    init(extraHeaders: [String]) {
        ending = Array((extraHeaders.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
    }

    /// Appends the whole header, blank line included; the first line is the ``LoadStamp``, whose checksum covers the rest
    /// and the body.
    /// - Parameter date: as ``MailDate`` writes it.
    func compose(
        into out: inout [UInt8], stamp: LoadStamp, envelope: Envelope, rotation: Rotation, date: String,
        body: MessageBody
    ) {
        let start = out.count
        let from = envelope.reversePath
        stamp.append(to: &out)
        let covered = out.count
        field("Date: ", date.utf8, &out)
        field("From: Millrace Load <", from.bytes, ">", &out)
        for (index, recipient) in envelope.recipients.enumerated() {
            out.append(contentsOf: index == 0 ? "To: <".utf8 : ",\r\n <".utf8)
            out.append(contentsOf: recipient.bytes)
            out.append(0x3E)
        }
        out.append(contentsOf: "\r\nMessage-ID: <".utf8)
        stamp.id.appendHex(to: &out)
        out.append(0x40)
        field("", from.domain, ">", &out)
        field("Subject: Load message ", String(stamp.id.low).utf8, &out)
        if let tenant = rotation.tenant { field("X-Tenant: ", tenant.utf8, &out) }
        if let campaign = rotation.campaign { field("X-Campaign: ", campaign.utf8, &out) }
        out.append(contentsOf: body.fields)
        out.append(contentsOf: ending)
        let crc = out.withUnsafeBytes { mr_crc32c(0, $0.baseAddress! + covered, $0.count - covered) }
        LoadStamp.setChecksum(Self.join(crc, body.pieces), at: start, in: &out)
    }

    /// The checksum of what has `crc` with the pieces behind it.
    static func join(_ crc: UInt32, _ pieces: [BodyPiece]) -> UInt32 {
        pieces.reduce(crc) { mr_crc32c_combine($0, $1.crc, $1.shift) }
    }

    private func field(_ name: StaticString, _ value: some Sequence<UInt8>, _ out: inout [UInt8]) {
        field(name, value, "", &out)
    }

    private func field(_ name: StaticString, _ value: some Sequence<UInt8>, _ tail: StaticString, _ out: inout [UInt8])
    {
        name.withUTF8Buffer { out.append(contentsOf: $0) }
        out.append(contentsOf: value)
        tail.withUTF8Buffer { out.append(contentsOf: $0) }
        out.append(contentsOf: "\r\n".utf8)
    }
}
