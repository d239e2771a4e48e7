/// An address block in CIDR form: `192.0.2.0/24`, `2001:db8::/32`, or one address.
///
/// Addresses are held as 16 octets; IPv4 as `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), so that an IPv4 client that came
/// in over an IPv6 socket is in the same block as one that did not.
package struct NetworkPrefix: Hashable, Sendable {
    package let address: NetworkAddress
    /// Bits that count, 0…128; IPv4 prefixes are 96 longer than they are written.
    package let length: Int

    /// - Parameter text: an address, or `address/length`; bits behind the prefix must be zero.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = NetworkAddress(String(parts[0])) else { return nil }
        let most = address.isIPv4 ? 32 : 128
        var bits = most
        if parts.count == 2 {
            guard parts[1].utf8.count <= 3, !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(parts[1]), number <= most
            else { return nil }
            bits = number
        }
        length = address.isIPv4 ? bits + 96 : bits
        guard address.masked(to: length) == address else { return nil }
        self.address = address
    }

    /// The block of this length that the address is in.
    /// - Parameter bits: 0…128, also of IPv4.
    package init(_ address: NetworkAddress, bits: Int) {
        length = bits
        self.address = address.masked(to: bits)
    }

    package func contains(_ other: NetworkAddress) -> Bool { other.masked(to: length) == address }
}

extension NetworkPrefix: CustomStringConvertible {
    package var description: String { "\(address)/\(address.isIPv4 ? length - 96 : length)" }
}

/// An IP address without a port.
package struct NetworkAddress: Hashable, Sendable {
    /// The first and the last eight octets, most significant first.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(ipv4: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(ipv4)) }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }
    /// This machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package var isLoopback: Bool { isIPv4 ? low >> 24 & 0xFF == 127 : high == 0 && low == 1 }

    func masked(to length: Int) -> NetworkAddress {
        NetworkAddress(
            high: length >= 64 ? high : high & ~(UInt64.max >> UInt64(length)),
            low: length <= 64 ? 0 : length >= 128 ? low : low & ~(UInt64.max >> UInt64(length - 64)))
    }

    /// `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`; no zone and no brackets.
    package init?(_ text: String) {
        guard text.utf8.count < 46, !text.isEmpty else { return nil }
        if !text.contains(":") {
            guard let ipv4 = Self.dotted(text[...]) else { return nil }
            self.init(ipv4: ipv4)
            return
        }
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = Self.groups(halves[0], isLast: halves.count == 1) else { return nil }
        var words = head
        if halves.count == 2 {
            guard let tail = Self.groups(halves[1], isLast: true), head.count + tail.count < 8 else { return nil }
            words += Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        }
        guard words.count == 8 else { return nil }
        self.init(
            high: words[..<4].reduce(0) { $0 << 16 | UInt64($1) }, low: words[4...].reduce(0) { $0 << 16 | UInt64($1) })
    }

    private static func groups(_ text: Substring, isLast: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var words: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard isLast, index == parts.count - 1, let ipv4 = dotted(part) else { return nil }
                words += [UInt16(ipv4 >> 16), UInt16(truncatingIfNeeded: ipv4)]
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.first != 0x2B, part.utf8.first != 0x2D,
                    let word = UInt16(part, radix: 16)
                else { return nil }
                words.append(word)
            }
        }
        return words
    }

    private static func dotted(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let octet = UInt8(part)
            else { return nil }
            address = address << 8 | UInt32(octet)
        }
        return address
    }
}

extension NetworkAddress: CustomStringConvertible {
    package var description: String {
        if isIPv4 { return [24, 16, 8, 0].map { String(low >> $0 & 0xFF) }.joined(separator: ".") }
        let words = [48, 32, 16, 0].map { high >> $0 & 0xFFFF } + [48, 32, 16, 0].map { low >> $0 & 0xFFFF }
        // RFC 5952 §4.2: the longest run of two zero groups or more is left out, the first of equal ones.
        var best = 0..<0
        var start: Int?
        for index in 0...8 {
            if index < 8, words[index] == 0 {
                if start == nil { start = index }
            } else if let begin = start {
                if index - begin > max(1, best.count) { best = begin..<index }
                start = nil
            }
        }
        func text(_ range: Range<Int>) -> String {
            words[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }
}

/// Values by network, the most specific one wins.
package struct NetworkTable<Value: Sendable>: Sendable {
    private var entries: [(prefix: NetworkPrefix, value: Value)] = []

    package init(_ entries: [(NetworkPrefix, Value)] = []) {
        self.entries = entries.map { (prefix: $0.0, value: $0.1) }.sorted { $0.prefix.length > $1.prefix.length }
    }

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(address: NetworkAddress) -> Value? { entries.first { $0.prefix.contains(address) }?.value }
}

/// A set of networks.
package struct NetworkSet: Sendable, Hashable {
    private let prefixes: [NetworkPrefix]

    package init(_ prefixes: [NetworkPrefix] = []) { self.prefixes = prefixes }

    package func contains(_ address: NetworkAddress) -> Bool {
        for prefix in prefixes where prefix.contains(address) { return true }
        return false
    }
}
