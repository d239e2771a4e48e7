package import MailTypes
import Slabs

/// What an operator has said of mail that is queued or comes: it waits, or it goes back. Until it is taken away with
/// ``DeliveryQueue/withdraw(_:)``.
package struct QueueOrder: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case suspend, bounce }

    /// Tells it from others.
    package var id: String
    package var kind: Kind
    package var selection: MailSelection
    /// Only mail accepted up to then, milliseconds since 1970.
    package var acceptedBy: UInt64

    package init(id: String, _ kind: Kind, _ selection: MailSelection, acceptedBy: UInt64 = .max) {
        self.id = id
        self.kind = kind
        self.selection = selection
        self.acceptedBy = acceptedBy
    }
}

// Suspended mail waits where it is and takes no connection; mail that leaves is in a list until its sender was told.
extension DeliveryQueue {
    /// Orders at a time: each is looked at for each delivery that becomes ready.
    package static let orderLimit = 1_000

    /// Mail that becomes ready from now on goes by it; what is ready does with ``suspend(_:_:)``.
    package mutating func give(_ order: QueueOrder) { orders.append(order) }

    /// What it has suspended does so until ``resume(_:_:)``; what leaves by it leaves.
    package mutating func withdraw(_ id: String) { orders.removeAll { $0.id == id } }

    /// Ready deliveries that an order suspends wait from now on.
    /// - Returns: how many.
    package mutating func suspend(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> Int {
        var (count, memo) = (0, Remembered<UInt64, Int64>())
        for handle in slice(&sweep, limit, where: { $0.place == .ready }) where isSuspended(handle, &memo) {
            takeOut(handle)
            park(handle)
            count += 1
        }
        return count
    }

    /// Suspended deliveries that no order suspends any more are ready again.
    /// - Returns: how many.
    package mutating func resume(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> Int {
        var (count, memo) = (0, Remembered<UInt64, Int64>())
        for handle in slice(&sweep, limit, where: { $0.place == .suspended }) where !isSuspended(handle, &memo) {
            takeOut(handle)
            makeReady(handle)
            count += 1
        }
        return count
    }

    /// Waiting deliveries leave: ``nextLeaving(_:)`` hands them out. Those under way go on.
    /// - Returns: how many.
    package mutating func bounce(_ sweep: inout QueueSweep, _ limit: SliceLimit, order: String) -> Int {
        let chosen = slice(&sweep, limit) { $0.place != .leased && $0.place != .leaving }
        for handle in chosen {
            takeOut(handle)
            leave(handle, order)
        }
        return chosen.count
    }

    /// A delivery that leaves by this order, leased; nil: there is none any more.
    package mutating func nextLeaving(_ order: String) -> (lease: Lease, isSilent: Bool)? {
        guard let handle = leaving[order]?.popFirst(&records) else {
            leaving[order] = nil
            return nil
        }
        leavingCount -= 1
        destinations[Int(records[handle].destination)].leaving -= 1
        let isSilent = records[handle].isSilent
        return (lease(handle), isSilent)
    }

    package func hasLeaving(_ order: String) -> Bool { !(leaving[order]?.isEmpty ?? true) }

    /// The lease's label.
    package func label(of lease: Lease) -> DeliveryLabel { labels[records[lease.handle].label] }

    // MARK: One delivery

    /// An order has it wait or leave.
    /// - Returns: false if none does.
    mutating func obeys(_ handle: UInt32) -> Bool {
        if leaves(handle) { return true }
        guard isSuspended(handle) else { return false }
        park(handle)
        return true
    }

    mutating func leaves(_ handle: UInt32) -> Bool {
        guard !orders.isEmpty, let order = orders.first(where: { $0.kind == .bounce && concerns($0, handle) }) else {
            return false
        }
        leave(handle, order.id)
        return true
    }

    private func isSuspended(_ handle: UInt32) -> Bool {
        orders.contains { $0.kind == .suspend && concerns($0, handle) }
    }

    /// The same for many: orders are looked at once for all that have queue and label in common.
    /// - Parameter memo: by these, until when mail was accepted that is meant, milliseconds since 1970; -1: none is.
    private func isSuspended(_ handle: UInt32, _ memo: inout Remembered<UInt64, Int64>) -> Bool {
        guard !orders.isEmpty else { return false }
        guard orders.allSatisfy({ $0.selection.ids == nil }) else { return isSuspended(handle) }
        let pair = UInt64(records[handle].destination) << 32 | UInt64(records[handle].label)
        if let latest = memo[pair] { return Int64(clamping: records[handle].id.milliseconds) <= latest }
        let latest = orders.filter { $0.kind == .suspend && fits(handle, $0.selection) }.map(\.acceptedBy).max()
        memo[pair] = latest.map { Int64(clamping: $0) } ?? -1
        return Int64(clamping: records[handle].id.milliseconds) <= memo[pair]!
    }

    private func concerns(_ order: QueueOrder, _ handle: UInt32) -> Bool {
        records[handle].id.milliseconds <= order.acceptedBy && fits(handle, order.selection)
    }

    private mutating func park(_ handle: UInt32) {
        records[handle].place = .suspended
        destinations[Int(records[handle].destination)].suspended += 1
        suspendedCount += 1
    }

    private mutating func leave(_ handle: UInt32, _ order: String) {
        records[handle].place = .leaving
        leaving[order, default: WaitingList()].append(handle, &records)
        destinations[Int(records[handle].destination)].leaving += 1
        leavingCount += 1
    }

    // MARK: Connections

    /// No connection is opened for this queue until then, and open ones take nothing more.
    /// - Parameter until: milliseconds since 1970; 0: no longer.
    package mutating func suspendConnections(of name: String, until: UInt64) {
        suspendedQueues[name] = until > 0 ? until : nil
        guard let index = indices[name] else { return }
        destinations[Int(index)].suspendedUntil = until
        if until > 0 { holds.insert(Hold(until: until, destination: index)) } else { enterRing(index) }
    }
}
