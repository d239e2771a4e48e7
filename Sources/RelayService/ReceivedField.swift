import MailTypes
import SMTPTransport

/// The trace field on top of every message relayed (RFC 5321 §4.4):
///
///     Received: from client.test ([127.0.0.1])
///         by mta.test (Millrace) with ESMTPSA (TLSv1.3) id 0193…
///         for <b@y.test>; Mon, 23 Nov 2026 20:14:56 +0000
struct ReceivedField {
    /// What the client called itself.
    var client: String
    /// Its address; empty if unknown.
    var peer: String
    /// `ESMTPSA` and its like (RFC 3848, RFC 6531 §4.3).
    var keyword: String
    var tlsVersion: String?

    init(_ connection: SMTPServerConnection, _ kind: ListenerConfiguration.Kind) {
        client = connection.session.clientName
        peer = connection.peerAddress
        tlsVersion = connection.tls?.version
        keyword = Self.keyword(
            isLMTP: kind == .lmtp, isUTF8: connection.session.envelope.smtpUTF8,
            isExtended: connection.session.isExtended, isSecure: connection.session.isSecure,
            isAuthenticated: connection.session.authenticatedUser != nil)
    }

    init(client: String, peer: String, keyword: String, tlsVersion: String? = nil) {
        self.client = client
        self.peer = peer
        self.keyword = keyword
        self.tlsVersion = tlsVersion
    }

    static func keyword(
        isLMTP: Bool, isUTF8: Bool, isExtended: Bool, isSecure: Bool, isAuthenticated: Bool
    ) -> String {
        guard isExtended || isUTF8 || isSecure else { return "SMTP" }
        let base = isUTF8 ? (isLMTP ? "UTF8LMTP" : "UTF8SMTP") : (isLMTP ? "LMTP" : "ESMTP")
        return base + (isSecure ? "S" : "") + (isAuthenticated ? "A" : "")
    }

    func bytes(hostname: String, id: MessageID, envelope: Envelope, date: String) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        func add(_ text: String) { out.append(contentsOf: text.utf8) }
        add("Received: from ")
        add(Self.safe(client))
        add(peer.isEmpty ? " (unknown" : " ([\(peer)]")
        add(")\r\n\tby ")
        add(hostname)
        add(" (Millrace) with ")
        add(keyword)
        if let tlsVersion { add(" (\(tlsVersion))") }
        add(" id ")
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
        guard !name.utf8.allSatisfy(isNameByte) else { return name }
        return String(decoding: name.utf8.map { isNameByte($0) ? $0 : 0x3F }, as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5B, 0x5D, 0x5F, 0x61...0x7A, 0x2D, 0x2E: true  // digits, letters, : [ ] _ - .
        default: byte >= 0x80
        }
    }
}
