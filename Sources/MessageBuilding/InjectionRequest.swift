/// A request to `POST /api/inject/v1` as it was written (KumoMTA's shape). Unknown fields are refused, with a JSON
/// pointer (RFC 6901) to what is wrong.
package struct InjectionRequest: Sendable {
    package struct Fault: Error, Equatable, Sendable {
        package var pointer: String
        package var text: String
        package init(_ pointer: String, _ text: String) {
            self.pointer = pointer
            self.text = text
        }
    }

    package struct Recipient: Sendable {
        package var email: String
        package var name: String?
        package var substitutions: JSONValue
        /// Texts by name; other values as JSON.
        package var metadata: [String: String] = [:]
    }
    package struct Mailbox: Sendable {
        package var email: String
        package var name: String?
    }
    package struct Attachment: Sendable {
        package var data: String
        package var contentType: String
        package var contentID: String?
        package var fileName: String?
        package var isBase64: Bool
    }
    package struct Built: Sendable {
        package var text: String?
        package var html: String?
        package var amp: String?
        package var headers: [(name: String, value: String)] = []
        package var from: Mailbox?
        package var subject: String?
        package var replyTo: Mailbox?
        package var attachments: [Attachment] = []
    }
    package enum Content: Sendable {
        case whole(String)
        case built(Built)
    }
    package struct TraceHeaders: Sendable {
        package var received = false
        package var supplemental = true
        package var field = SupplementalField()
    }

    package static let recipientLimit = 100_000
    /// Entries of a recipient's metadata, and octets of a name or value.
    package static let metadataLimit = 64
    package static let metadataOctets = 1_024

    package var sender: String
    package var recipients: [Recipient]
    package var content: Content
    package var substitutions: JSONValue
    package var dialect: Template.Dialect
    package var trace: TraceHeaders
    package var isDeferredGeneration: Bool
    /// The client would rather have a quick answer than a safe message.
    package var isDeferredSpool: Bool

    package init(_ json: JSONValue) throws(Fault) {
        let top = try Fields(
            json, "",
            [
                "envelope_sender", "recipients", "content", "substitutions", "deferred_spool", "deferred_generation",
                "trace_headers", "template_dialect",
            ])
        sender = try top.required("envelope_sender", try top.text("envelope_sender"))
        recipients = try Self.recipients(top)
        content = try Self.content(top)
        substitutions = try top.object("substitutions") ?? .object([])
        isDeferredSpool = try top.flag("deferred_spool") ?? false
        isDeferredGeneration = try top.flag("deferred_generation") ?? false
        let dialect = try top.text("template_dialect") ?? Template.Dialect.jinja.rawValue
        guard let known = Template.Dialect(rawValue: dialect) else {
            throw Fault("/template_dialect", "'\(dialect)': expected Jinja, Static or Handlebars")
        }
        self.dialect = known
        trace = try Self.trace(top)
    }

    private static func recipients(_ top: Fields) throws(Fault) -> [Recipient] {
        let list = try top.required("recipients", try top.list("recipients"))
        guard list.count <= recipientLimit else { throw Fault("/recipients", "more than \(recipientLimit)") }
        var found: [Recipient] = []
        found.reserveCapacity(list.count)
        for (index, item) in list.enumerated() {
            let fields = try Fields(item, "/recipients/\(index)", ["email", "name", "substitutions", "metadata"])
            let metadata = try Self.metadata(fields)
            found.append(
                Recipient(
                    email: try fields.required("email", try fields.text("email")), name: try fields.text("name"),
                    substitutions: try fields.object("substitutions") ?? .object([]),
                    metadata: metadata))
        }
        return found
    }

    private static func metadata(_ fields: Fields) throws(Fault) -> [String: String] {
        guard case .object(let members)? = try fields.object("metadata") else { return [:] }
        guard members.count <= metadataLimit else {
            throw Fault("\(fields.pointer)/metadata", "more than \(metadataLimit)")
        }
        var found: [String: String] = [:]
        for member in members {
            let text: String
            switch member.value {
            case .null: continue
            case .string(let value): text = value
            case .number(let value): text = value
            case .bool(let value): text = value ? "true" : "false"
            default:
                throw Fault(
                    "\(fields.pointer)/metadata/" + escaped(member.key),
                    "\(member.value.kind): expected a text, a number, or true or false")
            }
            let pointer = "\(fields.pointer)/metadata/" + escaped(member.key)
            guard member.key.utf8.count <= metadataOctets, text.utf8.count <= metadataOctets else {
                throw Fault(pointer, "longer than \(metadataOctets) octets")
            }
            found[member.key] = text
        }
        return found
    }

    private static func content(_ top: Fields) throws(Fault) -> Content {
        let value = try top.required("content", top["content"])
        if case .string(let text) = value { return .whole(text) }
        guard case .object = value else { throw Fault("/content", "\(value.kind): expected a text or an object") }
        let fields = try Fields(
            value, "/content",
            ["text_body", "html_body", "amp_html_body", "headers", "from", "subject", "reply_to", "attachments"])
        var built = Built()
        built.text = try fields.text("text_body")
        built.html = try fields.text("html_body")
        built.amp = try fields.text("amp_html_body")
        built.subject = try fields.text("subject")
        built.from = try mailbox(fields, "from")
        built.replyTo = try mailbox(fields, "reply_to")
        if case .object(let members)? = try fields.object("headers") {
            for member in members {
                guard case .string(let text) = member.value else {
                    throw Fault("/content/headers/" + escaped(member.key), "\(member.value.kind): expected a text")
                }
                built.headers.append((member.key, text))
            }
        }
        for (index, item) in (try fields.list("attachments") ?? []).enumerated() {
            built.attachments.append(try attachment(item, "/content/attachments/\(index)"))
        }
        return .built(built)
    }

    private static func mailbox(_ fields: Fields, _ key: String) throws(Fault) -> Mailbox? {
        guard let value = try fields.object(key) else { return nil }
        let inner = try Fields(value, fields.pointer + "/" + key, ["email", "name"])
        return Mailbox(email: try inner.required("email", try inner.text("email")), name: try inner.text("name"))
    }

    private static func attachment(_ item: JSONValue, _ pointer: String) throws(Fault) -> Attachment {
        let fields = try Fields(item, pointer, ["data", "content_type", "content_id", "file_name", "base64"])
        return Attachment(
            data: try fields.required("data", try fields.text("data")),
            contentType: try fields.required("content_type", try fields.text("content_type")),
            contentID: try fields.text("content_id"), fileName: try fields.text("file_name"),
            isBase64: try fields.flag("base64") ?? false)
    }

    private static func trace(_ top: Fields) throws(Fault) -> TraceHeaders {
        var trace = TraceHeaders()
        guard let value = try top.object("trace_headers") else { return trace }
        let fields = try Fields(
            value, "/trace_headers", ["received_header", "supplemental_header", "header_name", "include_meta_names"])
        trace.received = try fields.flag("received_header") ?? trace.received
        trace.supplemental = try fields.flag("supplemental_header") ?? trace.supplemental
        trace.field.name = try fields.text("header_name") ?? trace.field.name
        let names = try fields.list("include_meta_names") ?? []
        guard names.count <= metadataLimit else {
            throw Fault("/trace_headers/include_meta_names", "more than \(metadataLimit)")
        }
        for (index, name) in names.enumerated() {
            guard case .string(let text) = name else {
                throw Fault("/trace_headers/include_meta_names/\(index)", "\(name.kind): expected a text")
            }
            trace.field.metaNames.append(text)
        }
        guard HeaderText.isName(trace.field.name) else {
            throw Fault("/trace_headers/header_name", "'\(trace.field.name)' is no field name")
        }
        return trace
    }

    /// A key within a pointer (RFC 6901 §3).
    package static func escaped(_ key: String) -> String {
        key.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}

/// The members of an object, each known beforehand.
private struct Fields {
    let pointer: String
    private let members: [JSONValue.Member]

    init(_ value: JSONValue, _ pointer: String, _ allowed: [String]) throws(InjectionRequest.Fault) {
        guard case .object(let list) = value else {
            throw .init(pointer, "\(value.kind): expected an object")
        }
        for member in list where !allowed.contains(member.key) {
            throw .init(
                pointer + "/" + InjectionRequest.escaped(member.key),
                "unknown field; allowed: \(allowed.sorted().joined(separator: ", "))")
        }
        self.pointer = pointer
        members = list
    }

    subscript(key: String) -> JSONValue? {
        guard let member = members.first(where: { $0.key == key }) else { return nil }
        // null is as good as not there.
        if case .null = member.value { return nil }
        return member.value
    }

    func required<Value>(_ key: String, _ value: Value?) throws(InjectionRequest.Fault) -> Value {
        guard let value else { throw .init("\(pointer)/\(key)", "is missing") }
        return value
    }

    func text(_ key: String) throws(InjectionRequest.Fault) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw wrong(key, value, "a text") }
        return text
    }

    func flag(_ key: String) throws(InjectionRequest.Fault) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let flag) = value else { throw wrong(key, value, "true or false") }
        return flag
    }

    func list(_ key: String) throws(InjectionRequest.Fault) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard case .array(let items) = value else { throw wrong(key, value, "a list") }
        return items
    }

    func object(_ key: String) throws(InjectionRequest.Fault) -> JSONValue? {
        guard let value = self[key] else { return nil }
        guard case .object = value else { throw wrong(key, value, "an object") }
        return value
    }

    private func wrong(_ key: String, _ value: JSONValue, _ wanted: String) -> InjectionRequest.Fault {
        .init("\(pointer)/\(key)", "\(value.kind): expected \(wanted)")
    }
}

/// What may stand in a header field (RFC 5322 §2.2): nobody gets a field of his own out of a value.
enum HeaderText {
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 76 && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
    }
    /// Lines of at most 998 octets (RFC 5322 §2.1.1).
    static func fits(_ field: String) -> Bool {
        field.utf8.split(separator: 0x0A).allSatisfy { $0.count <= ($0.last == 0x0D ? 999 : 998) }
    }
    static let tooLong = "a line longer than 998 octets (RFC 5322 §2.1.1)"
    static func isValue(_ value: String) -> Bool {
        !value.unicodeScalars.contains { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }
    }
}
