/// What was under test: the system as its definition (`profiles/systems/NAME.yaml`) names it, in the variant that ran.
package struct SystemFacts: Codable, Hashable, Sendable {
    /// The definition's name: `mta`, `postfix`.
    package var name: String
    /// Which of its configurations: `segment-fsync`, `default`.
    package var variant: String
    /// For people: `Postfix`.
    package var title: String
    /// As the program itself says it; `unknown` if it does not.
    package var version: String
    /// For people: what accepted mail is kept in.
    package var spool: String
    /// What its configuration promises with 250; ``RunRecord/evidence`` says whether it was seen to do so.
    package var promise: SpoolPromise
    /// The definition, letter by letter.
    package var definition: String
    /// Files that were made for the run, from the path below the work directory to the text.
    package var files: [String: String]

    package init(
        name: String, variant: String, title: String, version: String, spool: String, promise: SpoolPromise,
        definition: String = "", files: [String: String] = [:]
    ) {
        self.name = name
        self.variant = variant
        self.title = title
        self.version = version
        self.spool = spool
        self.promise = promise
        self.definition = definition
        self.files = files
    }

    /// The name of the only variant of a system that has no others.
    package static let onlyVariant = "default"

    /// Names the system in results: `mta-segment-fsync`, `postfix`.
    package var label: String { variant == Self.onlyVariant ? name : "\(name)-\(variant)" }
}

/// Whether the system was seen to sync before it answered: calls counted in a small run of its own, one message after the
/// other over one connection, so that no two can share a sync.
package struct DurabilityEvidence: Codable, Hashable, Sendable {
    /// What was found.
    package enum Verdict: String, Codable, Sendable {
        /// At least one sync for each message acknowledged.
        case syncsEachMessage = "syncs_each_message"
        /// Fewer syncs than messages.
        case doesNotSync = "does_not_sync"
        /// Could not be looked at; ``DurabilityEvidence/method`` says why.
        case notChecked = "not_checked"
    }

    /// `strace`, or why it was not looked at.
    package var method: String
    package var messages: UInt64
    package var syncs: SyncCounts
    package var verdict: Verdict

    package init(method: String, messages: UInt64, syncs: SyncCounts, verdict: Verdict) {
        self.method = method
        self.messages = messages
        self.syncs = syncs
        self.verdict = verdict
    }

    /// Whether what was seen is at least what `promise` says; nil where nothing was seen.
    package func confirms(_ promise: SpoolPromise) -> Bool? {
        switch verdict {
        case .notChecked: nil
        case .syncsEachMessage: true
        case .doesNotSync: promise != .fsync
        }
    }
}

/// System calls that put data on stable storage, by name: `fsync`, `fdatasync`, `sync_file_range`, `msync`, `syncfs`, `sync`.
package struct SyncCounts: Codable, Hashable, Sendable {
    package static let names = ["fsync", "fdatasync", "sync_file_range", "msync", "syncfs", "sync"]

    package var calls: [String: UInt64]
    package init(calls: [String: UInt64] = [:]) { self.calls = calls }
    package var total: UInt64 { calls.values.reduce(0, +) }
}
