import CZstd
import Glibc

/// The octets of one segment, whatever state it is in, block by block. It stays readable when it is renamed or removed.
final class SegmentSource {
    private static let blockBytes = 1 << 18

    private let name: SegmentName
    private let file: Int32
    /// Nil: it is not compressed.
    private let stream: OpaquePointer?
    private var packed: [UInt8] = []
    private var position = 0
    private var target: [UInt8]

    /// - Returns: nil if there is none of this name (any more).
    init?(_ name: SegmentName, _ directory: String) throws(EventLogFault) {
        self.name = name
        var (file, state) = (Int32(-1), SegmentName.State.open)
        // It may be renamed between the look and the opening: all names are tried, and once more from the first on.
        for one in [SegmentName.State.open, .closed, .compressed, .closed, .compressed] {
            file = open(name.path(directory, one), O_RDONLY | O_CLOEXEC)
            state = one
            if file >= 0 { break }
            guard errno == ENOENT else { throw .system("read \(name.path(directory, one))") }
        }
        guard file >= 0 else { return nil }
        self.file = file
        stream = state == .compressed ? ZSTD_createDStream() : nil
        target = [UInt8](repeating: 0, count: state == .compressed ? ZSTD_DStreamOutSize() : 0)
        if let stream { ZSTD_initDStream(stream) }
    }

    deinit {
        close(file)
        ZSTD_freeDStream(stream)
    }

    /// - Returns: nil: there is no more, now.
    func next() throws(EventLogFault) -> [UInt8]? {
        guard stream != nil else { return try readBlock() }
        while true {
            if position == packed.count {
                guard let block = try readBlock() else { return nil }
                (packed, position) = (block, 0)
            }
            let made = try unpack()
            if made > 0 { return Array(target[..<made]) }
        }
    }

    private func readBlock() throws(EventLogFault) -> [UInt8]? {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        while true {
            let count = read(file, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read \(name.base)") }
            return count == 0 ? nil : Array(block[..<count])
        }
    }

    private func unpack() throws(EventLogFault) -> Int {
        let (rest, made) = packed.withUnsafeBytes { from in
            target.withUnsafeMutableBytes { into in
                var inBuffer = ZSTD_inBuffer(src: from.baseAddress, size: from.count, pos: position)
                var outBuffer = ZSTD_outBuffer(dst: into.baseAddress, size: into.count, pos: 0)
                let rest = ZSTD_decompressStream(stream, &outBuffer, &inBuffer)
                position = inBuffer.pos
                return (rest, outBuffer.pos)
            }
        }
        guard ZSTD_isError(rest) == 0 else {
            throw EventLogFault("\(name.base): zstd: \(String(cString: ZSTD_getErrorName(rest)))")
        }
        return made
    }
}
