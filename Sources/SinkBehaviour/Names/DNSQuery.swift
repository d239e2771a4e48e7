/// A query as a name server reads it (RFC 1035 §4, RFC 6891). Strangers' octets: every length is checked.
package struct DNSQuery: Equatable, Sendable {
    package var id: UInt16
    /// The client wants recursion: said back to it.
    package var recursionDesired: Bool
    /// As it came, case and all: resolvers look whether it comes back the same.
    package var labels: [[UInt8]]
    package var type: UInt16
    package var questionClass: UInt16
    /// Octets of an answer over UDP that the client takes; nil without EDNS, which is 512.
    package var payloadLimit: Int?

    package enum Reading: Equatable, Sendable {
        case query(DNSQuery)
        /// Answered with this code: 1 format error, 4 not implemented.
        case refused(id: UInt16, code: UInt8)
        /// A version of EDNS that is not known here (BADVERS, RFC 6891 §6.1.3).
        case unknownVersion(DNSQuery)
        /// Not to be answered: a reply, or too short to have an id.
        case ignored
    }

    package static func read(_ bytes: [UInt8]) -> Reading {
        guard bytes.count >= 12, bytes[2] & 0x80 == 0 else { return .ignored }
        let id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        guard bytes[2] & 0x78 == 0 else { return .refused(id: id, code: 4) }
        var reader = Reader(bytes: bytes, offset: 4)
        guard reader.number() == 1, reader.number() == 0, let authority = reader.number(), authority == 0,
            let more = reader.number(), let labels = reader.name(), let type = reader.number(),
            let questionClass = reader.number()
        else { return .refused(id: id, code: 1) }
        var query = DNSQuery(
            id: id, recursionDesired: bytes[2] & 1 != 0, labels: labels, type: type, questionClass: questionClass)
        var version: UInt8 = 0
        for _ in 0..<more {
            // One OPT record at most, of the root (RFC 6891 §6.1.1 and .2).
            guard let record = reader.record(), record.type != 41 || (record.isRoot && query.payloadLimit == nil) else {
                return .refused(id: id, code: 1)
            }
            guard record.type == 41 else { continue }
            query.payloadLimit = max(512, Int(record.size))
            version = record.version
        }
        return version == 0 ? .query(query) : .unknownVersion(query)
    }

    init(
        id: UInt16, recursionDesired: Bool, labels: [[UInt8]], type: UInt16, questionClass: UInt16,
        payloadLimit: Int? = nil
    ) {
        self.id = id
        self.recursionDesired = recursionDesired
        self.labels = labels
        self.type = type
        self.questionClass = questionClass
        self.payloadLimit = payloadLimit
    }

    /// Lower case, without the final dot.
    package var name: String {
        labels.map { String(decoding: $0, as: UTF8.self).lowercased() }.joined(separator: ".")
    }
}

private struct Reader {
    let bytes: [UInt8]
    var offset: Int

    mutating func number() -> UInt16? {
        guard offset + 2 <= bytes.count else { return nil }
        defer { offset += 2 }
        return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }

    /// Labels of 63 octets at most, 255 together (RFC 1035 §3.1). Nothing stands before a question that it could point
    /// to, so there are no pointers.
    mutating func name() -> [[UInt8]]? {
        var labels: [[UInt8]] = []
        var total = 1
        while offset < bytes.count {
            let length = Int(bytes[offset])
            offset += 1
            if length == 0 { return labels }
            total += length + 1
            guard length < 64, total <= 255, offset + length <= bytes.count else { return nil }
            labels.append(Array(bytes[offset..<offset + length]))
            offset += length
        }
        return nil
    }

    struct Record {
        var type: UInt16
        var isRoot: Bool
        /// The class, which is a size in an OPT record.
        var size: UInt16
        /// The second octet of the time to live, which is a version in an OPT record.
        var version: UInt8
    }

    /// A record behind the question.
    mutating func record() -> Record? {
        let start = offset
        guard skipName() else { return nil }
        let isRoot = offset == start + 1
        guard let type = number(), let size = number(), let high = number(), number() != nil, let length = number(),
            offset + Int(length) <= bytes.count
        else { return nil }
        offset += Int(length)
        return Record(type: type, isRoot: isRoot, size: size, version: UInt8(high & 255))
    }

    private mutating func skipName() -> Bool {
        while offset < bytes.count {
            let length = Int(bytes[offset])
            offset += 1
            if length == 0 { return true }
            if length >= 0xC0 {
                offset += 1
                return offset <= bytes.count
            }
            guard length < 64 else { return false }
            offset += length
        }
        return false
    }
}
