import Glibc
import NIOCore
import SpoolContract

/// Writes the buffers one behind the other.
func writeAll(_ buffers: [ByteBuffer], to file: Int32) throws(SpoolFault) {
    for part in stride(from: 0, to: buffers.count, by: 1024) {  // IOV_MAX
        let group = buffers[part..<min(part + 1024, buffers.count)].filter { $0.readableBytes > 0 }
        var vectors = group.map { buffer in
            // The storage does not move while `buffers` lives.
            buffer.withUnsafeReadableBytes {
                iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
            }
        }
        let fault: SpoolFault? = withExtendedLifetime(buffers) { writeVectors(&vectors, file) }
        if let fault { throw fault }
    }
}

private func writeVectors(_ vectors: inout [iovec], _ file: Int32) -> SpoolFault? {
    var first = 0
    while first < vectors.count {
        let written = vectors.withUnsafeBufferPointer { writev(file, $0.baseAddress! + first, Int32($0.count - first)) }
        if written < 0 {
            if errno == EINTR { continue }
            return .system("write")
        }
        var rest = written
        while first < vectors.count, rest >= vectors[first].iov_len {
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
