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

/// What there is too little of.
package enum LoadCause: String, CaseIterable, Sendable, Hashable {
    case disk, inodes, memory, descriptors, backlog
}
