import Glibc

/// The log's directory, held by one process at a time: another one would take the open segment for a dead one's.
/// Confined to the writer's queue.
final class LogDirectory {
    let path: String
    private var lock: Int32 = -1

    init(_ path: String) throws(EventLogFault) {
        self.path = path
        try hold()
    }

    deinit { if lock >= 0 { close(lock) } }

    /// Makes the directory if it is not there, or no more, and holds the one that is there now.
    func hold() throws(EventLogFault) {
        if mkdir(path, 0o750) != 0, errno != EEXIST { throw .system("create \(path)") }
        let lockPath = path + "/lock"
        if isHeld(lockPath) { return }
        let fresh = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard fresh >= 0 else { throw .system("create \(lockPath)") }
        guard flock(fresh, LOCK_EX | LOCK_NB) == 0 else {
            close(fresh)
            throw EventLogFault("\(path) is another process's log")
        }
        if lock >= 0 { close(lock) }
        lock = fresh
    }

    /// A lock on a file that is there no more keeps nobody out.
    private func isHeld(_ lockPath: String) -> Bool {
        var (held, there) = (stat(), stat())
        return lock >= 0 && fstat(lock, &held) == 0 && stat(lockPath, &there) == 0
            && held.st_ino == there.st_ino && held.st_dev == there.st_dev
    }
}
