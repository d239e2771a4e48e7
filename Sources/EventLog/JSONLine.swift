import MailTypes
import TextCodecs

/// Writes one JSON object as a line, without a value in between: events are written by the million.
struct JSONLine {
    private var bytes: [UInt8]
    private var isFirst = true

    /// - Parameter bytes: what the line is put behind; empty until ``end(_:)``, so that nothing is copied.
    init(behind bytes: inout [UInt8]) {
        self.bytes = []
        swap(&self.bytes, &bytes)
        self.bytes.append(UInt8(ascii: "{"))
    }

    /// Closes the object and the line.
    mutating func end(_ out: inout [UInt8]) {
        bytes.append(contentsOf: "}\n".utf8)
        swap(&bytes, &out)
    }

    mutating func open(_ name: StaticString) {
        key(name)
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
    }

    mutating func close() {
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    private mutating func key(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(contentsOf: "\":".utf8)
    }

    private mutating func comma() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    /// A list of texts, also of one or none.
    mutating func add(_ name: StaticString, list: [String]) {
        key(name)
        append(list)
    }

    /// - Parameter name: any text.
    mutating func add(named name: String, list: [String]) {
        comma()
        append(name)
        bytes.append(UInt8(ascii: ":"))
        append(list)
    }

    /// - Parameter json: a whole value on one line.
    mutating func add(_ name: StaticString, json: String?) {
        guard let json else { return }
        key(name)
        bytes.append(contentsOf: json.utf8)
    }

    private mutating func append(_ list: [String]) {
        bytes.append(UInt8(ascii: "["))
        for (index, text) in list.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(text)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { JSONText.append($0, to: &bytes) }
    }

    mutating func add(_ name: StaticString, _ value: Int) {
        key(name)
        Decimal.append(value, to: &bytes)
    }

    mutating func add(_ name: StaticString, _ text: String?) {
        guard var text else { return }
        key(name)
        text.withUTF8 { JSONText.append($0, to: &bytes) }
    }

    /// Names in their order.
    mutating func add(_ name: StaticString, _ texts: [String: String]) {
        open(name)
        for (key, value) in texts.sorted(by: { $0.key < $1.key }) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            for (text, end) in [(key, UInt8?(UInt8(ascii: ":"))), (value, nil)] {
                var text = text
                text.withUTF8 { JSONText.append($0, to: &bytes) }
                if let end { bytes.append(end) }
            }
        }
        close()
    }

    mutating func add(_ name: StaticString, _ id: MessageID) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        id.appendHex(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func add(_ name: StaticString, _ address: MailAddress) {
        key(name)
        address.bytes.withUnsafeBufferPointer { JSONText.append($0, to: &bytes) }
    }

    /// One as a text, several as a list.
    mutating func add(_ name: StaticString, _ addresses: [MailAddress]) {
        guard addresses.count != 1 else { return add(name, addresses[0]) }
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, address) in addresses.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            address.bytes.withUnsafeBufferPointer { JSONText.append($0, to: &bytes) }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// RFC 3339, UTC, milliseconds.
    mutating func add(_ name: StaticString, time milliseconds: UInt64) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        Timestamp.append(milliseconds: milliseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// - Parameter normalised: instead of the reply's own code.
    mutating func add(
        _ name: StaticString, _ reply: SMTPReply, _ normalised: MailEvent.NormalisedCode? = nil, command: String? = nil
    ) {
        open(name)
        add("code", Int(reply.code))
        if let code = normalised?.code ?? reply.enhanced { add("enhanced_code", code) }
        add("enhanced_code_origin", normalised?.origin)
        add("content", reply.text)
        add("command", command)
        close()
    }

    private mutating func add(_ name: StaticString, _ code: EnhancedStatusCode) {
        open(name)
        add("class", Int(code.statusClass))
        add("subject", Int(code.subject))
        add("detail", Int(code.detail))
        close()
    }

    mutating func add(_ name: StaticString, _ source: MailEvent.Source) {
        open(name)
        add("address", source.address)
        add("protocol", source.proxyProtocol)
        add("server", source.proxyAddress)
        close()
    }

    /// One value as a text, several as a list.
    mutating func add(_ name: StaticString, _ fields: [LoggedField]) {
        open(name)
        for field in fields {
            comma()
            append(field.name)
            bytes.append(UInt8(ascii: ":"))
            if field.values.count == 1 { append(field.values[0]) } else { append(field.values) }
        }
        close()
    }

    mutating func add(_ name: StaticString, _ peer: MailEvent.Peer) {
        open(name)
        add("name", peer.name)
        add("addr", peer.address)
        close()
    }
}

extension MailEvent {
    /// Appends the event as a line of JSON. The type comes first: who wants only some kinds need not read on.
    package func append(to out: inout [UInt8]) {
        var line = JSONLine(behind: &out)
        line.add("type", kind.rawValue)
        line.add("timestamp", Int(milliseconds / 1000))
        line.add("event_time", time: milliseconds)
        if let id { line.add("id", id) }
        if let sender { line.add("sender", sender) }
        if !recipients.isEmpty { line.add("recipient", recipients) }
        line.add("queue", queue)
        if let size { line.add("size", size) }
        if let response { line.add("response", response, enhancedCode, command: command) }
        line.add("bounce_classification", classification)
        if let peer { line.add("peer_address", peer) }
        if let createdMilliseconds {
            line.add("created", Int(createdMilliseconds / 1000))
            line.add("created_time", time: createdMilliseconds)
        }
        if let attempts { line.add("num_attempts", Int(attempts)) }
        if let source { line.add("source_address", source) }
        line.add("egress_pool", egressPool)
        line.add("egress_source", egressSource)
        line.add("site", site)
        line.add("tenant", tenant)
        line.add("campaign", campaign)
        if !metadata.isEmpty { line.add("meta", metadata) }
        if !headers.isEmpty { line.add("headers", headers) }
        line.add("delivery_protocol", deliveryProtocol)
        line.add("reception_protocol", receptionProtocol)
        line.add("tls_protocol_version", tlsVersion)
        line.add("tls_cipher", tlsCipher)
        if !tlsPeerSubject.isEmpty { line.add("tls_peer_subject_name", list: tlsPeerSubject) }
        line.add("authn_id", user)
        line.add("listener", listener)
        line.add("session_id", session)
        line.add("nodeid", node)
        if let report { line.add(report) }
        if let automation { line.add(automation) }
        line.end(&out)
    }

    /// How a line of this kind begins.
    package static func prefix(_ kind: Kind) -> [UInt8] { Array("{\"type\":\"\(kind.rawValue)\",".utf8) }
}
