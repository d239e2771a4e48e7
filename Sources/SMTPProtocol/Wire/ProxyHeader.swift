/// What stands in front of a connection that a proxy passes on: the client's address (HAProxy's PROXY protocol,
/// versions 1 and 2). A pure value: bytes in, verdict out.
package struct ProxyHeader: Equatable, Sendable {
    /// An address as it came: text of version 1, made from the octets of version 2.
    package struct Peer: Equatable, Sendable {
        package var address: String
        package var port: Int
    }

    /// Nil: the proxy speaks for itself (LOCAL, UNKNOWN), or the client is no IP peer.
    package var source: Peer?
    package var destination: Peer?

    package enum Verdict: Equatable, Sendable {
        case needsInput
        /// - Parameter consumed: octets of the header; what follows is the client's.
        case header(ProxyHeader, consumed: Int)
        case malformed(String)
    }

    /// Longest line of version 1, CRLF included.
    package static let lineLimit = 107
    /// Octets of version 2 behind its fixed part; the specification's own advice for the address block is 216.
    package static let blockLimit = 4096
    static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    package init(source: Peer? = nil, destination: Peer? = nil) {
        self.source = source
        self.destination = destination
    }

    /// - Parameter bytes: all that was read of the connection so far.
    package static func parse(_ bytes: [UInt8]) -> Verdict {
        guard let first = bytes.first else { return .needsInput }
        return first == 0x50 ? line(bytes) : block(bytes)
    }

    // MARK: Version 1

    private static func line(_ bytes: [UInt8]) -> Verdict {
        let head = bytes.prefix(lineLimit)
        guard zip(head, "PROXY ".utf8).allSatisfy({ $0 == $1 }) else { return .malformed("no PROXY header") }
        guard let feed = head.firstIndex(of: 0x0A) else {
            return bytes.count < lineLimit ? .needsInput : .malformed("PROXY line longer than \(lineLimit) octets")
        }
        guard feed > 6, head[feed - 1] == 0x0D, let text = String(validating: head[..<(feed - 1)], as: UTF8.self) else {
            return .malformed("PROXY line without CRLF")
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        if words.count >= 2, words[1] == "UNKNOWN" { return .header(ProxyHeader(), consumed: feed + 1) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else {
            return .malformed("PROXY line: '\(text)'")
        }
        let isValid = words[1] == "TCP4" ? AddressLiteral.isIPv4 : AddressLiteral.isIPv6
        guard isValid(words[2]), isValid(words[3]), let source = port(words[4]), let destination = port(words[5]) else {
            return .malformed("PROXY line: '\(text)'")
        }
        return .header(
            ProxyHeader(
                source: Peer(address: String(words[2]), port: source),
                destination: Peer(address: String(words[3]), port: destination)), consumed: feed + 1)
    }

    private static func port(_ text: Substring) -> Int? {
        guard text.utf8.count <= 5, let number = parseDecimal(text), number < 65_536 else { return nil }
        return number
    }

    // MARK: Version 2

    private static func block(_ bytes: [UInt8]) -> Verdict {
        guard zip(bytes, signature).allSatisfy({ $0 == $1 }) else { return .malformed("no PROXY header") }
        guard bytes.count >= 16 else { return .needsInput }
        guard bytes[12] >> 4 == 2 else { return .malformed("PROXY version \(bytes[12] >> 4), expected 2") }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard length <= blockLimit else { return .malformed("PROXY block of \(length) octets, at most \(blockLimit)") }
        guard bytes.count >= 16 + length else { return .needsInput }
        let rest = bytes[16..<(16 + length)]
        switch bytes[12] & 15 {
        case 0: return .header(ProxyHeader(), consumed: 16 + length)  // LOCAL: a health check of the proxy's own
        case 1: break
        default: return .malformed("PROXY command \(bytes[12] & 15)")
        }
        // AF_INET and AF_INET6 over TCP; others carry no address of ours to use.
        let size: Int
        switch bytes[13] {
        case 0x11: size = 4
        case 0x21: size = 16
        default: return .header(ProxyHeader(), consumed: 16 + length)
        }
        guard rest.count >= 2 * size + 4 else { return .malformed("PROXY block of \(length) octets is too short") }
        guard extensionsAreWhole(rest.dropFirst(2 * size + 4)) else {
            return .malformed("PROXY extensions overlap the end")
        }
        let start = rest.startIndex
        func peer(_ offset: Int, _ portOffset: Int) -> Peer {
            Peer(
                address: text(rest[(start + offset)..<(start + offset + size)]),
                port: Int(rest[start + portOffset]) << 8 | Int(rest[start + portOffset + 1]))
        }
        return .header(
            ProxyHeader(source: peer(0, 2 * size), destination: peer(size, 2 * size + 2)), consumed: 16 + length)
    }

    /// Type, length and value of each, up to the very end.
    private static func extensionsAreWhole(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= 3 else { return false }
            let length = Int(rest[rest.startIndex + 1]) << 8 | Int(rest[rest.startIndex + 2])
            guard rest.count >= 3 + length else { return false }
            rest = rest.dropFirst(3 + length)
        }
        return true
    }

    private static func text(_ octets: ArraySlice<UInt8>) -> String {
        if octets.count == 4 { return octets.map(String.init).joined(separator: ".") }
        return stride(from: octets.startIndex, to: octets.endIndex, by: 2).map {
            String(Int(octets[$0]) << 8 | Int(octets[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }
}
