package import DKIMSigning
package import MailAuthentication
import Measures

/// Looks whether the DNS has the keys of signatures that are made only then: at the start, after a reload, and every hour.
package struct PublicationWatch {
    static let seconds = 3_600.0

    private var due: UInt64 = 0
    /// What an operator should read, and has not.
    private var warnings: [String] = []
    /// Warnings that wait.
    private static let mostWarnings = 1_000

    /// - Parameter now: monotonic.
    func isDue(_ now: MonotonicInstant) -> Bool { now.nanoseconds >= due }

    /// Somebody looks now.
    mutating func begin(_ now: MonotonicInstant) { due = now.nanoseconds + UInt64(Self.seconds * 1e9) }

    mutating func add(_ texts: [String]) { warnings = Array((warnings + texts).suffix(Self.mostWarnings)) }

    mutating func take() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// - Returns: keys that are not there, and keys that are there now.
    package static func look(_ publications: [KeyPublication], _ lookups: any AuthenticationLookups) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for publication in publications { group.addTask { await look(publication, lookups) } }
            var texts: [String] = []
            for await text in group { if let text { texts.append(text) } }
            return texts.sorted()
        }
    }

    private static func look(_ publication: KeyPublication, _ lookups: any AuthenticationLookups) async -> String? {
        let name = publication.name
        switch await lookups.texts(at: name) {
        case .failed(let text):
            // What was there a while ago is likely to be there still.
            let then = publication.isPublished ? "it goes on signing" : "it does not sign"
            return "DKIM: whether the DNS has the key at \(name) cannot be found out (\(text)): \(then)"
        case .none:
            publication.isPublished = false
            return "DKIM: the DNS has no key at \(name): nothing is signed with it"
        case .found(let texts):
            let own = try? DKIMKeyRecord(Array(publication.record.utf8))
            let isThere = texts.contains { text in
                guard let own, let record = try? DKIMKeyRecord(text) else { return false }
                return record.hasKey(of: own)
            }
            let wasThere = publication.isPublished
            publication.isPublished = isThere
            guard !isThere else { return wasThere ? nil : "DKIM: the key at \(name) is in the DNS: it signs" }
            return "DKIM: the DNS has another key at \(name): nothing is signed with this one"
        }
    }
}

extension RelayServer {
    /// What an operator should read, since somebody asked: about keys in the DNS, and about memory.
    package func takeWarnings() -> [String] { publication.take() }

    func lookForKeys(_ policy: DKIMPolicy) async {
        guard let verifier = shards[0].parts.verifier, !policy.publications.isEmpty else { return }
        publication.begin(.now())
        let found = await PublicationWatch.look(policy.publications, verifier.lookups)
        publication.add(found)
    }

    /// Every hour; others are served meanwhile.
    func watchKeys() {
        let policy = configuration.dkim
        guard !policy.publications.isEmpty, publication.isDue(.now()) else { return }
        Task { await lookForKeys(policy) }
    }
}
