import ControlPlane
import DeliveryQueue
import Foundation
import HTTPService
import MailTypes
import Measures
import MessageBuilding
import NIOCore
import NIOPosix
import RunRecords

/// What operators have ordered of one relay: takes orders, keeps those that hold in a file, gives them to the shards and
/// ends them. Orders go one after the other; mail goes on meanwhile.
actor Administrator {
    let shards: [RelayShard]
    /// `SPOOL_DIR/suspensions.json`; nil: orders end with the process.
    private let path: String?
    var orders: [StandingOrder] = []
    private var isFinishing = false
    /// The file is being written; the next writing waits for it.
    private var saving: Task<Void, any Error>?
    /// The file could not be written lately: what ends is tried again.
    private(set) var fault: String?
    var readiness: @Sendable () async -> [String] = { ["starting"] }
    /// Orders whose first way through the queue is not over.
    private var underWay: Set<String> = []
    /// How much the spool had been given when an order's work was over, by order.
    private var marks: [String: UInt64] = [:]

    init(_ shards: [RelayShard], path: String?) {
        self.shards = shards
        self.path = path
    }

    /// - Parameter readiness: why no mail should be sent here; empty: it may.
    func judge(_ readiness: @escaping @Sendable () async -> [String]) { self.readiness = readiness }

    var now: UInt64 { WallInstant.now().milliseconds }

    // MARK: Start

    /// Reads the file and has the shards know it before mail is found in the spool.
    /// - Throws: ``RecordFault``.
    func begin() async throws {
        guard let path else { return }
        orders = try StandingOrders.read(path)
        for shard in shards {
            let (orders, now) = (orders, now)
            try await shard.context.eventLoop.submit { shard.adopt(orders, now: now) }.get()
        }
    }

    /// All mail of the spool is in the queue: what was begun is gone on with.
    func recovered() async throws {
        let orders = orders
        for shard in shards { try await shard.context.eventLoop.submit { shard.beginWork(orders) }.get() }
    }

    // MARK: Orders that hold

    /// Writes the order down, then has all shards carry it out.
    /// - Parameter body: on each shard's loop; returns how many deliveries it concerned.
    func carryOut(
        _ order: StandingOrder, _ body: @escaping @Sendable (RelayShard) -> EventLoopFuture<Int>
    ) async throws -> Int {
        guard orders.count < DeliveryQueue.orderLimit else {
            throw AdminFault(.unavailable, "there are \(orders.count) orders already: withdraw some first")
        }
        orders.append(order)
        do { try await save() } catch {
            orders.removeAll { $0.id == order.id }
            throw AdminFault(.unavailable, "the order cannot be written down: \(error)")
        }
        underWay.insert(order.id)
        defer { underWay.remove(order.id) }
        let changed = try await onAll(body)
        if let index = orders.firstIndex(where: { $0.id == order.id }) { orders[index].changed += changed }
        return changed
    }

    /// All shards at once.
    func onAll(_ body: @escaping @Sendable (RelayShard) -> EventLoopFuture<Int>) async throws -> Int {
        let parts = shards.map { shard in shard.context.eventLoop.flatSubmit { body(shard) } }
        var changed = 0
        for part in parts { changed += try await part.get() }
        return changed
    }

    /// An order ends, by its id or by its time.
    func end(_ order: StandingOrder) async throws {
        guard let index = orders.firstIndex(where: { $0.id == order.id }) else { return }
        if order.kind == .bounce {
            // What has left goes on leaving; what comes stays.
            orders[index].untilUnixMilliseconds = nil
            orders[index].isPending = true
        } else {
            orders.remove(at: index)
        }
        // A file that cannot be written keeps no mail back.
        var failure: (any Error)?
        do { try await save() } catch { failure = error }
        let queueOrder = QueueOrder(order)
        switch order.kind {
        case .suspend: _ = try await onAll { $0.resume(queueOrder) }
        case .suspendConnections: try await suspendConnections(order, until: 0)
        case .bounce:
            for shard in shards { try await shard.context.eventLoop.submit { shard.queue.withdraw(order.id) }.get() }
        case .rebind: break
        }
        if let failure { throw failure }
    }

    func suspendConnections(_ order: StandingOrder, until: UInt64) async throws {
        for shard in shards {
            try await shard.context.eventLoop.submit {
                shard.suspendConnections(of: order.queue ?? "", source: order.source, until: until)
            }.get()
        }
    }

    /// Call some times a second: orders end, and what was begun is finished. A file that cannot be written is a
    /// ``fault`` and no error: whoever calls has other things to do, too.
    func tick() async throws {
        guard !orders.isEmpty, !isFinishing else { return }
        isFinishing = true
        defer { isFinishing = false }
        let now = now
        do {
            for order in orders where order.untilUnixMilliseconds.map({ $0 <= now }) ?? false { try await end(order) }
            for order in orders where order.isPending && !order.holds(now) && !underWay.contains(order.id) {
                try await finish(order)
            }
            fault = nil
        } catch let error as RecordFault { fault = error.description }
    }

    /// The order's background work is over when every shard says so and the spool has it.
    private func finish(_ order: StandingOrder) async throws {
        for shard in shards {
            let isDone = try await shard.context.eventLoop.submit { shard.hasDone(order) }.get()
            guard isDone else { return marks[order.id] = nil }
        }
        // What other mail submits meanwhile is not waited for.
        let mark = marks[order.id] ?? shards[0].committer.knowledge.submitted
        marks[order.id] = mark
        guard shards[0].committer.knowledge.committed >= mark else { return }
        marks[order.id] = nil
        orders.removeAll { $0.id == order.id }
        for shard in shards { try await shard.context.eventLoop.submit { shard.desk.returning[order.id] = nil }.get() }
        do { try await save() } catch {
            orders.append(order)
            throw error
        }
    }

    /// Replaced whole and synced: an order that was answered is not forgotten by a power cut. One writing at a time, in
    /// the order of the changes: two at once would take each other's new file away.
    private func save() async throws {
        guard let path else { return }
        let text = try StandingOrders(orders).text()
        let (before, readers) = (saving, shards[0].parts.readers)
        let writing = Task {
            _ = await before?.result
            try await readers.runIfActive { try replaceFile(path, with: text, mode: 0o600) }
        }
        saving = writing
        try await writing.value
    }
}

