import MailTypes
import Slabs

/// What is kept in memory of unfinished messages: enough to count them and to know which keys each one has.
/// 18 to 23 bytes a message, in blocks that are never copied.
struct OpenMessages: Sendable {
    /// What a message takes in the database.
    struct Keys: OptionSet {
        let rawValue: UInt32
        static let body = Keys(rawValue: 1 << 31)
        static let state = Keys(rawValue: 1 << 30)
        static let all: Keys = [.body, .state]
    }
    /// 64 bits that stand for an id: two of the same would cost a wrong figure, and nobody will see them.
    private struct Record: MessageRecord {
        var low: UInt32
        var high: UInt32
        /// Octets of content, 1 GiB - 1 at most, and ``Keys``.
        var size: UInt32
        var id: MessageID { MessageID(high: 0, low: UInt64(high) << 32 | UInt64(low)) }

        init(_ id: MessageID, size: UInt32) {
            low = UInt32(truncatingIfNeeded: id.low)
            high = UInt32(truncatingIfNeeded: id.low >> 32)
            self.size = size
        }
    }
    private static let sizeMask: UInt32 = 1 << 30 - 1

    private var records = MessageSlab<Record>()
    private(set) var bytes = 0

    var count: Int { records.count }

    private static func stand(for id: MessageID) -> MessageID {
        MessageID(high: 0, low: id.low ^ id.high &* 0x9E37_79B9_7F4A_7C15)
    }

    mutating func add(_ id: MessageID, size: Int, keys: Keys) {
        finish(id)
        let size = min(UInt32(clamping: size), Self.sizeMask)
        _ = records.insert(Record(Self.stand(for: id), size: size | keys.rawValue))
        bytes += Int(size)
    }

    mutating func hasState(_ id: MessageID) {
        guard let handle = records.find(Self.stand(for: id)) else { return }
        records[handle].size |= Keys.state.rawValue
    }

    /// - Returns: which keys it has besides its head; all of them if nothing is known of it.
    @discardableResult
    mutating func finish(_ id: MessageID) -> Keys {
        guard let record = records.remove(Self.stand(for: id)) else { return .all }
        bytes -= Int(record.size & Self.sizeMask)
        return Keys(rawValue: record.size & ~Self.sizeMask)
    }
}
