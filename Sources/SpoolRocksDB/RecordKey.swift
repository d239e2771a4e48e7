import MailTypes

/// A key of the database.
struct RecordKey: Hashable, CustomStringConvertible {
    enum Kind: UInt8 {
        /// Head of a message: `u32 length · head` (``RecordCodec``). Behind it the content, if it is shorter than
        /// ``RecordLayout/bodyBytes``; else `u32 CRC-32C` of what is before, and the content has a key of its own.
        case message = 0x6D  // m
        case body = 0x62  // b
        /// Newest delivery state of a message.
        case state = 0x73  // s
    }
    static let bytes = 17

    var kind: Kind
    var id: MessageID

    init(_ kind: Kind, _ id: MessageID) {
        self.kind = kind
        self.id = id
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.bytes, let kind = Kind(rawValue: bytes[0]),
            let id = MessageID(bytes: UnsafeRawBufferPointer(rebasing: bytes[1...]))
        else { return nil }
        self.init(kind, id)
    }

    var description: String { "\(id)" }

    func withBytes<Result>(_ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: Self.bytes, alignment: 8) { key in
            key[0] = kind.rawValue
            key.storeBytes(of: id.high.bigEndian, toByteOffset: 1, as: UInt64.self)
            key.storeBytes(of: id.low.bigEndian, toByteOffset: 9, as: UInt64.self)
            return body(key.baseAddress!.assumingMemoryBound(to: CChar.self), Self.bytes)
        }
    }
}
