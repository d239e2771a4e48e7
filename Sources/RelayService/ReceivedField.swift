import MailTypes

/// The trace field on top of every message relayed (RFC 5321 §4.4):
///
///     Received: from client.test ([127.0.0.1])
///         by mta.test (Millrace) with ESMTP id 0193…
///         for <b@y.test>; Mon, 23 Nov 2026 20:14:56 +0000
enum ReceivedField {
    static func bytes(
        client: String, peer: String, hostname: String, isExtended: Bool, id: MessageID, envelope: Envelope,
        date: String
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        func add(_ text: String) { out.append(contentsOf: text.utf8) }
        add("Received: from ")
        add(safe(client))
        add(" ([")
        add(peer)
        add("])\r\n\tby ")
        add(hostname)
        // RFC 3848 and RFC 6531 §4.3 name the protocols.
        add(
            envelope.smtpUTF8
                ? " (Millrace) with UTF8SMTP id "
                : isExtended ? " (Millrace) with ESMTP id " : " (Millrace) with SMTP id ")
        id.appendHex(to: &out)
        if envelope.recipients.count == 1 {
            add("\r\n\tfor <")
            out.append(contentsOf: envelope.recipients[0].bytes)
            add(">; ")
        } else {
            add(";\r\n\t")
        }
        add(date)
        add("\r\n")
        return out
    }

    /// A client may call itself anything printable; in a header only what a name or literal is made of.
    private static func safe(_ name: String) -> String {
        String(decoding: name.utf8.map { isNameByte($0) ? $0 : 0x3F }, as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: byte >= 0x80 || "-._:[]".utf8.contains(byte)
        }
    }
}
