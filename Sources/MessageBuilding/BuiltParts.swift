import TextCodecs

/// The templates of a built message, compiled once, and how they become MIME (RFC 2045, RFC 2046, RFC 2387).
struct BuiltParts: Sendable {
    typealias Fault = InjectionRequest.Fault

    private struct Field: Sendable {
        var name: String
        var pointer: String
        var value: Template
    }
    private struct Mailbox: Sendable {
        var field: String
        var pointer: String
        var email: Template
        var name: Template?
    }
    private struct Body: Sendable {
        var subtype: String
        var pointer: String
        var text: Template
    }

    private var fields: [Field] = []
    private var mailboxes: [Mailbox] = []
    private var bodies: [Body] = []
    private var inline: [[UInt8]] = []
    private var attached: [[UInt8]] = []
    let isConstant: Bool

    init(_ content: InjectionRequest.Built, _ dialect: Template.Dialect) throws(Fault) {
        var all: [Template] = []
        func template(_ text: String, _ pointer: String, isHTML: Bool = false) throws(Fault) -> Template {
            do throws(Template.Fault) {
                let made = try Template(text, dialect, isHTML: isHTML)
                all.append(made)
                return made
            } catch { throw Fault(pointer, error.text) }
        }
        for (name, value) in content.headers {
            let pointer = "/content/headers/" + InjectionRequest.escaped(name)
            guard HeaderText.isName(name) else { throw Fault(pointer, "'\(name)' is no field name") }
            guard !Self.ours.contains(name.lowercased()) else { throw Fault(pointer, "'\(name)' is set by the server") }
            fields.append(Field(name: name, pointer: pointer, value: try template(value, pointer)))
        }
        if let subject = content.subject {
            fields.append(
                Field(name: "Subject", pointer: "/content/subject", value: try template(subject, "/content/subject")))
        }
        for (field, key, mailbox) in [("From", "from", content.from), ("Reply-To", "reply_to", content.replyTo)] {
            guard let mailbox else { continue }
            let pointer = "/content/\(key)"
            let name: Template?
            if let text = mailbox.name { name = try template(text, pointer + "/name") } else { name = nil }
            mailboxes.append(
                Mailbox(
                    field: field, pointer: pointer, email: try template(mailbox.email, pointer + "/email"), name: name))
        }
        for (subtype, key, text) in [
            ("plain", "text_body", content.text), ("x-amp-html", "amp_html_body", content.amp),
            ("html", "html_body", content.html),
        ] {
            guard let text else { continue }
            let pointer = "/content/\(key)"
            bodies.append(
                Body(subtype: subtype, pointer: pointer, text: try template(text, pointer, isHTML: subtype != "plain")))
        }
        guard !bodies.isEmpty || !content.attachments.isEmpty else {
            throw Fault("/content", "expected text_body, html_body or attachments")
        }
        isConstant = all.allSatisfy(\.isConstant)
        for (index, attachment) in content.attachments.enumerated() {
            let part = try Self.part(attachment, "/content/attachments/\(index)")
            if attachment.contentID == nil { attached.append(part) } else { inline.append(part) }
        }
    }

    private static let ours: Set<String> = ["mime-version", "content-type", "content-transfer-encoding", "bcc"]

    // MARK: Bytes

    /// The header rest, the empty line and the body.
    func bytes(
        _ values: [JSONValue], _ budget: inout TemplateBudget, hostname: String, date: String, newID: () -> String
    ) throws(Fault) -> [UInt8] {
        var out: [UInt8] = []
        func line(_ text: String) { out += Array((text + "\r\n").utf8) }
        let names = Set(fields.map { $0.name.lowercased() })
        for mailbox in mailboxes where !names.contains(mailbox.field.lowercased()) {
            line(try Self.line(mailbox, values, &budget))
        }
        for field in fields {
            let value = try Self.rendered(field.value, values, field.pointer, &budget)
            guard HeaderText.isValue(value) else { throw Fault(field.pointer, "control characters in a field") }
            let text = "\(field.name): \(TransferEncoding.words(value))"
            guard HeaderText.fits(text) else { throw Fault(field.pointer, HeaderText.tooLong) }
            line(text)
        }
        if !names.contains("date") { line("Date: \(date)") }
        if !names.contains("message-id") { line("Message-ID: <\(newID())@\(hostname)>") }
        line("MIME-Version: 1.0")
        return out + (try body(values, &budget, newID))
    }

    private static func rendered(
        _ template: Template, _ values: [JSONValue], _ pointer: String, _ budget: inout TemplateBudget
    ) throws(Fault) -> String {
        do throws(Template.Fault) { return try template.render(values, &budget) } catch {
            throw Fault(pointer, error.text)
        }
    }

