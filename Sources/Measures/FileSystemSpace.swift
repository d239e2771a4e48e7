import Glibc

/// What the file system that holds a path has left, as statvfs(3) counts it for ordinary users.
package struct FileSystemSpace: Sendable, Hashable {
    package let freeBytes: Int
    /// Nil where the file system makes inodes as it needs them: it says that it has 0 of 0.
    package let freeInodes: Int?

    /// Nil: there is no such path.
    package init?(holding path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        freeBytes = Int(status.f_bavail) * Int(status.f_frsize)
        freeInodes = status.f_files > 0 ? Int(status.f_favail) : nil
    }
}
