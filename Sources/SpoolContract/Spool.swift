import Glibc
package import MailTypes

/// When a commit returns. Printed in every result.
package enum Durability: String, Sendable, CaseIterable {
    /// On stable storage: survives a power cut. The default.
    case fsync
    /// Given to the kernel: survives the process, not the power.
    case os
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

    /// Reads a message back; nil if it is not there. Blocks for a read. Any thread.
    func load(_ id: MessageID) throws(SpoolFault) -> SpoolMessage?

    /// Lists all unfinished messages in the order of their ids, one at a time. Unreadable records are left alone and
    /// counted in the result. Blocks; meant for the start.
    /// - Returns: the number of unreadable records, and what the first one's fault was.
    func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords

    /// Bytes free for anybody on the spool's file system; nil if it has none. A system call.
    var freeBytes: Int? { get }

    /// The last ``close(clean:)`` was clean: no delivery was under way, so nothing listed can be sent twice.
    var wasCleanlyClosed: Bool { get }

    /// No call may follow.
    /// - Parameter clean: no delivery is under way.
    func close(clean: Bool)
}

/// Free bytes of the file system that holds `path`, as statvfs(3) counts them for ordinary users.
package func freeBytes(holding path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
}

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
