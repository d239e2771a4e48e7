import CByteLoops
import MailTypes
import NIOCore
import SpoolContract

/// How a message lies in the database.
///
/// Version 1 had head and content under one key whatever the size; it is read as it is, and what is written new is
/// version 2. The version is kept under the key `format`.
enum RecordLayout {
    static let version = 2
    /// Content from this size on has a key of its own, so that a listing does not read it: 20,000 messages of 100 KB
    /// are listed in 22 ms. Below, a second key costs more than it saves: 1 KB messages at 80,000 a second in place of
    /// 123,000, for a listing of a million of them that takes 4 s as it is. RocksDB's `min_blob_size` draws its line at
    /// the same place.
    static let bodyBytes = 4096

    static func hasBody(_ message: SpoolMessage) -> Bool { message.content.size >= bodyBytes }

    static func put(_ message: SpoolMessage, _ batch: WriteBatch) {
        var head = RecordCodec.head(of: message)
        guard hasBody(message) else {
            return batch.put(RecordKey(.message, message.id), head, message.content.slices)
        }
        head.writeInteger(checksum(head), endianness: .little)
        batch.put(RecordKey(.message, message.id), head)
        let slices = message.content.slices
        batch.put(RecordKey(.body, message.id), slices[0], Array(slices[1...]))
    }

    static func remove(_ id: MessageID, _ keys: OpenMessages.Keys, _ batch: WriteBatch) {
        batch.delete(RecordKey(.message, id))
        if keys.contains(.body) { batch.delete(RecordKey(.body, id)) }
        if keys.contains(.state) { batch.delete(RecordKey(.state, id)) }
    }

    /// What a listing wants to know of the value under a message's key.
    static func entry(_ id: MessageID, _ value: ByteBuffer) throws(SpoolFault) -> (entry: SpoolEntry, hasBody: Bool) {
        guard let head = try lone(id, value) else { return (try RecordCodec.entry(id, value), false) }
        return (try RecordCodec.entry(id, head: head), true)
    }

    /// The head in the value under a message's key, if its content has a key of its own; nil if the content is there.
    static func lone(_ id: MessageID, _ value: ByteBuffer) throws(SpoolFault) -> ByteBuffer? {
        // Only the checksum is behind it, or four octets of content: the size tells the two apart.
        guard let length = value.getInteger(at: value.readerIndex, endianness: .little, as: UInt32.self),
            Int(length) + 8 == value.readableBytes,
            let crc = value.getInteger(at: value.readerIndex + Int(length) + 4, endianness: .little, as: UInt32.self),
            let head = value.getSlice(at: value.readerIndex, length: Int(length) + 4),
            try RecordCodec.entry(id, head: head).size >= bodyBytes
        else { return nil }
        guard crc == checksum(head) else { throw .corrupt("\(id): checksum of the head does not match") }
        return head
    }

    private static func checksum(_ head: ByteBuffer) -> UInt32 {
        head.withUnsafeReadableBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
    }
}
