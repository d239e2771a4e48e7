/// The DNS tree walk that finds policies and organisational domains without a list of public suffixes (RFC 9989 §4.10):
/// from a name upwards, at most eight questions.
struct DMARCTree: Sendable {
    /// Questions for one name.
    static let mostQuestions = 8

    struct Fault: Error { var text: String }
    struct Found: Sendable {
        var domain: String
        var record: DMARCRecord
    }

    private let lookups: any AuthenticationLookups
    /// Names that were asked for already, with what there was.
    private var known: [String: DMARCRecord?] = [:]

    init(_ lookups: any AuthenticationLookups) { self.lookups = lookups }

    /// The record at one name; none or several that are valid: nil.
    mutating func record(at domain: String) async throws(Fault) -> DMARCRecord? {
        if let found = known[domain] { return found }
        var record: DMARCRecord?
        let name = "_dmarc." + domain
        if DNSName.isName(name) {
            switch await lookups.texts(at: name) {
            case .failed(let text): throw Fault(text: "\(name): \(text)")
            case .none: break
            case .found(let texts):
                let records = texts.compactMap { DMARCRecord($0) }
                if records.count == 1 { record = records[0] }
            }
        }
        known[domain] = .some(record)
        return record
    }

    /// All records from `domain` upwards, as far as the walk goes.
    private mutating func walk(_ domain: String) async throws(Fault) -> [Found] {
        var found: [Found] = []
        var labels = domain.split(separator: ".").map(String.init)
        for question in 0..<Self.mostQuestions where !labels.isEmpty {
            let name = labels.joined(separator: ".")
            if let record = try await record(at: name) {
                found.append(Found(domain: name, record: record))
                if record.isPublicSuffix != nil { break }
            }
            // From a long name the walk goes on seven labels from the top.
            labels.removeFirst(question == 0 && labels.count > 7 ? labels.count - 7 : 1)
        }
        return found
    }

    /// The organisational domain of a name (§4.10.2).
    mutating func organisation(of domain: String) async throws(Fault) -> String {
        let found = try await walk(domain)
        guard let last = found.last else { return domain }
        switch last.record.isPublicSuffix {
        case true? where last.domain != domain:
            // One label below the public suffix.
            let below = domain.dropLast(last.domain.utf8.count + 1)
            return "\(below.split(separator: ".").last ?? "").\(last.domain)"
        default: return last.domain
        }
    }

    /// The record that holds for a name: its own, that of its organisation, or that of the public suffix above (§4.10.1).
    mutating func policy(for domain: String) async throws(Fault) -> Found? {
        if let record = try await record(at: domain) { return Found(domain: domain, record: record) }
        let organisation = try await organisation(of: domain)
        if let record = try await record(at: organisation) { return Found(domain: organisation, record: record) }
        return try await walk(domain).last
    }
}
