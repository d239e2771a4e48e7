/// EHLO keywords that a listener can be made to do without, for trying out clients.
package struct ServiceExtensions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let pipelining = ServiceExtensions(rawValue: 1)
    package static let size = ServiceExtensions(rawValue: 2)
    package static let eightBitMIME = ServiceExtensions(rawValue: 4)
    package static let smtpUTF8 = ServiceExtensions(rawValue: 8)
    /// With CHUNKING goes BINARYMIME, which needs it (RFC 3030 §3).
    package static let chunking = ServiceExtensions(rawValue: 16)
    package static let dsn = ServiceExtensions(rawValue: 32)
    package static let enhancedStatusCodes = ServiceExtensions(rawValue: 64)
    package static let limits = ServiceExtensions(rawValue: 128)
    package static let startTLS = ServiceExtensions(rawValue: 256)
    package static let binaryMIME = ServiceExtensions(rawValue: 512)
    package static let futureRelease = ServiceExtensions(rawValue: 1_024)
    package static let deliverBy = ServiceExtensions(rawValue: 2_048)

    /// By keyword, as EHLO says them.
    package static let keywords: [(keyword: String, value: ServiceExtensions)] = [
        ("PIPELINING", .pipelining), ("SIZE", .size), ("8BITMIME", .eightBitMIME), ("SMTPUTF8", .smtpUTF8),
        ("CHUNKING", .chunking), ("DSN", .dsn), ("ENHANCEDSTATUSCODES", .enhancedStatusCodes), ("LIMITS", .limits),
        ("STARTTLS", .startTLS), ("BINARYMIME", .binaryMIME), ("FUTURERELEASE", .futureRelease),
        ("DELIVERBY", .deliverBy),
    ]

    /// - Returns: nil if there is no such keyword here.
    package init?(keyword: String) {
        let name = keyword.uppercased()
        guard let found = Self.keywords.first(where: { $0.keyword == name }) else { return nil }
        self = found.value
    }

    /// Whether this line of EHLO's reply is to be left out.
    func hides(_ line: String) -> Bool {
        let keyword = line.prefix { $0 != " " }
        guard let value = ServiceExtensions(keyword: String(keyword)) else { return false }
        return contains(value) || value == .binaryMIME && contains(.chunking)
    }
}
