/// What an MTA has done with a message by the time it answers 250: no figure of a spool means anything without it.
package enum SpoolPromise: String, Codable, CaseIterable, Sendable {
    /// On stable storage.
    case fsync
    /// Given to the kernel.
    case os
    /// In memory, written when its first attempt has failed.
    case deferred
    /// The spool has no files.
    case none

    /// Spools that a profile may name.
    package static let spools = ["segment", "rocksdb", "localdisk", "memory", "null"]
    /// Spools without files: a durability would mean nothing for them.
    package static let spoolsWithoutFiles = ["memory", "null"]
    /// Durabilities that a profile may name, for the other spools.
    package static let durabilities: [String] = [Self.fsync, .os, .deferred].map(\.rawValue)

    /// - Parameters:
    ///   - spool: a spool without files promises nothing, whatever an older record says of its durability.
    ///   - durability: as recorded. What is not known is no promise.
    package init(spool: String, durability: String) {
        self = Self.spoolsWithoutFiles.contains(spool) ? .none : Self(rawValue: durability) ?? .none
    }

    /// For a cell of a table or the name of a bar.
    package var label: String {
        switch self {
        case .fsync: "survives power cut"
        case .os: "survives mta crash"
        case .deferred: "not durable at first"
        case .none: "not durable"
        }
    }

    /// One line for a legend.
    package var explanation: String {
        switch self {
        case .fsync: "on stable storage before 250"
        case .os: "given to the kernel before 250; a power cut loses acknowledged mail"
        case .deferred: "in memory at 250, written when the first attempt has failed; until then a crash loses it"
        case .none: "never on disk; acknowledged mail is lost with the process"
        }
    }
}
