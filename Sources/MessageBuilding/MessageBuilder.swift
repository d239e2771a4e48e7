import TextCodecs

/// Content for recipients: what they share, and what stands in front of it for each.
package struct BuiltContent: Sendable {
    /// Index in the request, and fields in front of the content for this recipient alone, CRLF ended.
    package var recipients: [(index: Int, header: [UInt8])]
    /// The rest of the header, the empty line and the body: raw, CRLF line ends.
    package var shared: [UInt8]
}

/// Makes messages out of a request (RFC 5322, RFC 2045–2047, RFC 2387). What does not differ between recipients is made
/// once; randomness and time are parameters.
package struct MessageBuilder: Sendable {
    package typealias Fault = InjectionRequest.Fault

    /// Octets of all messages of one request together. They are made before the first is taken, so that a mistake in
    /// the last refuses all; a template and a hundred thousand recipients in a small request could ask for any amount.
    package static let sizeLimit = 256 << 20

    private let request: InjectionRequest
    private let hostname: String
    /// For Date, RFC 5322.
    private let date: String
    /// A fresh id for each call: of boundaries and messages.
    private let newID: @Sendable () -> String

    package init(
        _ request: InjectionRequest, hostname: String, date: String, newID: @escaping @Sendable () -> String
    ) {
        self.request = request
        self.hostname = hostname
        self.date = date
        self.newID = newID
    }

    /// - Parameter budget: what it may cost.
    /// - Throws: ``Fault`` for content that cannot become a message.
    package func build(_ budget: inout TemplateBudget) throws(Fault) -> [BuiltContent] {
        switch request.content {
        case .whole(let text): return try whole(text, &budget)
        case .built(let content): return try built(content, &budget)
        }
    }

    private func values(_ recipient: InjectionRequest.Recipient) -> [JSONValue] {
        var own = [JSONValue.Member("email", .string(recipient.email))]
        // Without a name there is none: {{ name | default("you") }}.
        if let name = recipient.name { own.append(.init("name", .string(name))) }
        return [recipient.substitutions, request.substitutions, .object(own)]
    }

    private func template(_ text: String, _ pointer: String, isHTML: Bool = false) throws(Fault) -> Template {
        do throws(Template.Fault) { return try Template(text, request.dialect, isHTML: isHTML) } catch {
            throw Fault(pointer, error.text)
        }
    }

    // MARK: A whole message

    private func whole(_ text: String, _ budget: inout TemplateBudget) throws(Fault) -> [BuiltContent] {
        let template = try template(text, "/content")
        if template.isConstant {
            return [try shared(try checked(try rendered(template, [], &budget)), nil)]
        }
        var contents: [BuiltContent] = []
        for (index, recipient) in request.recipients.enumerated() {
            contents.append(try shared(try checked(try rendered(template, values(recipient), &budget)), index))
            try count(contents[index].shared, &budget)
        }
        return contents
    }

    private func rendered(
        _ template: Template, _ values: [JSONValue], _ budget: inout TemplateBudget
    ) throws(Fault) -> String {
        do throws(Template.Fault) { return try template.render(values, &budget) } catch {
            throw Fault("/content", error.text)
        }
    }

    private func count(_ content: [UInt8], _ budget: inout TemplateBudget) throws(Fault) {
        guard budget.takeBuilt(content.count) else {
            throw Fault("/recipients", "messages of more than \(Self.sizeLimit) octets together: take several requests")
        }
    }

    /// Line ends as CRLF; nothing in it that SMTP would read as something else.
    private func checked(_ text: String) throws(Fault) -> [UInt8] {
        let bytes = TransferEncoding.lines(text)
        guard !bytes.contains(0) else { throw Fault("/content", "a NUL in the message") }
        try checkLines(bytes)
        guard let first = bytes.firstIndex(of: 0x0A), first > 1, bytes[..<first].contains(0x3A) else {
            throw Fault("/content", "expected a message: header fields, an empty line, a body")
        }
        return bytes
    }

    private func checkLines(_ bytes: [UInt8]) throws(Fault) {
        var length = 0
        for byte in bytes {
            length = byte == 0x0A ? 0 : length + 1
            guard length <= 999 else { throw Fault("/content", "a line longer than 998 octets (RFC 5322 §2.1.1)") }
        }
    }

    /// - Parameter only: the one recipient; nil: all.
    private func shared(_ bytes: [UInt8], _ only: Int?) throws(Fault) -> BuiltContent {
        let indices = only.map { $0..<($0 + 1) } ?? request.recipients.indices
        return BuiltContent(recipients: indices.map { ($0, reference(request.recipients[$0])) }, shared: bytes)
    }

    private func reference(_ recipient: InjectionRequest.Recipient) -> [UInt8] {
        guard request.trace.supplemental else { return [] }
        return request.trace.field.bytes(recipient: recipient.email) { recipient.metadata[$0] }
    }

    // MARK: Parts put together

    private func built(
        _ content: InjectionRequest.Built, _ budget: inout TemplateBudget
    ) throws(Fault) -> [BuiltContent] {
        let parts = try BuiltParts(content, request.dialect)
        let hasTo = content.headers.contains { $0.name.lowercased() == "to" }
        var isShared = false
        var contents: [BuiltContent] = []
        for (index, recipient) in request.recipients.enumerated() {
            var header = reference(recipient)
            if !hasTo { header += try to(recipient, index) }
            if isShared {
                contents[0].recipients.append((index, header))
                continue
            }
            let rest = try parts.bytes(values(recipient), &budget, hostname: hostname, date: date, newID: newID)
            contents.append(BuiltContent(recipients: [(index, header)], shared: rest))
            try checkLines(rest)
            try count(rest, &budget)
            isShared = parts.isConstant
        }
        return contents
    }

    private func to(_ recipient: InjectionRequest.Recipient, _ index: Int) throws(Fault) -> [UInt8] {
        guard HeaderText.isValue(recipient.email), !recipient.email.utf8.contains(where: { "<>,;".utf8.contains($0) })
        else {
            throw Fault("/recipients/\(index)/email", "expected one address")
        }
        guard HeaderText.isValue(recipient.name ?? "") else {
            throw Fault("/recipients/\(index)/name", "control characters in a name")
        }
        let name = recipient.name.map { $0.isEmpty ? "" : TransferEncoding.phrase($0) + " " } ?? ""
        let text = "To: \(name)<\(recipient.email)>\r\n"
        guard HeaderText.fits(text) else { throw Fault("/recipients/\(index)", HeaderText.tooLong) }
        return Array(text.utf8)
    }
}
