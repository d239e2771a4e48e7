import Glibc
import MailTypes
import NIOCore
import ProgramSupport
import SpoolContract

/// The floor under every spool: the bytes of the batch in one pwritev, and fdatasync, on segments that were written
/// before. No checksums, no index, nothing can be read back.
final class SegmentFloor: Spool, PlainLoop, @unchecked Sendable {  // commit has one caller
    private static let segmentBytes = 64 << 20
    private static let segmentCount = 4
    private static let blockBytes = 4096

    private let segments: [Int32]
    private let isSynced: Bool
    private var current = 0
    private var end = 0
    private var unsynced: Set<Int32> = []
    /// Frame, envelope and lengths of a message, as the segment log has them.
    private let head = ByteBuffer(repeating: 0x68, count: 64 + 64)
    private let padding = ByteBuffer(repeating: 0, count: 4096)

    init(_ place: Subject.Place) throws {
        mkdir(place.directory, 0o700)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        segments = try (0..<Self.segmentCount).map { number in
            let file = open("\(place.directory)/floor-\(number)", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw RunFault("cannot make a segment: \(String(cString: strerror(errno)))") }
            // Those of the last time are as good: written before, and allocated.
            if lseek(file, 0, SEEK_END) >= Self.segmentBytes { return file }
            for offset in stride(from: 0, to: Self.segmentBytes, by: zeros.count) {
                guard pwrite(file, zeros, zeros.count, off_t(offset)) == zeros.count else {
                    throw RunFault("cannot fill a segment: \(String(cString: strerror(errno)))")
                }
            }
            fsync(file)
            return file
        }
        isSynced = place.durability == .fsync
    }

    func commit(_ messages: [SpoolMessage], finishing: [MessageID]) throws {
        var batch = SpoolBatch()
        batch.messages = messages
        batch.completions = finishing
        try commit(batch)
    }

    func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        var parts: [ByteBuffer] = []
        parts.reserveCapacity(batch.messages.count * 2 + 2)
        for message in batch.messages {
            parts.append(head)
            parts += message.content.slices
        }
        if !batch.completions.isEmpty { parts.append(completions(batch.completions)) }
        var count = parts.reduce(0) { $0 + $1.readableBytes }
        let rest = (Self.blockBytes - count % Self.blockBytes) % Self.blockBytes
        parts.append(padding.getSlice(at: 0, length: rest)!)
        count += rest
        if end + count > Self.segmentBytes { (current, end) = ((current + 1) % segments.count, 0) }
        try write(parts, segments[current], end)
        end += count
        unsynced.insert(segments[current])
        guard isSynced, !batch.messages.isEmpty else { return }
        for file in unsynced where fdatasync(file) != 0 { throw .system("fdatasync") }
        unsynced.removeAll(keepingCapacity: true)
    }

    private func completions(_ ids: [MessageID]) -> ByteBuffer {
        var out = ByteBuffer()
        for id in ids {
            out.writeInteger(id.high)
            out.writeInteger(id.low)
        }
        return out
    }

    private func write(_ parts: [ByteBuffer], _ file: Int32, _ offset: Int) throws(SpoolFault) {
        var vectors: [iovec] = []
        vectors.reserveCapacity(parts.count)
        for part in parts {
            part.withUnsafeReadableBytes {
                vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count))
            }
        }
        // The buffers' storage does not move while `parts` lives.
        let isWritten = withExtendedLifetime(parts) {
            var offset = offset
            for start in stride(from: 0, to: vectors.count, by: 1024) {
                let group = vectors[start..<min(start + 1024, vectors.count)]
                let bytes = group.reduce(0) { $0 + $1.iov_len }
                let written = group.withUnsafeBufferPointer {
                    pwritev(file, $0.baseAddress, Int32($0.count), off_t(offset))
                }
                if written != bytes { return false }
                offset += bytes
            }
            return true
        }
        if !isWritten { throw .system("write") }
    }

    func close() { for file in segments { Glibc.close(file) } }

    // MARK: What a floor does not do

    func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? { nil }
    func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { nil }
    func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords { UnreadableRecords() }
    var report: SpoolReport { SpoolReport(messages: 0, liveBytes: 0, diskBytes: nil) }
    /// The batches of the segment log.
    var batchBytes: Int { 4 << 20 }
    var canLoad: Bool { false }
    var freeBytes: Int? { nil }
    var wasCleanlyClosed: Bool { true }
    func close(clean: Bool) { close() }
}
