import MailTypes

/// The addresses of one host, IPv6 and IPv4 in turn, so that whichever does not work costs one try.
struct HostAnswers: Sendable {
    /// Addresses of one host that are considered.
    static let most = 20

    var addresses: [NetworkAddress] = []
    /// Seconds; of what was found.
    var ttl = Int.max
    /// Why an answer is missing that may come later.
    var failure: String?

    init(_ answers: [DNSAnswer]) {
        var columns: [[NetworkAddress]] = []
        for answer in answers {
            if case .failed(let text) = answer.status { failure = text }
            guard answer.status == .found else { continue }
            ttl = min(ttl, answer.ttl)
            columns.append(answer.records.compactMap(Self.address))
        }
        for row in 0..<(columns.map(\.count).max() ?? 0) {
            for column in columns where row < column.count { addresses.append(column[row]) }
        }
        addresses = Array(addresses.prefix(Self.most))
    }

    private static func address(_ rdata: [UInt8]) -> NetworkAddress? {
        switch rdata.count {
        case 4: return NetworkAddress(ipv4: rdata.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            return NetworkAddress(
                high: rdata[..<8].reduce(0) { $0 << 8 | UInt64($1) },
                low: rdata[8...].reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }
}

/// What the addresses of all hosts come to.
struct AddressVerdict {
    private let name: String
    private var addresses: [HostAddress] = []
    private var failure: String?
    private var isProhibited = false
    var loops = false
    private(set) var ttl: Int

    init(_ name: String, ttl: Int) {
        self.name = name
        self.ttl = ttl
    }

    mutating func take(_ answers: HostAnswers, _ usable: [HostAddress]) {
        failure = failure ?? answers.failure
        ttl = min(ttl, answers.ttl)
        if !answers.addresses.isEmpty, usable.isEmpty { isProhibited = true }
        addresses += usable
    }

    /// - Parameter seconds: something that the outcome is made of holds no longer.
    mutating func hold(atMost seconds: Int) { ttl = min(ttl, seconds) }

    func outcome(site: String) -> ExchangerOutcome {
        if !addresses.isEmpty { return .hosts(site: site, addresses: addresses) }
        if loops { return .permanent(SMTPReply(554, .init(5, 4, 6), "Mail for \(name) loops back to this host")) }
        if let failure { return .temporary(SMTPReply(451, .init(4, 4, 3), "Addresses for \(name): \(failure)")) }
        let text =
            isProhibited
            ? "Exchangers of \(name) are in networks that mail is not sent to"
            : "No exchanger of \(name) has an address"
        return .permanent(SMTPReply(550, .init(5, 4, 4), text))
    }
}
