/// The name of a delivery's queue: `DESTINATION` for mail that leaves by the pool that is usual there,
/// `POOL>DESTINATION` for another pool, and `CAMPAIGN:TENANT@` in front of either for mail of a sender that has
/// settings of its own. Rules, next hops and policies are looked up by ``destination``.
///
///     gmail-smtp-in.l.google.com:25          the usual pool
///     bulk>example.org                       the pool `bulk`
///     bulk>mx:(mx1>backup).example.org       the same, to a site
///     acme@example.org                       mail of the tenant `acme`
///     spring:acme@bulk>example.org           of its campaign `spring`, by the pool `bulk`
///     spring:@example.org                    of the campaign, whoever's it is
///     example.org;tls=no                     mail that need not be encrypted
///
/// The names of sites have `>` in them, too, but only behind `mx:(`, and the name of a pool has neither. No destination
/// has an `@`, and none ends with `;tls=no`. What in the name of a tenant or campaign is no letter, digit, `.`, `-` or
/// `_` is `%` and two digits an octet.
package struct QueueName: Hashable, Sendable {
    /// Nil: nobody's in particular.
    package var tenant: String?
    package var campaign: String?
    /// Nil: the usual one.
    package var pool: String?
    package var destination: String
    /// For mail that need not be encrypted, where other mail has to be (``MessageLabels/isTLSOptional``).
    package var isTLSOptional = false

    package init(tenant: String? = nil, campaign: String? = nil, pool: String?, destination: String) {
        self.tenant = tenant
        self.campaign = campaign
        self.pool = pool
        self.destination = destination
    }

    /// Each text is the name of exactly one queue.
    package init(_ text: String) {
        let parts = Self.parts(of: text)
        self.init(pool: parts.pool.map { String($0) }, destination: String(parts.destination))
        isTLSOptional = text.hasSuffix(Self.optional)
        guard let end = Self.endOfOwner(text) else { return }
        (campaign, tenant) = Self.owner(text[..<end])
    }

    package var text: String {
        let way = (pool.map { "\($0)>\(destination)" } ?? destination) + (isTLSOptional ? Self.optional : "")
        return hasOwner ? Self.text(campaign, tenant) + way : way
    }

    /// It is some sender's own.
    package var hasOwner: Bool { tenant != nil || campaign != nil }

    /// The queue that everybody's mail has which goes the same way.
    package var ofEverybody: QueueName {
        var name = QueueName(pool: pool, destination: destination)
        name.isTLSOptional = isTLSOptional
        return name
    }

    /// The destination alone, without a copy where there is nothing else.
    package static func destination(of text: String) -> String {
        let destination = parts(of: text).destination
        return destination.utf8.count == text.utf8.count ? text : String(destination)
    }

    /// Where they stand, without copies.
    package static func parts(of text: String) -> (pool: Substring?, destination: Substring) {
        var way = endOfOwner(text).map { text[text.utf8.index(after: $0)...] } ?? text[...]
        if way.hasSuffix(optional) { way = way.dropLast(optional.count) }
        guard let end = endOfPool(way.utf8) else { return (nil, way) }
        return (way[..<end], way[way.utf8.index(after: end)...])
    }

    private static let optional = ";tls=no"

    /// What pools and sources may be called: letters, digits, `.`, `-` and `_`, at most 64.
    package static func isNameOfPool(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    private static func endOfPool(_ bytes: Substring.UTF8View) -> String.Index? {
        guard let end = bytes.firstIndex(where: { !isNameByte($0) }), bytes[end] == 0x3E, end != bytes.startIndex else {
            return nil
        }
        return end
    }
}

// The sender in front of it.
extension QueueName {
    /// The `@`; nil where nobody's name is in front of it, or not as it would be written here.
    private static func endOfOwner(_ text: String) -> String.Index? {
        guard let end = text.utf8.firstIndex(of: 0x40) else { return nil }
        let (campaign, tenant) = owner(text[..<end])
        guard campaign != nil || tenant != nil, Self.text(campaign, tenant).utf8.elementsEqual(text[...end].utf8) else {
            return nil
        }
        return end
    }

    private static func owner(_ text: Substring) -> (campaign: String?, tenant: String?) {
        let names = text.split(separator: ":", omittingEmptySubsequences: false).map(unescaped)
        switch names.count {
        case 1: return (nil, names[0])
        case 2: return (names[0], names[1])
        default: return (nil, nil)
        }
    }

    private static func text(_ campaign: String?, _ tenant: String?) -> String {
        (campaign.map { escaped($0) + ":" } ?? "") + (tenant.map(escaped) ?? "") + "@"
    }

    /// A sender's name as it stands in names of queues and keys of limits.
    package static func escaped(_ name: String) -> String {
        guard !name.utf8.allSatisfy(isNameByte) else { return name }
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in name.utf8 {
            if isNameByte(byte) {
                out.append(byte)
            } else {
                out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil: it is empty, or not so written.
    private static func unescaped(_ text: Substring) -> String? {
        var out: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                out.append(byte)
                continue
            }
            guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
            out.append(value)
            rest = rest.dropFirst(2)
        }
        return out.isEmpty ? nil : String(decoding: out, as: UTF8.self)
    }
}