    private static func line(
        _ mailbox: Mailbox, _ values: [JSONValue], _ budget: inout TemplateBudget
    ) throws(Fault) -> String {
        let email = try rendered(mailbox.email, values, mailbox.pointer + "/email", &budget)
        let isAddress =
            email.contains("@") && HeaderText.isValue(email) && !email.utf8.contains { "<>,; ".utf8.contains($0) }
        guard isAddress else { throw Fault(mailbox.pointer + "/email", "'\(email)': expected one address") }
        var name = ""
        if let template = mailbox.name { name = try rendered(template, values, mailbox.pointer + "/name", &budget) }
        guard HeaderText.isValue(name) else { throw Fault(mailbox.pointer + "/name", "control characters in a name") }
        let text = "\(mailbox.field): \(name.isEmpty ? "" : TransferEncoding.phrase(name) + " ")<\(email)>"
        guard HeaderText.fits(text) else { throw Fault(mailbox.pointer, HeaderText.tooLong) }
        return text
    }

    /// alternative within related within mixed, each only where it is needed.
    private func body(
        _ values: [JSONValue], _ budget: inout TemplateBudget, _ newID: () -> String
    ) throws(Fault) -> [UInt8] {
        var texts: [[UInt8]] = []
        for body in bodies {
            let text = try Self.rendered(body.text, values, body.pointer, &budget)
            let (encoding, bytes) = TransferEncoding.text(text)
            texts.append(Self.part("text/\(body.subtype); charset=utf-8", encoding, bytes))
        }
        if texts.count > 1 { texts = [Self.multipart("alternative", texts, newID())] }
        if !inline.isEmpty { texts = [Self.multipart("related", texts + inline, newID())] }
        let parts = texts + attached
        return parts.count == 1 ? parts[0] : Self.multipart("mixed", parts, newID())
    }

    private static func part(_ type: String, _ encoding: String, _ bytes: [UInt8]) -> [UInt8] {
        Array("Content-Type: \(type)\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n".utf8) + bytes
    }

    private static func multipart(_ subtype: String, _ parts: [[UInt8]], _ boundary: String) -> [UInt8] {
        var out = Array("Content-Type: multipart/\(subtype); boundary=\"\(boundary)\"\r\n\r\n".utf8)
        for part in parts {
            out += Array("--\(boundary)\r\n".utf8)
            out += part
            if out.last != 0x0A { out += [0x0D, 0x0A] }
        }
        return out + Array("--\(boundary)--\r\n".utf8)
    }

    private static func part(_ attachment: InjectionRequest.Attachment, _ pointer: String) throws(Fault) -> [UInt8] {
        guard HeaderText.isValue(attachment.contentType), attachment.contentType.contains("/"),
            attachment.contentType.utf8.allSatisfy({ $0 < 0x80 })
        else { throw Fault(pointer + "/content_type", "expected a type such as image/png") }
        var header = "Content-Type: \(attachment.contentType)\r\nContent-Transfer-Encoding: base64\r\n"
        header += "Content-Disposition: \(attachment.contentID == nil ? "attachment" : "inline")"
        if let name = attachment.fileName {
            guard HeaderText.isValue(name) else { throw Fault(pointer + "/file_name", "control characters in a name") }
            header += ";\r\n " + fileName(name)
        }
        header += "\r\n"
        if let id = attachment.contentID {
            guard !id.isEmpty, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }) else {
                throw Fault(pointer + "/content_id", "'\(id)': expected printable ASCII")
            }
            header += "Content-ID: <\(id)>\r\n"
        }
        guard HeaderText.fits(header) else { throw Fault(pointer, HeaderText.tooLong) }
        var data = Array(attachment.data.utf8)
        if attachment.isBase64 {
            // Clients wrap it.
            guard let decoded = Base64.decode(data.filter { $0 != 0x0D && $0 != 0x0A }) else {
                throw Fault(pointer + "/data", "not base64")
            }
            data = decoded
        }
        return Array((header + "\r\n").utf8) + TransferEncoding.base64(data)
    }

    /// RFC 2183, and RFC 2231 for what is not ASCII.
    private static func fileName(_ name: String) -> String {
        if name.utf8.allSatisfy({ $0 < 0x80 }) {
            return "filename=\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        let hex = Array("0123456789ABCDEF")
        return "filename*=utf-8''"
            + name.utf8.map { byte in
                let isPlain =
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x2E || byte == 0x2D || byte == 0x5F
                return isPlain ? String(Unicode.Scalar(byte)) : "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
            }.joined()
    }
}
