package import MailTypes
import Measures

/// When a commit returns. Printed in every result.
package enum Durability: String, Sendable, CaseIterable {
    /// On stable storage: survives a power cut. The default.
    case fsync
    /// Given to the kernel: survives the process, not the power.
    case os
    /// In memory until the first attempt fails or the spool is closed (``DeferringSpool``): survives neither.
    case deferred
}

/// How a spool is opened.
package enum SpoolAccess: Sendable {
    /// Alone: a second process is refused.
    case exclusive
    /// Beside a process that may have it open, for the tools: nothing is changed, and what that process does
    /// meanwhile may or may not be seen. ``Spool/commit(_:)`` throws ``SpoolFault/closed``.
    case readOnly
}

/// What went wrong with the spool, and what the SMTP client is told.
package enum SpoolFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The disk is full: passes when there is room again.
    case noSpace(String)
    /// The device failed. The spool latches: it answers every later commit with the same fault, because after a
    /// failed write nobody knows what is on the disk.
    case inputOutput(String)
    /// A record that cannot be read. It stays where it is.
    case corrupt(String)
    case closed

    package var reply: SMTPReply {
        switch self {
        case .noSpace: SMTPReply(452, .init(4, 3, 1), "Insufficient system storage")
        case .inputOutput, .corrupt: SMTPReply(451, .init(4, 3, 0), "Local error in processing")
        case .closed: SMTPReply(421, .init(4, 3, 2), "Service closing")
        }
    }

    package var description: String {
        switch self {
        case .noSpace(let detail): "no space: \(detail)"
        case .inputOutput(let detail): "I/O error: \(detail)"
        case .corrupt(let detail): "corrupt: \(detail)"
        case .closed: "the spool is closed"
        }
    }
}

/// Where accepted mail lives until it is delivered. Backends differ in speed, not in what they promise.
package protocol Spool: AnyObject, Sendable {
    /// Writes the batch, all or nothing, and returns when its messages have the spool's durability. Blocks for one
    /// write and, with ``Durability/fsync``, one sync, whatever the batch's size. Called by one thread.
    ///
    /// A batch without messages is given to the kernel and synced with the next one that has some: nobody was promised
    /// anything about it. A power cut in between sends those messages once more; the death of the process does not.
    /// - Throws: ``SpoolFault``; then none of the batch counts as accepted.
    func commit(_ batch: SpoolBatch) throws(SpoolFault)

    /// Reads a message back with its newest delivery state; nil if it is not there. Blocks for a read. Any thread.
    /// - Throws: ``SpoolFault/corrupt(_:)`` if what is there is not what was written: see ``quarantine(_:)``.
    func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage?

    /// Copies the bytes of a message that cannot be read to a file of its own, on stable storage, so that its record
    /// may be finished like any other. Any thread.
    /// - Returns: the file; nil if the spool has no files, or nothing of the message is there.
    func quarantine(_ id: MessageID) throws(SpoolFault) -> String?

    /// False for a spool that forgets: content must then stay in memory until it is delivered.
    var canLoad: Bool { get }

    /// Lists all unfinished messages in the order of their ids, as a stream: memory does not grow with their number
    /// by more than tens of bytes each. Unreadable records are kept aside (``SpoolFiles/quarantine``) and counted in
    /// the result. Blocks; meant for the start, before the first commit.
    /// - Returns: the number of unreadable records, and what the first one's fault was.
    func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords

    /// Content bytes that one batch should not exceed by much: beyond what pays for its sync, a larger batch only makes
    /// its first message wait for its last, and falls out of the processor's cache.
    var batchBytes: Int { get }

    /// Sizes and health. Any thread; takes microseconds, with some backends milliseconds: not for every message.
    var report: SpoolReport { get }

    /// Bytes free for anybody on the spool's file system; nil if it has none. A system call.
    var freeBytes: Int? { get }

    /// The last ``close(clean:)`` was clean: no delivery was under way, so nothing listed can be sent twice.
    var wasCleanlyClosed: Bool { get }

    /// No call may follow.
    /// - Parameter clean: no delivery is under way.
    func close(clean: Bool)
}

extension Spool {
    package var canLoad: Bool { true }
    package var batchBytes: Int { 32 << 20 }
}

/// What a spool holds and how it is.
package struct SpoolReport: Sendable {
    /// A figure of the backend's own, under the backend's own name.
    package struct Detail: Hashable, Sendable {
        package var name: String
        package var value: Int
        /// `bytes`, `count`, `ns` or `us`.
        package var unit: String
        package init(_ name: String, _ value: Int, _ unit: String) {
            self.name = name
            self.value = value
            self.unit = unit
        }
    }
    /// Messages that are not finished, and their octets of content.
    package var messages: Int
    package var liveBytes: Int
    /// Bytes taken on disk; nil for a spool without files.
    package var diskBytes: Int?
    /// What latched the spool, if something did.
    package var fault: SpoolFault?
    package var details: [Detail]

    package init(messages: Int, liveBytes: Int, diskBytes: Int?, fault: SpoolFault? = nil, details: [Detail] = []) {
        self.messages = messages
        self.liveBytes = liveBytes
        self.diskBytes = diskBytes
        self.fault = fault
        self.details = details
    }
}

/// Free bytes of the file system that holds `path`, as statvfs(3) counts them for ordinary users.
package func freeBytes(holding path: String) -> Int? { FileSystemSpace(holding: path)?.freeBytes }

/// What ``Spool/enumerate(_:)`` could not read.
package struct UnreadableRecords: Hashable, Sendable {
    package var count = 0
    package var first: String?
    package init() {}

    package mutating func note(_ fault: SpoolFault) {
        count += 1
        if first == nil { first = fault.description }
    }
}