extension QueueOrder {
    init(_ order: StandingOrder) {
        // Mail to come is meant while the order holds; what was queued before, until all of it was dealt with.
        self.init(
            id: order.id, order.kind == .bounce ? .bounce : .suspend, order.selection.mail,
            acceptedBy: order.untilUnixMilliseconds ?? order.createdUnixMilliseconds)
    }
}

extension StandingOrder {
    var smtpReply: SMTPReply {
        let words = (reply ?? "").split(separator: " ", maxSplits: 2).map(String.init)
        let enhanced = words.count > 1 ? words[1].split(separator: ".").compactMap { UInt16($0) } : []
        guard words.count == 3, let code = UInt16(words[0]), enhanced.count == 3 else {
            return SMTPReply(550, .init(5, 7, 1), reason)
        }
        return SMTPReply(code, .init(UInt8(clamping: enhanced[0]), enhanced[1], enhanced[2]), words[2])
    }
}

extension RelayShard {
    /// Orders of the time before the start, in front of the mail that they are about.
    func adopt(_ orders: [StandingOrder], now: UInt64) {
        for order in orders where order.isPending || order.holds(now) {
            switch order.kind {
            case .suspend: queue.give(QueueOrder(order))
            case .suspendConnections:
                suspendConnections(
                    of: order.queue ?? "", source: order.source, until: order.untilUnixMilliseconds ?? 0)
            case .bounce:
                desk.returning[order.id] = .init(reply: order.smtpReply, isQuiet: order.isQuiet ?? false)
                queue.give(QueueOrder(order))
            case .rebind:
                desk.rebinds.append(
                    PendingRebind(
                        selection: order.selection.mail, change: order.change?.labels ?? LabelChange(),
                        acceptedBy: order.createdUnixMilliseconds, isLogged: !(order.isQuiet ?? false)))
            }
        }
    }

    /// The spool has been read: orders that were about what it held alone are over, and their work begins.
    func beginWork(_ orders: [StandingOrder]) {
        for order in orders where order.kind == .bounce && order.untilUnixMilliseconds == nil {
            queue.withdraw(order.id)
        }
        goOnReturning()
        guard !desk.rebinds.isEmpty else { return }
        desk.rebinds = []
        startWritingLabels()
    }

    /// Once at a time: what is rebound meanwhile is met by one more way through the queue.
    func startWritingLabels() {
        desk.labelsChanged = true
        guard !desk.isWritingLabels else { return }
        desk.isWritingLabels = true
        desk.labelsChanged = false
        writeLabels().hop(to: context.eventLoop).assumeIsolated().whenComplete { [self] _ in
            desk.isWritingLabels = false
            if desk.labelsChanged, !isDraining { startWritingLabels() }
        }
    }

    /// Nothing of an order is left to be done here.
    func hasDone(_ order: StandingOrder) -> Bool {
        order.kind == .rebind ? !desk.isWritingLabels : hasReturnedAll(order.id)
    }
}
