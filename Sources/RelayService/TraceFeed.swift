import ControlPlane
import HTTPService
import MailTypes
import MessageBuilding
import NIOCore
import SMTPTransport
import Synchronization

/// One reader who follows sessions of all event loops. What he does not read in time is dropped and counted, so that no
/// session waits for him.
final class TraceFeed: Sendable {
    /// Lines that wait for the reader.
    static let linesLimit = 8_192
    /// How often he is given what there is.
    private static let interval = TimeAmount.milliseconds(50)

    private struct State {
        var lines: [String] = []
        var dropped: UInt64 = 0
        /// The one session that is followed.
        var only: String?
        var isOver = false
    }
    let wish: TraceWish
    private let state = Mutex(State())

    init(_ wish: TraceWish) { self.wish = wish }

    /// Follows this session; false: only another one.
    func takes(_ session: String) -> Bool {
        guard wish.onlyOne else { return true }
        return state.withLock { state in
            if state.only == nil { state.only = session }
            return state.only == session
        }
    }

    func append(_ line: String) {
        state.withLock { state in
            guard state.lines.count < Self.linesLimit else { return state.dropped += 1 }
            state.lines.append(line)
        }
    }

    /// The one session is over, and with it all.
    func ended(_ session: String) { state.withLock { if $0.only == session { $0.isOver = true } } }

    private func take() -> (text: String, isOver: Bool) {
        state.withLock { state in
            var lines = state.lines
            state.lines.removeAll(keepingCapacity: true)
            if state.dropped > 0 {
                lines.append(
                    JSONValue.members(["event": .string("dropped"), "lines": .int(state.dropped)]).line + "\n")
                state.dropped = 0
            }
            return (lines.joined(), state.isOver)
        }
    }

    /// Gives the reader what there is until he goes, the time is over or the one session is.
    func run(_ shards: [RelayShard], to writer: any HTTPStreamWriter) {
        for shard in shards { shard.context.eventLoop.execute { shard.begin(self) } }
        let deadline = NIODeadline.now() + .seconds(Int64(wish.seconds))
        let task = writer.eventLoop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { task in
            guard writer.isWritable else { return }
            let (text, isOver) = self.take()
            if !text.isEmpty { writer.write(ByteBuffer(string: text)) }
            guard isOver || NIODeadline.now() >= deadline else { return }
            task.cancel()
            writer.end()
        }
        writer.whenClosed {
            task.cancel()
            for shard in shards { shard.context.eventLoop.execute { shard.end(self) } }
        }
    }
}

/// Who a session is with, as traces show it.
struct TracedSession {
    var id: String
    var side: AdminOrder.Side
    var peer: String
    var client: NetworkAddress?
    var listener: String?
    var queue: String?
    var host: String?

    func fits(_ wish: TraceWish) -> Bool {
        guard wish.side == side else { return false }
        if let network = wish.client {
            guard let client, NetworkSet([network]).contains(client) else { return false }
        }
        if let name = wish.listener, name != listener { return false }
        guard let destination = wish.destination else { return true }
        return destination == host || MailSelection(destination: destination).fits(queue: queue ?? "")
    }
}

// Sessions get a tap when somebody follows them, and lose it when nobody does any more.
extension RelayShard {
    func begin(_ feed: TraceFeed) {
        desk.traces.append(feed)
        guard !feed.wish.onlyNew, !feed.wish.onlyOne else { return }
        if feed.wish.side == .outbound {
            for hop in connections.values { if let connection = hop.connection { follow(hop, connection) } }
        } else {
            context.forEachServerConnection { follow($0, ($0.owner as? ClientReception)?.listenerName) }
        }
    }

    func end(_ feed: TraceFeed) { desk.traces.removeAll { $0 === feed } }

    /// A client's session, from now on.
    func follow(_ connection: SMTPServerConnection, _ listener: String?) {
        guard connection.tap == nil else { return }
        let session = TracedSession(
            id: id(of: connection), side: .inbound, peer: connection.clientText,
            client: connection.client?.networkAddress, listener: listener)
        guard isFollowed(session) else { return }
        connection.tap = SessionTap { [weak self, weak connection] event in
            guard let self, self.tell(session, event) else {
                connection?.tap = nil
                return
            }
        }
    }

    /// A session with a next hop.
    func follow(_ hop: NextHopConnection, _ connection: SMTPClientConnection) {
        guard connection.tap == nil else { return }
        let session = TracedSession(
            id: id(of: hop), side: .outbound, peer: hop.address?.address.endpointText ?? "", queue: hop.name,
            host: hop.address?.name)
        guard isFollowed(session) else { return }
        connection.tap = SessionTap { [weak self, weak connection] event in
            guard let self, self.tell(session, event) else {
                connection?.tap = nil
                return
            }
        }
    }

    private func isFollowed(_ session: TracedSession) -> Bool {
        let readers = desk.traces.filter { session.fits($0.wish) && $0.takes(session.id) }
        for reader in readers { reader.append(line(session, "open", nil)) }
        return !readers.isEmpty
    }

    /// - Returns: false if nobody follows it any more.
    private func tell(_ session: TracedSession, _ event: SessionTap.Event) -> Bool {
        let readers = desk.traces.filter { session.fits($0.wish) && $0.takes(session.id) }
        guard !readers.isEmpty else { return false }
        let text: String
        switch event {
        case .command(let command): text = line(session, "command", .string(command))
        case .reply(let reply): text = line(session, "reply", .string(reply))
        case .content(let octets): text = line(session, "content", .int(octets))
        case .closed: text = line(session, "close", nil)
        }
        for reader in readers {
            reader.append(text)
            if case .closed = event { reader.ended(session.id) }
        }
        return true
    }

    private func line(_ session: TracedSession, _ event: String, _ value: JSONValue?) -> String {
        JSONValue.members([
            "when": .int(wallMilliseconds()), "session_id": .string(session.id),
            "direction": .string(session.side.rawValue), "peer": .string(session.peer),
            "listener": .text(session.listener), "queue": .text(session.queue), "event": .string(event),
            "text": event == "content" ? .null : value ?? .null, "octets": event == "content" ? value ?? .null : .null,
        ]).line + "\n"
    }
}
