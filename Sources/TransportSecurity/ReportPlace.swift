/// Where a domain wants TLS reports about its hosts to go (RFC 8460 §3).
package enum ReportPlace: Sendable, Hashable {
    /// A mail address.
    case mail(String)
    /// `https://…`: the report is posted there.
    case web(String)

    /// As a URI.
    package var text: String {
        switch self {
        case .mail(let address): "mailto:" + address
        case .web(let url): url
        }
    }

    /// Longer ones are not used.
    private static let longestText = 1_000

    /// - Parameter uri: one of `rua`; nil for other kinds, and for what is not written as it should be.
    init?(_ uri: some StringProtocol) {
        let kind = uri.prefix { $0 != ":" }.lowercased()
        let isPlain = uri.utf8.count <= Self.longestText && uri.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isPlain, uri.utf8.count > kind.utf8.count + 1 else { return nil }
        switch kind {
        case "https":
            guard Self.hasHost(uri.dropFirst(6)) else { return nil }
            self = .web(String(uri))
        case "mailto":
            // A size behind `!` is of aggregate reports of DMARC and said here, too.
            let address = uri.dropFirst(7).prefix { $0 != "?" && $0 != "!" }
            guard Self.isAddress(address) else { return nil }
            self = .mail(String(address))
        default: return nil
        }
    }

    /// A plain one: it goes into a command and a header, and its domain is looked up.
    private static func isAddress(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: 0x40, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return false }
        return text.utf8.allSatisfy { byte in
            StrictTransportPolicy.isLetterOrDigit(byte) || "@.-_+=~#$&'*/^`{|}".utf8.contains(byte)
        }
    }

    private static func hasHost(_ rest: some StringProtocol) -> Bool {
        rest.hasPrefix("//") && !rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }.isEmpty
    }
}

extension PolicyRecord {
    /// Places of one domain that are used; more are left out.
    private static let mostPlaces = 4

    /// Where reports about a domain go, from the TXT records at `_smtp._tls.DOMAIN` (RFC 8460 §3):
    /// `v=TLSRPTv1; rua=mailto:reports@example.org,https://example.org/tls`.
    package static func reportPlaces(_ records: [String]) -> [ReportPlace] {
        guard let fields = only(records, version: "v=TLSRPTv1"),
            let field = fields.first(where: { $0.hasPrefix("rua=") })
        else { return [] }
        var places: [ReportPlace] = []
        for text in field.dropFirst(4).split(separator: ",") {
            guard let place = ReportPlace(trimmed(text)), !places.contains(place) else { continue }
            places.append(place)
        }
        return Array(places.prefix(mostPlaces))
    }
}
