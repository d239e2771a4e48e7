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
        try write([bytes], to: file, at: 0, path)
        guard fsync(file) == 0 else { throw .system("fsync \(path)") }
        try syncDirectory(folder)
        try syncDirectory(directory)
        return path
    }

    /// Writes the buffers one behind the other.
    /// - Parameter name: of the file, for the fault.
    package static func write(
        _ buffers: [ByteBuffer], to file: Int32, at start: Int, _ name: @autoclosure () -> String
    ) throws(SpoolFault) {
        var vectors: [iovec] = []
        vectors.reserveCapacity(buffers.count)
        for buffer in buffers where buffer.readableBytes > 0 {
            // The storage does not move while `buffers` lives.
            buffer.withUnsafeReadableBytes {
                vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count))
            }
        }
        let isWritten = withExtendedLifetime(buffers) { writeAll(&vectors, to: file, at: off_t(start)) }
        guard isWritten else { throw .system("write \(name())") }
    }

    /// - Returns: false with errno set.
    private static func writeAll(_ vectors: inout [iovec], to file: Int32, at start: off_t) -> Bool {
        var offset = start
        var first = 0
        while first < vectors.count {
            let count = min(vectors.count - first, 1024)  // IOV_MAX
            let written = vectors.withUnsafeBufferPointer {
                pwritev(file, $0.baseAddress! + first, Int32(count), offset)
            }
            if written < 0 {
                if errno == EINTR { continue }
                return false
            }
            offset += off_t(written)
            var rest = written
            while rest > 0, rest >= vectors[first].iov_len {
                rest -= vectors[first].iov_len
                first += 1
            }
            if rest > 0 {
                vectors[first].iov_base += rest
                vectors[first].iov_len -= rest
            }
        }
        return true
    }

    /// Names in the directory, in no order; nil if there is no such directory.
    package static func names(in path: String) throws(SpoolFault) -> [String]? {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return nil }
            throw .system("list \(path)")
        }
        defer { closedir(directory) }
        var found: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            found.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        guard errno == 0 else { throw .system("list \(path)") }
        return found
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
