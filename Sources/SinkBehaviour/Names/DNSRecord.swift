package import MailTypes

/// A record that the test zone has (RFC 1035, RFC 3596, RFC 6698).
package struct DNSRecord: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case address(NetworkAddress)
        case exchanger(preference: UInt16, host: String)
        case text(String)
        /// `3 1 1`: SHA-256 of the public key.
        case tlsa([UInt8])
        case startOfAuthority
        case nameServer(String)
    }
    /// Nil: that of the question.
    package var owner: String?
    package var value: Value

    package init(owner: String? = nil, _ value: Value) {
        self.owner = owner
        self.value = value
    }

    package static let timeToLive: UInt32 = 3600

    var type: UInt16 {
        switch value {
        case .address(let address): address.isIPv4 ? 1 : 28
        case .exchanger: 15
        case .text: 16
        case .tlsa: 52
        case .startOfAuthority: 6
        case .nameServer: 2
        }
    }

    func append(to out: inout [UInt8]) {
        if let owner { DNSAnswer.append(name: owner, to: &out) } else { out += [0xC0, 0x0C] }
        DNSAnswer.append(type, to: &out)
        DNSAnswer.append(UInt16(1), to: &out)
        DNSAnswer.append(Self.timeToLive, to: &out)
        var data: [UInt8] = []
        appendData(to: &data)
        DNSAnswer.append(UInt16(data.count), to: &out)
        out += data
    }

    private func appendData(to out: inout [UInt8]) {
        switch value {
        case .address(let address):
            if !address.isIPv4 {
                for shift in stride(from: 56, through: 0, by: -8) {
                    out.append(UInt8(address.high >> UInt64(shift) & 255))
                }
            }
            let from = address.isIPv4 ? 24 : 56
            for shift in stride(from: from, through: 0, by: -8) {
                out.append(UInt8(address.low >> UInt64(shift) & 255))
            }
        case .exchanger(let preference, let host):
            DNSAnswer.append(preference, to: &out)
            DNSAnswer.append(name: host, to: &out)
        case .text(let text):
            for start in stride(from: 0, to: max(text.utf8.count, 1), by: 255) {
                let part = text.utf8.dropFirst(start).prefix(255)
                out.append(UInt8(part.count))
                out += part
            }
        case .tlsa(let digest): out += [3, 1, 1] + digest
        case .startOfAuthority:
            let zone = owner ?? ""
            DNSAnswer.append(name: "ns." + zone, to: &out)
            DNSAnswer.append(name: "postmaster." + zone, to: &out)
            for number in [1, 3600, 600, 86_400, 300] as [UInt32] { DNSAnswer.append(number, to: &out) }
        case .nameServer(let host): DNSAnswer.append(name: host, to: &out)
        }
    }
}

/// What a query is answered with.
package struct DNSAnswer: Equatable, Sendable {
    /// 0 no error, 3 no such name, 5 refused; with more than four bits only to a query with EDNS (16 BADVERS).
    package var code: UInt8 = 0
    package var answers: [DNSRecord] = []
    package var authority: [DNSRecord] = []
    package var additional: [DNSRecord] = []

    package init() {}

    /// Octets that a UDP answer has at most, whatever a client takes: none is fragmented.
    package static let safePayload = 1232

    /// - Parameter overTCP: there the size does not matter.
    package func encoded(for query: DNSQuery, overTCP: Bool) -> [UInt8] {
        let whole = encode(query, answers, authority, additional, isTruncated: false)
        let limit = min(query.payloadLimit ?? 512, Self.safePayload)
        if overTCP ? whole.count <= 65_535 : whole.count <= limit { return whole }
        let bare = encode(query, answers, authority, [], isTruncated: false)
        if overTCP ? bare.count <= 65_535 : bare.count <= limit { return bare }
        return encode(query, [], [], [], isTruncated: true)
    }

    package static let unknownVersion: DNSAnswer = {
        var answer = DNSAnswer()
        answer.code = 16
        return answer
    }()

    package static func refusal(id: UInt16, code: UInt8) -> [UInt8] {
        [UInt8(id >> 8), UInt8(id & 255), 0x80, code, 0, 0, 0, 0, 0, 0, 0, 0]
    }

    private func encode(
        _ query: DNSQuery, _ answers: [DNSRecord], _ authority: [DNSRecord], _ additional: [DNSRecord],
        isTruncated: Bool
    ) -> [UInt8] {
        var out: [UInt8] = []
        Self.append(query.id, to: &out)
        // A reply, authoritative.
        out.append(0x84 | (isTruncated ? 2 : 0) | (query.recursionDesired ? 1 : 0))
        out.append(code & 15)
        let more = additional.count + (query.payloadLimit == nil ? 0 : 1)
        for count in [1, answers.count, authority.count, more] { Self.append(UInt16(count), to: &out) }
        for label in query.labels {
            out.append(UInt8(label.count))
            out += label
        }
        out.append(0)
        Self.append(query.type, to: &out)
        Self.append(query.questionClass, to: &out)
        for record in answers + authority + additional { record.append(to: &out) }
        // 1232 octets; the upper bits of the code; version 0.
        if query.payloadLimit != nil { out += [0, 0, 41, 4, 208, code >> 4, 0, 0, 0, 0, 0] }
        return out
    }

    static func append(_ value: UInt16, to out: inout [UInt8]) { out += [UInt8(value >> 8), UInt8(value & 255)] }

    static func append(_ value: UInt32, to out: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { out.append(UInt8(value >> UInt32(shift) & 255)) }
    }

    static func append(name: String, to out: inout [UInt8]) {
        for label in name.utf8.split(separator: UInt8(ascii: ".")) {
            out.append(UInt8(min(label.count, 63)))
            out += label.prefix(63)
        }
        out.append(0)
    }
}
