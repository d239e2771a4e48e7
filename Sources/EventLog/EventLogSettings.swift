import Glibc

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
    /// Of those kinds, what is left out all the same.
    package var exceptions: [EventException] = []
    /// What this host is called in events; nil: nothing.
    package var node: String?
    /// Fields of messages' headers that events have, in lower case; empty: none.
    package var headers = NameList([])
    /// Metadata that events have; empty: all.
    package var metadata = NameList([])
    /// With less free on the directory's file system nothing is written: events are dropped and counted.
    package var minimumFreeBytes = 0
    package var minimumFreeInodes = 0

    package init(directory: String) { self.directory = directory }
}

/// What went wrong with the log's directory or files.
package struct EventLogFault: Error, CustomStringConvertible, Sendable {
    package let description: String
    init(_ description: String) { self.description = description }

    /// With what errno, or another number, says.
    static func system(_ what: String, _ code: Int32 = errno) -> EventLogFault {
        EventLogFault("\(what): \(String(cString: strerror(code)))")
    }
}
