import Glibc
package import NIOCore

/// What spools with files have in common.
package enum SpoolFiles {
    /// Directory below a spool's own, where records that cannot be read are kept as they were found.
    package static let quarantine = "quarantine"

    /// Puts bytes aside under `name`, on stable storage when it returns; a file of that name is left as it is.
    /// - Returns: the file's path.
    package static func keepAside(_ bytes: ByteBuffer, as name: String, below directory: String) throws(SpoolFault)
        -> String
    {
        let folder = directory + "/" + quarantine
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system("create \(folder)") }
        let path = folder + "/" + name
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        if file < 0, errno == EEXIST { return path }
        guard file >= 0 else { throw .system("create \(path)") }
        defer { close(file) }
        var written = 0
        while written < bytes.readableBytes {
            let count = bytes.withUnsafeReadableBytes { write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno != EINTR { throw .system("write \(path)") }
            written += max(0, count)
        }
        guard fsync(file) == 0 else { throw .system("fsync \(path)") }
        try syncDirectory(folder)
        try syncDirectory(directory)
        return path
    }

    /// Names made in or removed from the directory so far are on stable storage when it returns.
    package static func syncDirectory(_ path: String) throws(SpoolFault) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system("open \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .system("fsync \(path)") }
    }
}

extension SpoolFault {
    /// What errno says about `what`.
    package static func system(_ what: String) -> SpoolFault {
        let text = "\(what): \(String(cString: strerror(errno)))"
        return errno == ENOSPC || errno == EDQUOT ? .noSpace(text) : .inputOutput(text)
    }
}
