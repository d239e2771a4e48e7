import MailTypes
import SpoolContract

/// A message of which recipients' labels or fields have made several: they become safe in one commit, all or none, and
/// its client is answered once. Confined to its shard's loop until it is with the committer.
final class MessageDivision: CommitObserver, @unchecked Sendable {
    /// Messages that one may become.
    static let most = 100
    /// Octets of content that they may have together: one commit holds them all.
    static let mostBytes = 64 << 20
    static let refusal = SMTPReply(554, .init(5, 5, 3), "Too many different recipients for one message")

    private let shard: RelayShard
    let count: Int
    private(set) var messages: [SpoolMessage] = []
    private(set) var sender: RelayShard.Sender
    /// One could not be signed: the others are not kept, either.
    var isRefused = false

    init(_ shard: RelayShard, count: Int, for sender: RelayShard.Sender) {
        self.shard = shard
        self.count = count
        self.sender = sender
    }

    /// One of them is ready; with the last one all go to the group commit.
    func add(_ message: SpoolMessage) {
        messages.append(message)
        guard messages.count == count, !isRefused else { return }
        shard.signing += 1
        shard.committer.submit(messages, ticket: 0, observer: self)
    }

    /// On the committer's thread.
    func committed(_ tickets: [UInt64], fault: SpoolFault?) {
        shard.context.eventLoop.execute { self.shard.settle(self, fault) }
    }
}
