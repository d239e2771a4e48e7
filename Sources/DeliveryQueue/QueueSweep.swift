package import MailTypes
import Slabs

/// A way through all deliveries in slices, so that a queue of millions does not stop the event loop that has it. What comes
/// after the beginning of the sweep is not met, except where it takes the place of something that went.
package struct QueueSweep: Sendable {
    package let selection: MailSelection
    private(set) var next: UInt32 = 0
    private let end: UInt32

    init(_ selection: MailSelection, end: UInt32) {
        self.selection = selection
        self.end = end
    }

    package var isOver: Bool { next >= end }

    mutating func advance() -> UInt32? {
        guard next < end else { return nil }
        defer { next += 1 }
        return next
    }
}

/// How much one slice of a ``QueueSweep`` does.
package struct SliceLimit: Sendable, Hashable {
    /// Deliveries that are looked at, about 20 ns each.
    package var looked: Int
    /// Deliveries that are changed, about 200 ns each and what the caller makes of it.
    package var changed: Int

    package init(looked: Int, changed: Int) {
        self.looked = looked
        self.changed = changed
    }

    /// Well below two milliseconds.
    package static let usual = SliceLimit(looked: 8_192, changed: 1_024)
    /// All in one go, for who has nothing else to do.
    package static let whole = SliceLimit(looked: .max, changed: .max)
}

extension DeliveryQueue {
    package typealias Selection = MailSelection

    package func sweep(_ selection: MailSelection) -> QueueSweep { QueueSweep(selection, end: records.end) }

    /// What the deliveries before the one being looked at had in common with it.
    private struct Memo {
        var destination = UInt32.max
        var destinationFits = false
        var label = UInt32.max
        var labelFits = false
    }

    /// One slice: the handles of what fits, so many that no more than the limit can be changed.
    func slice(_ sweep: inout QueueSweep, _ limit: SliceLimit, where isWanted: (Waiting) -> Bool) -> [UInt32] {
        var found: [UInt32] = []
        var memo = Memo()
        var looked = 0
        while looked < limit.looked, found.count < limit.changed, let handle = sweep.advance() {
            looked += 1
            let record = records[handle]
            if record.place != .free, isWanted(record), fits(record, sweep.selection, &memo) { found.append(handle) }
        }
        return found
    }

    /// The queue by its name, and by the sources that its mail may leave by.
    package func fits(_ queue: String, _ selection: MailSelection) -> Bool {
        guard selection.fits(queue: queue) else { return false }
        return selection.source.map { leavesBy(queue, $0) } ?? true
    }

    func fits(_ handle: UInt32, _ selection: MailSelection) -> Bool {
        var memo = Memo()
        return fits(records[handle], selection, &memo)
    }

    private func fits(_ record: Waiting, _ selection: MailSelection, _ memo: inout Memo) -> Bool {
        if let ids = selection.ids, !ids.contains(record.id) { return false }
        if selection.asksLabels {
            if memo.label != record.label {
                memo.label = record.label
                memo.labelFits = labels.fits(record.label, selection)
            }
            guard memo.labelFits else { return false }
        }
        guard selection.asksQueue else { return true }
        if memo.destination != record.destination {
            memo.destination = record.destination
            memo.destinationFits = fits(destinations[Int(record.destination)].name, selection)
        }
        return memo.destinationFits
    }
}
