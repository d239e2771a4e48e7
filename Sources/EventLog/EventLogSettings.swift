/// How events are kept.
package struct EventLogSettings: Sendable, Hashable {
    /// Made if it is not there.
    package var directory: String
    /// Octets after which the next segment begins.
    package var segmentBytes = 100 << 20
    /// Seconds after which the next segment begins.
    package var segmentSeconds = 3600.0
    /// Segments are compressed (zstd) when they are closed and every reader is past them.
    package var compresses = false
    /// Seconds that closed segments are kept; nil: for ever.
    package var keptSeconds: Double?
    /// Octets of all closed segments; the oldest go first; nil: no limit.
    package var keptBytes: Int?
    /// Octets of events that wait for the disk; beyond it events are dropped and counted: mail does not wait.
    package var bufferBytes = 64 << 20
    /// What is not written.
    package var kinds = Set(MailEvent.Kind.allCases)

    package init(directory: String) { self.directory = directory }
}

/// What went wrong with the log's directory or files.
package struct EventLogFault: Error, CustomStringConvertible, Sendable {
    package let description: String
    init(_ description: String) { self.description = description }

    /// With what errno says.
    static func system(_ what: String) -> EventLogFault {
        EventLogFault("\(what): \(systemText())")
    }
}
