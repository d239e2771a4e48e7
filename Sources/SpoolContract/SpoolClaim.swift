import Glibc

/// A spool's directory, claimed by one process: made if need be, locked (`LOCK`, flock(2)), with the mark of a clean
/// stop (`clean`).
package final class SpoolClaim: @unchecked Sendable {  // the descriptor is constant
    package let path: String
    private let lock: Int32

    /// - Throws: ``SpoolFault`` that names the directory, also if another process has it.
    package init(_ path: String) throws(SpoolFault) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system("create \(path)") }
        lock = open(path + "/LOCK", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .system("open \(path)/LOCK") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .inputOutput("\(path): in use by another process")
        }
    }

    /// The mark is gone from now on, on stable storage too: only a clean stop sets it again.
    /// - Returns: whether it was there.
    package func takeCleanMark() throws(SpoolFault) -> Bool {
        guard unlink(path + "/clean") == 0 else { return false }
        try SpoolFiles.syncDirectory(path)
        return true
    }

    /// Says that no delivery was under way.
    package func setCleanMark() {
        let mark = open(path + "/clean", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard mark >= 0 else { return }
        fsync(mark)
        close(mark)
        try? SpoolFiles.syncDirectory(path)
    }

    package func release() { close(lock) }
}
