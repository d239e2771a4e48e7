/// What the DNS said to one question.
package struct DNSAnswer: Sendable, Hashable {
    package enum Status: Sendable, Hashable {
        case found
        /// The name is there, records of this type are not.
        case noData
        /// There is no such name.
        case noName
        /// No answer that can be trusted: servers fail or are silent, or DNSSEC says that it is forged.
        case failed(String)
    }

    package var status: Status
    /// RDATA of each record, names uncompressed.
    package var records: [[UInt8]]
    /// Seconds.
    package var ttl: Int
    /// DNSSEC vouches for it, and for each alias on the way.
    package var isSecure: Bool
    /// The name that has the records, where the one that was asked for is an alias; lower case, without the last dot.
    package var alias: String?

    /// ``alias``, where DNSSEC vouches for it.
    package var secureAlias: String? { isSecure ? alias : nil }

    package init(_ status: Status, records: [[UInt8]] = [], ttl: Int = 0, isSecure: Bool = false) {
        self.status = status
        self.records = records
        self.ttl = ttl
        self.isSecure = isSecure
    }
}

/// Types that are asked for (RFC 1035 §3.2.2, RFC 3596, RFC 6698 §7.1).
package enum DNSType: Int32, Sendable {
    case a = 1
    case cname = 5
    case mx = 15
    case txt = 16
    case aaaa = 28
    case tlsa = 52
}

/// One MX record (RFC 1035 §3.3.9).
package struct MXRecord: Sendable, Hashable {
    package var preference: Int
    /// Lower case, without the last dot; empty for the root (RFC 7505).
    package var host: String

    package init(preference: Int, host: String) {
        self.preference = preference
        self.host = host
    }

    /// - Returns: nil if the octets are none, or the host is no name that a host can have.
    package init?(_ rdata: [UInt8]) {
        guard rdata.count >= 3, let host = Self.name(rdata[2...]) else { return nil }
        self.init(preference: Int(rdata[0]) << 8 | Int(rdata[1]), host: host)
    }

    /// Labels with their lengths in front, up to the root.
    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        var rest = bytes
        var labels: [String] = []
        while let length = rest.popFirst(), length > 0 {
            guard length < 64, rest.count > length else { return nil }
            let label = rest.prefix(Int(length))
            guard label.allSatisfy(isHostByte) else { return nil }
            labels.append(String(decoding: label, as: UTF8.self).lowercased())
            rest = rest.dropFirst(Int(length))
        }
        return rest.isEmpty ? labels.joined(separator: ".") : nil
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}
