import Glibc
package import MailTypes

/// Reads a message once, in pieces, and keeps what signatures need: its header and the hashes of its body.
package struct MessageHash {
    /// A header that is longer is not signed.
    package static let headerLimit = 262_144

    private let isStuffed: Bool
    private var header: [UInt8] = []
    private var bodies: [(kind: BodyHashKind, body: CanonicalBody)] = []
    private let select: (_ fields: [HeaderField], _ author: String?) -> Set<BodyHashKind>
    private var fields: [HeaderField] = []
    private var author: String?
    private let wire: WireForm
    private var isInHeader = true
    private var isLineStart = true
    /// Nothing but CR so far.
    private var isLineEmpty = true

    /// - Parameters:
    ///   - forms: canonical forms of the body that are wanted.
    ///   - wire: how the content comes: dot-stuffed or as it is.
    package init(_ forms: Set<CanonicalForm>, _ wire: WireForm) {
        let kinds = Set(forms.map { BodyHashKind($0) })
        self.init(wire) { _, _ in kinds }
    }

    /// For the signatures that `policy` has for the author; where it has none, the body costs nothing.
    package init(_ policy: DKIMPolicy, _ wire: WireForm) {
        self.init(wire) { _, author in
            Set(author.map { policy.signatures(for: $0).map { BodyHashKind($0.bodyForm) } } ?? [])
        }
    }

    /// - Parameter select: which hashes of the body are wanted, asked once the header is there.
    package init(
        _ wire: WireForm, select: @escaping (_ fields: [HeaderField], _ author: String?) -> Set<BodyHashKind>
    ) {
        self.wire = wire
        isStuffed = wire == .dotStuffed
        self.select = select
    }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while isInHeader, !rest.isEmpty { rest = takeLine(rest) }
        guard !rest.isEmpty else { return }
        for position in bodies.indices { bodies[position].body.feed(rest) }
    }

    /// Takes what there is of the header's next line.
    /// - Returns: what stands behind it.
    private mutating func takeLine(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let base = bytes.baseAddress!
        let end = memchr(base, 0x0A, bytes.count).map { base.distance(to: UnsafeRawPointer($0)) }
        var line = UnsafeRawBufferPointer(rebasing: bytes[..<(end.map { $0 + 1 } ?? bytes.count)])
        let rest = UnsafeRawBufferPointer(rebasing: bytes[line.count...])
        if isLineStart, isStuffed, line.first == 0x2E { line = UnsafeRawBufferPointer(rebasing: line[1...]) }
        isLineStart = end != nil
        let text = end == nil ? line : UnsafeRawBufferPointer(rebasing: line.dropLast())
        if isLineEmpty { isLineEmpty = text.allSatisfy { $0 == 0x0D } }
        if end != nil, isLineEmpty {
            if header.last == 0x0D { header.removeLast() }
            endHeader()
            return rest
        }
        if end != nil { isLineEmpty = true }
        if header.count <= Self.headerLimit { header.append(contentsOf: line) }
        return rest
    }

    private mutating func endHeader() {
        isInHeader = false
        fields = HeaderField.all(header)
        author = HashedMessage.authorDomain(fields)
        bodies = select(fields, author).map { ($0, CanonicalBody($0, wire)) }
    }

    /// What was read; nil if the header is too long to be signed.
    package mutating func finish() -> HashedMessage? {
        if isInHeader { endHeader() }
        guard header.count <= Self.headerLimit else { return nil }
        var digests: [BodyHashKind: BodyDigest] = [:]
        for position in bodies.indices { digests[bodies[position].kind] = bodies[position].body.finish() }
        return HashedMessage(fields: fields, authorDomain: author, bodies: digests)
    }
}

