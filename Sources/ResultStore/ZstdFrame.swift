import CZstd
package import RunRecords

/// A whole file as one frame of Zstandard (RFC 8878), readable by `zstd -d`.
package enum ZstdFrame {
    /// Ids of one run differ in few digits: higher levels win nothing that their time is worth.
    private static let level: Int32 = 6

    package static func compress(_ bytes: [UInt8]) throws(RecordFault) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&out, out.count, bytes, bytes.count, level)
        guard ZSTD_isError(count) == 0 else { throw fault(count) }
        return Array(out.prefix(count))
    }

    /// - Parameter limit: bytes of the content at most: a small frame may hold any number of them.
    /// - Throws: ``RecordFault`` for what is no frame, is cut off, or holds more.
    package static func decompress(_ bytes: [UInt8], limit: Int) throws(RecordFault) -> [UInt8] {
        let stated = ZSTD_getFrameContentSize(bytes, bytes.count)
        // The two largest values stand for 'not said' and 'no frame'.
        guard stated < UInt64.max - 1 else { throw RecordFault("not a frame of zstd that says its size") }
        guard stated <= UInt64(limit) else { throw RecordFault("holds \(stated) bytes, more than \(limit)") }
        var out = [UInt8](repeating: 0, count: Int(stated))
        let count = ZSTD_decompress(&out, out.count, bytes, bytes.count)
        guard ZSTD_isError(count) == 0 else { throw fault(count) }
        guard count == out.count else { throw RecordFault("holds \(count) bytes, its head says \(out.count)") }
        return out
    }

    private static func fault(_ code: Int) -> RecordFault {
        RecordFault("zstd: \(String(cString: ZSTD_getErrorName(code)))")
    }
}
