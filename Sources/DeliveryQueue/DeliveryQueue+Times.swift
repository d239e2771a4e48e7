import HeapModule
import MailTypes

// Deliveries that must not go before a time, or have to be there by one. They are few: what is known of them stands beside
// the records, and nobody looks there for others.
extension DeliveryQueue {
    /// What a message says of time, milliseconds since 1970.
    package struct Times: Hashable, Sendable {
        /// Nothing is tried before then; 0: at once. Its age counts from then on.
        package var notBefore: UInt64
        /// It is returned when it is not delivered by then.
        package var returnedAt: UInt64?
        /// Its sender is told when it is not delivered by then.
        package var noticeAt: UInt64?
        /// Waits until then by its own wish and not for a failure; 0: it does not.
        var scheduledFor: UInt64 = 0

        package init(notBefore: UInt64 = 0, returnedAt: UInt64? = nil, noticeAt: UInt64? = nil) {
            self.notBefore = notBefore
            self.returnedAt = returnedAt
            self.noticeAt = noticeAt
        }
    }

    struct Deadline: Comparable, Sendable {
        var at: UInt64
        var handle: UInt32
        var id: MessageID
        static func < (a: Deadline, b: Deadline) -> Bool { a.at < b.at }
    }

    /// A delivery whose time is over.
    package enum Overdue: Sendable {
        /// To be returned.
        case returned(Lease)
        /// Its sender is to be told; it goes on.
        case noticed(Summary)
    }

    /// Deliveries that one call of ``nextOverdue(now:)`` passes over because they are under way.
    private static let overdueLooks = 1_000
    /// One under way is looked at again after so long, milliseconds.
    private static let overduePause: UInt64 = 250

    mutating func setTimes(_ times: Times, of handle: UInt32) {
        self.times[handle] = times
        records[handle].hasTimes = true
        for at in [times.returnedAt, times.noticeAt].compactMap({ $0 }) {
            deadlines.insert(Deadline(at: at, handle: handle, id: records[handle].id))
        }
        // Of those that were delivered in time something is left here until then.
        guard deadlines.count > 4 * self.times.count + 1_000 else { return }
        deadlines = Heap(deadlines.unordered.filter { self.times[$0.handle] != nil && records[$0.handle].id == $0.id })
    }

    /// When the delivery's age begins to count.
    func birth(_ handle: UInt32) -> UInt64 {
        let accepted = records[handle].id.milliseconds
        return records[handle].hasTimes ? max(accepted, times[handle]!.notBefore) : accepted
    }

    /// A new or restored delivery that must wait does so.
    /// - Returns: false if it may go.
    mutating func waitsForItsTime(_ handle: UInt32, now: UInt64) -> Bool {
        guard records[handle].hasTimes, let until = times[handle]?.notBefore, until > now else { return false }
        if !orders.isEmpty, leaves(handle) { return true }
        schedule(handle, until: until, now: now)
        return true
    }

    private mutating func schedule(_ handle: UInt32, until: UInt64, now: UInt64) {
        times[handle]?.scheduledFor = until
        wait(handle, until: until, now: now)
    }

    /// It waits because its sender wants it to.
    func isScheduled(_ handle: UInt32) -> Bool {
        records[handle].hasTimes && records[handle].place == .deferred
            && times[handle]?.scheduledFor == records[handle].due
    }

    /// What was said of the leased delivery's time.
    package func times(of lease: Lease) -> Times? { lease.hasTimes ? times[lease.handle] : nil }

    /// The lease ends untried and waits until then: it may not go now.
    package mutating func postpone(_ lease: Lease, until: UInt64, now: UInt64) {
        endLease(lease)
        if !lease.hasTimes { setTimes(Times(), of: lease.handle) }
        if !orders.isEmpty, leaves(lease.handle) { return }
        schedule(lease.handle, until: until, now: now)
    }

    /// An operator wants it tried now, whatever its sender said.
    mutating func forgetSchedule(_ handle: UInt32, now: UInt64) {
        guard records[handle].hasTimes else { return }
        times[handle]!.notBefore = min(times[handle]!.notBefore, now)
        times[handle]!.scheduledFor = 0
    }

    /// Deliveries that have to be there by a time exist.
    package var hasDeadlines: Bool { !deadlines.isEmpty }
    /// With those of deliveries that are gone and have not been swept up yet.
    package var deadlineCount: Int { deadlines.count }

    /// The next delivery whose time is over; nil: there is none for now.
    package mutating func nextOverdue(now: UInt64) -> Overdue? {
        var looks = 0
        while let first = deadlines.min, first.at <= now, looks < Self.overdueLooks {
            looks += 1
            deadlines.removeMin()
            guard let known = times[first.handle], records[first.handle].id == first.id else { continue }
            if let notice = known.noticeAt, notice <= first.at {
                times[first.handle]!.noticeAt = nil
                return .noticed(summary(first.handle))
            }
            guard let end = known.returnedAt, end <= first.at else { continue }
            switch records[first.handle].place {
            case .leased: deadlines.insert(Deadline(at: now + Self.overduePause, handle: first.handle, id: first.id))
            case .leaving, .free: break
            default:
                takeOut(first.handle)
                return .returned(lease(first.handle))
            }
        }
        return nil
    }
}
