import CLinux
import Glibc
package import NIOCore
package import SpoolContract
import Synchronization

/// A directory of the file system as a ``LogDisk``.
package final class FileLogDisk: LogDisk {
    private let path: String
    private let access: SpoolAccess
    private let descriptor: Int32
    private let claim = Mutex<SpoolClaim?>(nil)
    private let staging: StagingArea?

    /// Creates the directory if need be and nothing is said about only reading.
    /// - Parameter isDirect: whole blocks are written past the page cache (O_DIRECT), where the file system can.
    package init(_ path: String, _ access: SpoolAccess, isDirect: Bool = false) throws(SpoolFault) {
        self.path = path
        self.access = access
        staging = isDirect && access == .exclusive ? StagingArea() : nil
        if access == .exclusive, mkdir(path, 0o700) != 0, errno != EEXIST { throw .system("create \(path)") }
        descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
    }

    deinit {
        unlock()
        close(descriptor)
    }

    package func lock() throws(SpoolFault) {
        let taken = try SpoolClaim(path)
        claim.withLock { $0 = taken }
    }

    package func unlock() {
        claim.withLock { claim in
            claim?.release()
            claim = nil
        }
    }

    package func list() throws(SpoolFault) -> [String] {
        guard let names = try SpoolFiles.names(in: path) else { throw .system("list \(path)") }
        return names
    }

    package func create(_ name: String, bytes: Int) throws(SpoolFault) -> any LogFile {
        let file = openat(descriptor, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("create \(path)/\(name)") }
        let failure = bytes > 0 ? posix_fallocate(file, 0, off_t(bytes)) : 0
        guard failure == 0 else {
            errno = failure
            let fault = SpoolFault.system("allocate \(path)/\(name)")
            close(file)
            unlinkat(descriptor, name, 0)
            throw fault
        }
        return DescriptorFile(file, name, bytes: bytes, direct: direct(name))
    }

    /// A second descriptor for writing past the page cache; nil if that is not wanted or not possible here.
    private func direct(_ name: String) -> DirectWriter? {
        guard let staging else { return nil }
        let file = mr_open_direct(descriptor, name)
        return file >= 0 ? DirectWriter(file, staging) : nil
    }

    package func open(_ name: String) throws(SpoolFault) -> (any LogFile)? {
        let file = openat(descriptor, name, (access == .exclusive ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw .system("open \(path)/\(name)") }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let fault = SpoolFault.system("stat \(path)/\(name)")
            close(file)
            throw fault
        }
        return DescriptorFile(file, name, bytes: Int(status.st_size), direct: direct(name))
    }

    package func remove(_ name: String) throws(SpoolFault) {
        guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else { throw .system("remove \(path)/\(name)") }
    }

    package func sync() throws(SpoolFault) {
        guard fsync(descriptor) == 0 else { throw .system("fsync \(path)") }
    }

    package func keepAside(_ bytes: ByteBuffer, as name: String) throws(SpoolFault) -> String {
        try SpoolFiles.keepAside(bytes, as: name, below: path)
    }

    package var freeBytes: Int? { SpoolContract.freeBytes(holding: path) }
}

/// An open file; closed when nobody holds it any more.
private final class DescriptorFile: LogFile {
    let name: String
    let bytes: Int
    private let descriptor: Int32
    private let direct: DirectWriter?

    init(_ descriptor: Int32, _ name: String, bytes: Int, direct: DirectWriter?) {
        self.descriptor = descriptor
        self.direct = direct
        self.name = name
        self.bytes = bytes
    }

    deinit { close(descriptor) }

    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        guard offset >= 0, count >= 0, offset + count <= bytes else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let have = buffer.readableBytes
            var failure: Int32 = 0
            let done = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - have) { space in
                let done = pread(descriptor, space.baseAddress, count - have, off_t(offset + have))
                if done < 0 { failure = errno }
                return max(0, done)
            }
            if failure == EINTR { continue }
            if failure != 0 {
                errno = failure
                throw .system("read \(name) at \(offset)")
            }
            if done == 0 { return nil }
        }
        return buffer
    }

    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) {
        if let direct, direct.canWrite(buffers, at: offset) {
            guard direct.write(buffers, at: offset) else { throw .system("write \(name)") }
            return
        }
        try SpoolFiles.write(buffers, to: descriptor, at: offset, name)
    }

    func sync() throws(SpoolFault) {
        guard fdatasync(descriptor) == 0 else { throw .system("fdatasync \(name)") }
    }
}
