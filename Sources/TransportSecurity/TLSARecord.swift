/// One TLSA record (RFC 6698 §2.1): what a host's certificate has to match.
package struct TLSARecord: Sendable, Hashable {
    /// 2: DANE-TA, 3: DANE-EE (RFC 7218 §2.1); others are of no use to SMTP.
    package var usage: UInt8
    /// 0: the whole certificate, 1: its SubjectPublicKeyInfo.
    package var selector: UInt8
    /// 0: the octets themselves, 1: their SHA-256, 2: their SHA-512.
    package var matching: UInt8
    package var data: [UInt8]

    package init(usage: UInt8, selector: UInt8, matching: UInt8, data: [UInt8]) {
        self.usage = usage
        self.selector = selector
        self.matching = matching
        self.data = data
    }

    /// - Parameter rdata: as it is on the wire; nil if it is too short.
    package init?(_ rdata: [UInt8]) {
        guard rdata.count > 3 else { return nil }
        self.init(usage: rdata[0], selector: rdata[1], matching: rdata[2], data: Array(rdata[3...]))
    }

    package static let trustAnchor: UInt8 = 2
    package static let domainIssued: UInt8 = 3

    /// RFC 7672 §3.1.3: usages 0 and 1 are not; nor is what this program does not know or what cannot be right
    /// (RFC 7671 §4.1).
    package var isUsable: Bool {
        guard usage == Self.trustAnchor || usage == Self.domainIssued, selector <= 1 else { return false }
        switch matching {
        case 0: return selector == 0 ? Certificate(data) != nil : Certificate.isPublicKey(data)
        case 1: return data.count == 32
        case 2: return data.count == 64
        default: return false
        }
    }

    func matches(_ certificate: Certificate) -> Bool {
        let selected = selector == 0 ? certificate.bytes : certificate.publicKey
        switch matching {
        case 0: return data == selected
        case 1: return data == Certificate.digest(selected, .sha256)
        case 2: return data == Certificate.digest(selected, .sha512)
        default: return false
        }
    }

    /// `3 1 1 8bd1da95…`, as in a zone file; long data are cut.
    package var text: String {
        "\(usage) \(selector) \(matching) \(Self.hexadecimal(data.prefix(32)))\(data.count > 32 ? "…" : "")"
    }

    static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// The TLSA records of one host, and what they demand of it (RFC 7672 §2.2, §3).
package struct DANEPolicy: Sendable, Hashable {
    /// Those that can be used; empty: TLS is required, and any certificate will do (§2.2).
    package let records: [TLSARecord]
    /// All of them, as in a zone file.
    package let texts: [String]
    /// TLSA base domain: the name in SNI, and the first reference identifier.
    package let baseDomain: String
    /// Further reference identifiers (§3.2.2): the recipients' domain, and what it is an alias of, where mail of others does
    /// not go the same way. They count with usage 2 only.
    package var otherNames: [String] = []

    /// Records that are considered; more are left out.
    package static let mostRecords = 100

    package init(baseDomain: String, _ all: [TLSARecord]) {
        self.baseDomain = baseDomain
        let all = Array(all.prefix(Self.mostRecords))
        texts = all.map(\.text)
        records = Self.strongest(all.filter(\.isUsable))
    }

    package var authenticates: Bool { !records.isEmpty }

    /// Names in the certificate may count.
    package var usesTrustAnchors: Bool { records.contains { $0.usage == TLSARecord.trustAnchor } }

    /// RFC 7671 §9: of digests of one usage and selector only the strongest one counts; whole data always do.
    private static func strongest(_ records: [TLSARecord]) -> [TLSARecord] {
        records.filter { record in
            record.matching == 0
                || !records.contains {
                    ($0.usage, $0.selector) == (record.usage, record.selector) && $0.matching > record.matching
                }
        }
    }
}