/// A message's header fields and the hashes of its body.
package struct HashedMessage: Sendable {
    package let fields: [HeaderField]
    /// The domain of the author in From, lower case. Nil: it is not clear who that is: there are several such fields, several
    /// domains, or one that ends in the middle. Empty: no address is there.
    package let authorDomain: String?
    /// Of each kind that was asked for.
    package let bodies: [BodyHashKind: BodyDigest]

    /// The same with further fields on top.
    package func with(_ header: [UInt8]) -> HashedMessage {
        let all = HeaderField.all(header) + fields
        return HashedMessage(fields: all, authorDomain: Self.authorDomain(all), bodies: bodies)
    }

    static func authorDomain(_ fields: [HeaderField]) -> String? {
        let from = fields.filter { $0.name == "from" }
        return from.count > 1 ? nil : from.first.map { AuthorDomain.find($0.value) } ?? ""
    }
}

/// One header field with its folding (RFC 5322 §2.2).
package struct HeaderField: Sendable, Hashable {
    /// Lower case, without blanks.
    package let name: String
    /// All octets, CRLF at the end.
    package let octets: [UInt8]
    private let colon: Int

    /// What stands behind the colon, CRLF included.
    package var value: ArraySlice<UInt8> { octets[(colon + 1)...] }

    /// - Parameter header: without the empty line.
    package static func all(_ header: [UInt8]) -> [HeaderField] {
        var fields: [HeaderField] = []
        var start = 0
        var index = 0
        while let end = lineEnd(header, from: index) {
            index = end + 1
            // A line that begins with a blank goes on with the field before.
            if index < header.count, header[index] == 0x20 || header[index] == 0x09 { continue }
            if let field = HeaderField(Array(header[start..<index])) { fields.append(field) }
            start = index
        }
        if start < header.count, let field = HeaderField(Array(header[start...]) + [0x0D, 0x0A]) {
            fields.append(field)
        }
        return fields
    }

    private static func lineEnd(_ header: [UInt8], from start: Int) -> Int? {
        header.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress else { return nil }
            return memchr(base + start, 0x0A, bytes.count - start).map { base.distance(to: UnsafeRawPointer($0)) }
        }
    }

    private init?(_ octets: [UInt8]) {
        guard let colon = octets.firstIndex(of: 0x3A) else { return nil }
        var end = colon
        while end > 0, octets[end - 1] == 0x20 || octets[end - 1] == 0x09 { end -= 1 }
        guard end > 0, octets[..<end].allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.octets = octets
        self.colon = colon
        name = String(unsafeUninitializedCapacity: end) { out in
            for index in 0..<end {
                let byte = octets[index]
                out[index] = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            }
            return end
        }
    }

    /// In canonical form, CRLF included (RFC 6376 §3.4.1, §3.4.2).
    package func appendCanonical(_ form: CanonicalForm, to out: inout [UInt8]) {
        guard form == .relaxed else { return out.append(contentsOf: octets) }
        Self.appendRelaxed(name, value, to: &out)
    }

    /// A field of ours, without the CRLF at its end; with one in canonical form.
    package static func appendCanonical(_ field: [UInt8], name: String, _ form: CanonicalForm, to out: inout [UInt8]) {
        guard form == .relaxed else {
            out.append(contentsOf: field)
            return out.append(contentsOf: [0x0D, 0x0A])
        }
        appendRelaxed(name, field[(name.utf8.count + 1)...], to: &out)
    }

    private static func appendRelaxed(_ name: String, _ value: ArraySlice<UInt8>, to out: inout [UInt8]) {
        out.append(contentsOf: name.utf8)
        out.append(0x3A)
        let start = out.count
        var blankWaits = false
        value.withUnsafeBufferPointer { value in
            for byte in value {
                switch byte {
                case 0x20, 0x09: blankWaits = true
                case 0x0D, 0x0A: break  // unfolded
                default:
                    if blankWaits, out.count > start { out.append(0x20) }
                    blankWaits = false
                    out.append(byte)
                }
            }
        }
        out.append(0x0D)
        out.append(0x0A)
    }
}
