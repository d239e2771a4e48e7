import Measures
import RunRecords

/// What a profile's load was, for people: `120,000 messages of 10 KB over 100 connections`.
enum LoadText {
    /// - Parameter size: of a message, with its unit.
    static func of(_ profile: RunProfile, size: String) -> String {
        let count = profile.messages > 0 ? "\(grouped(profile.messages)) messages" : "messages"
        let base = "\(count) of \(size) over \(grouped(profile.connections)) connections"
        return ([base] + [pace(profile)].compactMap { $0 } + extras(profile)).joined(separator: ", ")
    }

    /// Of an open load; a closed one has none.
    private static func pace(_ profile: RunProfile) -> String? {
        if let search = profile.findMax { return "the highest rate sought from \(search.from) to \(search.to)" }
        guard let load = profile.load else { return nil }
        let time = load.seconds.map { " for \(HumanDuration(seconds: $0))" } ?? ""
        return "asked at \(load.rate)\(load.arrivals == .poisson ? ", at random (Poisson)" : "")\(time)"
    }

    /// What makes a message dearer than a plain one.
    private static func extras(_ profile: RunProfile) -> [String] {
        let tls: String? =
            switch profile.tls {
            case .starttls: "STARTTLS"
            case .implicit: "implicit TLS"
            case .some(.none), nil: nil
            }
        return [
            tls, profile.dkim.map { "signed (\($0))" }, profile.injection.map { "handed over by \($0.uppercased())" },
            profile.domainCount.map { "to \(grouped($0)) domains" },
            profile.recipients.flatMap { $0 > 1 ? "\(grouped($0)) recipients each" : nil },
        ].compactMap { $0 }
    }
}
