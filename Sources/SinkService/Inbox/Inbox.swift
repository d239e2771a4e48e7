import MailTypes
import Measures
import Synchronization

/// The last messages that arrived, in memory, for the page that shows them.
final class Inbox: MessageStore {
    struct Message: Sendable {
        var number: Int
        var unixNanoseconds: UInt64
        var sender: String
        var recipients: [String]
        /// Whole size; ``content`` may be less.
        var size: Int
        var content: [UInt8]
    }
    private struct Held {
        var messages: [Message] = []
        var bytes = 0
        var arrived = 0
    }

    private let held = Mutex(Held())
    private let most: Int
    /// Octets of content kept in all, and of one message.
    static let mostBytes = 64 << 20
    static let mostOfOne = 1 << 20

    /// - Parameter most: messages kept.
    init(most: Int) { self.most = most }

    func store(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply? {
        let now = WallInstant.now().nanoseconds
        held.withLock { held in
            held.arrived += 1
            let kept = Array(content.prefix(Self.mostOfOne))
            held.messages.append(
                Message(
                    number: held.arrived, unixNanoseconds: now, sender: envelope.reversePath.description,
                    recipients: envelope.recipients.map(\.description), size: content.count, content: kept))
            held.bytes += kept.count
            var gone = 0
            while held.messages.count - gone > most || held.bytes > Self.mostBytes, gone < held.messages.count {
                held.bytes -= held.messages[gone].content.count
                gone += 1
            }
            if gone > 0 { held.messages.removeFirst(gone) }
        }
        return nil
    }

    /// Newest first.
    func latest(_ count: Int, before number: Int? = nil) -> [Message] {
        held.withLock { held in
            Array(held.messages.lazy.filter { $0.number < number ?? .max }.suffix(count).reversed())
        }
    }

    func message(_ number: Int) -> Message? {
        held.withLock { held in held.messages.first { $0.number == number } }
    }

    /// How many came since the start, whether they are still kept or not.
    var arrived: Int { held.withLock { $0.arrived } }
}
