import CZstd
import Glibc
import Measures

/// A closed segment as one zstd frame, in constant memory.
enum SegmentCompression {
    /// zstd's own default.
    private static let level: Int32 = 3

    /// Writes `NAME.jsonl.zst` beside `NAME.jsonl`, then removes that one.
    static func compress(_ name: SegmentName, in directory: String) throws(EventLogFault) {
        let (plain, packed) = (name.path(directory, .closed), name.path(directory, .compressed))
        let partial = packed + ".tmp"
        let input = open(plain, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw .system("read \(plain)") }
        defer { close(input) }
        let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard output >= 0 else { throw .system("create \(partial)") }
        defer { close(output) }
        do throws(EventLogFault) {
            try copy(input, output)
            guard fdatasync(output) == 0 else { throw .system("sync \(partial)") }
            guard rename(partial, packed) == 0 else { throw .system("rename \(partial)") }
        } catch {
            unlink(partial)
            throw error
        }
        unlink(plain)
    }

    private static func copy(_ input: Int32, _ output: Int32) throws(EventLogFault) {
        guard let stream = ZSTD_createCStream() else { throw EventLogFault("zstd: no memory") }
        defer { ZSTD_freeCStream(stream) }
        ZSTD_initCStream(stream, level)
        var source = [UInt8](repeating: 0, count: ZSTD_CStreamInSize())
        var target = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
        while true {
            let count = source.withUnsafeMutableBytes { read(input, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read a segment") }
            try pack(stream, source[..<count], isLast: count == 0, &target, output)
            if count == 0 { return }
        }
    }

    private static func pack(
        _ stream: OpaquePointer, _ source: ArraySlice<UInt8>, isLast: Bool, _ target: inout [UInt8], _ output: Int32
    ) throws(EventLogFault) {
        var position = 0
        var isDone = false
        while !isDone {
            let (rest, made) = source.withUnsafeBytes { from in
                target.withUnsafeMutableBytes { into in
                    var inBuffer = ZSTD_inBuffer(src: from.baseAddress, size: from.count, pos: position)
                    var outBuffer = ZSTD_outBuffer(dst: into.baseAddress, size: into.count, pos: 0)
                    let rest = ZSTD_compressStream2(
                        stream, &outBuffer, &inBuffer, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    position = inBuffer.pos
                    return (rest, outBuffer.pos)
                }
            }
            guard ZSTD_isError(rest) == 0 else {
                throw EventLogFault("zstd: \(String(cString: ZSTD_getErrorName(rest)))")
            }
            let code = target.withUnsafeBytes { writeWhole(UnsafeRawBufferPointer(rebasing: $0[..<made]), to: output) }
            guard code == 0 else { throw .system("write a compressed segment", code) }
            isDone = isLast ? rest == 0 : position == source.count
        }
    }
}
