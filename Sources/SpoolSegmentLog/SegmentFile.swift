import CByteLoops
import Glibc
import NIOCore
import SpoolContract

/// One file of the log: a header block of 4096 bytes, then records. Allocated whole when it is made, so that later
/// writes change no metadata and their sync needs no journal commit; reused under a new generation when all in it is
/// finished.
///
///     header: u32 magic "MRS1" · u32 version=1 · u64 generation · u32 CRC-32C of the 16 bytes before; then zeros
final class SegmentFile {
    static let headerBytes = 4096
    static let blockBytes = 4096
    private static let magic: UInt32 = 0x3153_524D
    private static let version: UInt32 = 1

    let path: String
    let bytes: Int
    private let descriptor: Int32

    /// Makes a new file.
    init(creating path: String, bytes: Int) throws(SpoolFault) {
        descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("create \(path)") }
        self.path = path
        self.bytes = bytes
        let failure = posix_fallocate(descriptor, 0, off_t(bytes))
        guard failure == 0 else {
            errno = failure
            let fault = SpoolFault.system("allocate \(path)")
            close(descriptor)
            unlink(path)
            throw fault
        }
    }

    /// Opens one that is there.
    init(opening path: String) throws(SpoolFault) {
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        self.path = path
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("stat \(path)") }
        bytes = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The header block under which the next records are written.
    static func header(generation: UInt64) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: headerBytes)
        out.writeInteger(magic, endianness: .little)
        out.writeInteger(version, endianness: .little)
        out.writeInteger(generation, endianness: .little)
        let crc = out.withUnsafeReadableBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        out.writeInteger(crc, endianness: .little)
        out.writeRepeatingByte(0, count: headerBytes - out.readableBytes)
        return out
    }

    /// The generation in the header; nil for a segment that was never used, or whose header is damaged.
    func generation() throws(SpoolFault) -> UInt64? {
        guard var header = try read(at: 0, count: Self.headerBytes) else { return nil }
        let crc = header.readableBytesView.prefix(16).withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        guard header.readInteger(endianness: .little, as: UInt32.self) == Self.magic,
            header.readInteger(endianness: .little, as: UInt32.self) == Self.version,
            let generation = header.readInteger(endianness: .little, as: UInt64.self),
            header.readInteger(endianness: .little, as: UInt32.self) == crc
        else { return nil }
        return generation
    }

    /// - Returns: nil if the file ends before.
    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        guard offset >= 0, count >= 0, offset + count <= bytes else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let have = buffer.readableBytes
            let done = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - have) { space in
                max(0, pread(descriptor, space.baseAddress, count - have, off_t(offset + have)))
            }
            if done == 0 { throw .system("read \(path) at \(offset)") }
        }
        return buffer
    }

    /// Writes the buffers one behind the other.
    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) {
        var vectors: [iovec] = []
        vectors.reserveCapacity(buffers.count)
        for buffer in buffers where buffer.readableBytes > 0 {
            // The storage does not move while `buffers` lives.
            buffer.withUnsafeReadableBytes {
                vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count))
            }
        }
        let fault: SpoolFault? = withExtendedLifetime(buffers) { writeAll(&vectors, offset) }
        if let fault { throw fault }
    }

    private func writeAll(_ vectors: inout [iovec], _ start: Int) -> SpoolFault? {
        var offset = off_t(start)
        var first = 0
        while first < vectors.count {
            let count = min(vectors.count - first, 1024)  // IOV_MAX
            let written = vectors.withUnsafeBufferPointer {
                pwritev(descriptor, $0.baseAddress! + first, Int32(count), offset)
            }
            if written < 0 {
                if errno == EINTR { continue }
                return .system("write \(path)")
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
        return nil
    }

    /// On stable storage when it returns. A failure is final: the kernel may have dropped the pages and would say
    /// yes the next time.
    func sync() throws(SpoolFault) {
        guard fdatasync(descriptor) == 0 else { throw .system("fdatasync \(path)") }
    }
}
