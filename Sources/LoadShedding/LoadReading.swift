/// What one look at the machine found. Nil: not known, or there is no limit to it.
package struct LoadReading: Sendable, Hashable {
    /// Of the spool's file system, for ordinary users.
    package var freeBytes: Int?
    package var freeInodes: Int?
    /// What the process, or its control group, holds and the kernel cannot take back.
    package var memoryBytes: Int?
    package var openDescriptors: Int?
    /// Messages that wait or are on their way.
    package var queuedMessages = 0

    package init() {}
}

/// From where on new mail, or new clients, are sent away.
package struct LoadLimits: Sendable, Hashable {
    package var minimumFreeBytes = 0
    package var minimumFreeInodes = 0
    /// Nil: none.
    package var memoryBytes: Int?
    /// Of the process (RLIMIT_NOFILE).
    package var descriptors: Int?
    /// Descriptors that are left to deliveries and to the spool.
    package var reservedDescriptors = 64
    /// Nil: none.
    package var queuedMessages: Int?

    package init() {}
}

extension LoadLimits {
    /// What a relay with two event loops holds with nothing to do once it has had mail: buffers, and what its allocator
    /// keeps for later; measured, bytes.
    package static let idleMemoryBytes = 60_000_000

    /// Why mail that is once refused for want of memory may be refused for good, for people; nil: there is enough.
    /// - Parameters:
    ///   - held: what counts against the limit before any client came, bytes.
    ///   - name: of the limit.
    package func memoryWarning(held: Int, name: String) -> String? {
        let needed = max(held, Self.idleMemoryBytes)
        guard let memoryBytes, needed > memoryBytes - memoryBytes / 10 else { return nil }
        func megabytes(_ bytes: Int) -> String { "\((bytes + 500_000) / 1_000_000) MB" }
        return
            "\(name), \(megabytes(memoryBytes)), is too little: \(megabytes(held)) are held before any client came, and "
            + "about \(megabytes(needed)) with nothing to do once there has been mail. Mail that is refused for want of memory "
            + "is taken again below \(megabytes(memoryBytes / 10 * 9)) only; "
            + "\(megabytes(needed / 9 * 10 + 1_000_000)) would do, and what `resident_memory` and `receive_memory` may take on top"
    }
}

/// What there is too little of.
package enum LoadCause: String, CaseIterable, Sendable, Hashable {
    case disk, inodes, memory, descriptors, backlog
}
