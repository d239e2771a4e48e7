import CByteLoops
import MailTypes

/// Writes the header of a generated message (RFC 5322 §3.6, RFC 2045): stamp, origin, identification and MIME fields.
/// On the path of every message: bytes only, no formatting library.
struct MessageComposer {
    /// `Name: value` fields of the user and the blank line, the same in every message.
    private let ending: [UInt8]

    init(extraHeaders: [String]) {
        var ending: [UInt8] = []
        ending.append(contentsOf: "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n".utf8)
        ending.append(contentsOf: "Content-Transfer-Encoding: 7bit\r\n".utf8)
        for header in extraHeaders {
            ending.append(contentsOf: header.utf8)
            ending.append(contentsOf: "\r\n".utf8)
        }
        ending.append(contentsOf: "\r\n".utf8)
        self.ending = ending
    }

    /// Appends the whole header, blank line included; the first line is the ``LoadStamp``.
    /// - Parameters:
    ///   - date: as ``MailDate`` writes it.
    ///   - bodyCRC: CRC-32C of the body that follows.
    ///   - bodyShift: `mr_crc32c_shift` of the body's length: joins the two checksums without reading the body.
    func compose(
        into out: inout [UInt8], id: MessageID, from: MailAddress, to: MailAddress, date: String,
        dueUnixNanoseconds: UInt64, bodyCRC: UInt32, bodyShift: UInt32
    ) {
        let start = out.count
        LoadStamp(id: id, crc32c: 0, dueUnixNanoseconds: dueUnixNanoseconds).append(to: &out)
        let covered = out.count
        field("Date: ", date.utf8, &out)
        field("From: Millrace Load <", from.bytes, ">", &out)
        field("To: <", to.bytes, ">", &out)
        out.append(contentsOf: "Message-ID: <".utf8)
        id.appendHex(to: &out)
        out.append(0x40)
        field("", from.domain, ">", &out)
        out.append(contentsOf: "Subject: Load message ".utf8)
        out.append(contentsOf: String(id.low).utf8)
        out.append(contentsOf: "\r\n".utf8)
        out.append(contentsOf: ending)
        let headerCRC = out.withUnsafeBytes { mr_crc32c(0, $0.baseAddress! + covered, $0.count - covered) }
        LoadStamp.setChecksum(mr_crc32c_combine(headerCRC, bodyCRC, bodyShift), at: start, in: &out)
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
