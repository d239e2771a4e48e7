package import SpoolContract

/// How a local-disk spool is opened.
package struct LocalDiskSettings: Sendable {
    package var directory: String
    package var durability: Durability
    package var access: SpoolAccess
    /// Threads that wait for the disk: syncs that wait together share a commit of the file system's journal.
    package var syncThreads = 16

    package init(directory: String, durability: Durability, access: SpoolAccess = .exclusive) {
        self.directory = directory
        self.durability = durability
        self.access = access
    }
}
