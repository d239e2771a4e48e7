package import MailTypes

/// Reads a message once, in pieces, and keeps what signatures need: its header and the hashes of its body.
package struct MessageHash {
    /// A header that is longer is not signed.
    package static let headerLimit = 262_144

    private let isStuffed: Bool
    private var header: [UInt8] = []
    private var bodies: [(form: CanonicalForm, body: CanonicalBody)] = []
    private let select: ([HeaderField]) -> Set<CanonicalForm>
    private let wire: WireForm
    private var isInHeader = true
    private var lineStart = true
    private var lineLength = 0

    /// - Parameters:
    ///   - forms: canonical forms of the body that are wanted.
    ///   - wire: how the content comes: dot-stuffed or as it is.
    package init(_ forms: Set<CanonicalForm>, _ wire: WireForm) { self.init(wire) { _ in forms } }

    /// For the signatures that `policy` has for the author; where it has none, the body costs nothing.
    package init(_ policy: DKIMPolicy, _ wire: WireForm) {
        self.init(wire) { fields in
            let author = HashedMessage(fields: fields, bodyHashes: [:]).authorDomain
            return Set(author.map { policy.signatures(for: $0).map(\.bodyForm) } ?? [])
        }
    }

    private init(_ wire: WireForm, select: @escaping ([HeaderField]) -> Set<CanonicalForm>) {
        self.wire = wire
        isStuffed = wire == .dotStuffed
        self.select = select
    }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while isInHeader, index < bytes.count {
            takeHeader(bytes[index])
            index += 1
        }
        guard index < bytes.count else { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
        for position in bodies.indices { bodies[position].body.feed(rest) }
    }

    private mutating func takeHeader(_ byte: UInt8) {
        if lineStart, isStuffed, byte == 0x2E {
            lineStart = false
            return
        }
        lineStart = byte == 0x0A
        if byte == 0x0A {
            if lineLength == 0 {
                if header.last == 0x0D { header.removeLast() }
                return endHeader()
            }
            lineLength = 0
        } else if byte != 0x0D {
            lineLength += 1
        }
        if header.count <= Self.headerLimit { header.append(byte) }
    }

    private mutating func endHeader() {
        isInHeader = false
        bodies = select(HeaderField.all(header)).map { ($0, CanonicalBody($0, wire)) }
    }

    /// What was read; nil if the header is too long to be signed.
    package mutating func finish() -> HashedMessage? {
        if isInHeader { endHeader() }
        guard header.count <= Self.headerLimit else { return nil }
        var hashes: [CanonicalForm: [UInt8]] = [:]
        for position in bodies.indices { hashes[bodies[position].form] = bodies[position].body.finish() }
        return HashedMessage(fields: HeaderField.all(header), bodyHashes: hashes)
    }
}

/// A message's header fields and the hashes of its body.
package struct HashedMessage: Sendable {
    package var fields: [HeaderField]
    let bodyHashes: [CanonicalForm: [UInt8]]

    /// The same with further fields on top.
    package func with(_ header: [UInt8]) -> HashedMessage {
        HashedMessage(fields: HeaderField.all(header) + fields, bodyHashes: bodyHashes)
    }

    /// The domain of the author in From, lower case; nil if there is not exactly one such field with one domain.
    package var authorDomain: String? {
        let from = fields.filter { $0.name == "from" }
        guard from.count == 1 else { return nil }
        return AuthorDomain.find(from[0].value)
    }
}

/// One header field with its folding (RFC 5322 §2.2).
package struct HeaderField: Sendable, Hashable {
    /// Lower case, without blanks.
    package let name: String
    /// All octets, CRLF at the end.
    let octets: [UInt8]
    private let colon: Int

    /// What stands behind the colon, CRLF included.
    var value: ArraySlice<UInt8> { octets[(colon + 1)...] }

    /// - Parameter header: without the empty line.
    static func all(_ header: [UInt8]) -> [HeaderField] {
        var fields: [HeaderField] = []
        var start = 0
        var index = 0
        while index < header.count {
            guard let end = header[index...].firstIndex(of: 0x0A) else { break }
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

    private init?(_ octets: [UInt8]) {
        guard let colon = octets.firstIndex(of: 0x3A) else { return nil }
        var name = octets[..<colon]
        while let last = name.last, last == 0x20 || last == 0x09 { name.removeLast() }
        guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.octets = octets
        self.colon = colon
        self.name = String(decoding: name, as: UTF8.self).lowercased()
    }

    /// In canonical form, CRLF included (RFC 6376 §3.4.1, §3.4.2).
    func canonical(_ form: CanonicalForm) -> [UInt8] {
        guard form == .relaxed else { return octets }
        var out = Array(name.utf8) + [0x3A]
        var blankWaits = false
        let start = out.count
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
        return out + [0x0D, 0x0A]
    }
}
