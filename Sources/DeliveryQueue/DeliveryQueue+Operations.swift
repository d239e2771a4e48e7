package import MailTypes
import Slabs

// What operators see and do. Each change goes through all deliveries, in slices; without a sweep in one go.
extension DeliveryQueue {
    /// One delivery, as it is listed.
    package struct Summary: Hashable, Sendable {
        package var id: MessageID
        package var destination: String
        /// `ready`, `leased`, `deferred`, `scheduled` (deferred by its sender's wish), `held`, `suspended` or `leaving`.
        package var place: String
        package var recipients: Int
        package var attempts: Int
        /// Milliseconds since 1970; only of deferred ones.
        package var due: UInt64?
        package var isDelayReported: Bool
        package var label: DeliveryLabel
        /// It was rebound, and the log has still to be told.
        package var isUnlogged: Bool
    }

    /// All in one go, by name.
    package var destinationSummaries: [DestinationSummary] {
        var next: Int? = 0
        return destinationSummaries(from: &next, atMost: .max).sorted { $0.name < $1.name }
    }

    /// Some of them, in no order: there may be a million.
    /// - Parameter next: where to go on, 0 at first; nil: these were the last.
    package func destinationSummaries(from next: inout Int?, atMost count: Int) -> [DestinationSummary] {
        let begin = next ?? destinations.count
        let end = destinations.count - begin > count ? begin + count : destinations.count
        next = end < destinations.count ? end : nil
        return (begin..<max(begin, end)).filter { !destinations[$0].isFree }.map { destinationSummary(UInt32($0)) }
    }

    /// Nil: there is no such queue here.
    package func destinationSummary(of name: String) -> DestinationSummary? {
        indices[name].map { destinationSummary($0) }
    }

    private func destinationSummary(_ index: UInt32) -> DestinationSummary {
        let queue = destinations[Int(index)]
        return DestinationSummary(
            name: queue.name, ready: queue.ready.count, deferred: queue.deferred - queue.scheduled,
            scheduled: queue.scheduled, leased: queue.leased, held: queue.held, suspended: queue.suspended,
            leaving: queue.leaving, connections: queue.connections, holdUntil: queue.holdUntil,
            suspendedUntil: queue.suspendedUntil, finished: queue.finished, failure: queue.failure?.description,
            lastFailure: queue.lastFailure?.reply.description)
    }

    /// - Parameter limit: at most so many.
    package func summaries(_ selection: MailSelection, limit: Int) -> [Summary] {
        var sweep = sweep(selection)
        return summaries(&sweep, SliceLimit(looked: .max, changed: max(0, limit)))
    }

    package func summaries(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> [Summary] {
        slice(&sweep, limit) { _ in true }.map { summary($0) }
    }

    func summary(_ handle: UInt32) -> Summary {
        let record = records[handle]
        return Summary(
            id: record.id, destination: destinations[Int(record.destination)].name,
            place: isScheduled(handle) ? "scheduled" : record.place.name,
            recipients: record.recipients, attempts: Int(record.attempts),
            due: record.place == .deferred ? record.due : nil, isDelayReported: record.isDelayReported,
            label: labels[record.label], isUnlogged: record.isUnlogged)
    }

    /// What an attempt was told that failed, for whoever asks why mail waits.
    package mutating func noteFailure(_ reply: SMTPReply, of destination: Destination, now: UInt64) {
        destinations[Int(destination.index)].lastFailure = (reply, now)
    }

    /// Deferred deliveries become ready, of a slice the oldest first, and their next hops are tried at once. What its
    /// sender wants sent later stays, unless it is named by its id.
    /// - Returns: how many deliveries.
    package mutating func flush(_ sweep: inout QueueSweep, _ limit: SliceLimit, now: UInt64) -> Int {
        let isNamed = sweep.selection.ids != nil
        var (deferred, touched, last) = ([UInt32](), Set<UInt32>(), UInt32.max)
        for handle in slice(&sweep, limit, where: { $0.place == .deferred || $0.place == .ready })
        where isNamed || !isScheduled(handle) {
            // Neighbours mostly go to the same.
            if records[handle].destination != last {
                last = records[handle].destination
                touched.insert(last)
            }
            if records[handle].place == .deferred { deferred.append(handle) }
        }
        // They mostly are sorted already.
        let isSorted = zip(deferred, deferred.dropFirst()).allSatisfy { records[$0].id < records[$1].id }
        if !isSorted { deferred.sort { records[$0].id < records[$1].id } }
        for handle in deferred {
            takeOut(handle)
            if isNamed { forgetSchedule(handle, now: now) }
            makeReady(handle)
        }
        for index in touched {
            destinations[Int(index)].holdUntil = 0
            enterRing(index)
        }
        return deferred.count
    }

    package mutating func flush(_ selection: MailSelection, now: UInt64) -> Int {
        var sweep = sweep(selection)
        return flush(&sweep, .whole, now: now)
    }

    /// Waiting deliveries are held until ``unhold(_:)``; those under way are not.
    /// - Returns: the deliveries held now that were not before.
    package mutating func hold(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> [Summary] {
        slice(&sweep, limit) { [.ready, .deferred, .suspended].contains($0.place) }.map { handle in
            takeOut(handle)
            hold(handle)
            return summary(handle)
        }
    }

    package mutating func hold(_ selection: MailSelection) -> [Summary] {
        var sweep = sweep(selection)
        return hold(&sweep, .whole)
    }

    /// Held deliveries become ready.
    package mutating func unhold(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> [Summary] {
        slice(&sweep, limit) { $0.place == .held }.map { handle in
            takeOut(handle)
            makeReady(handle)
            return summary(handle)
        }
    }

    package mutating func unhold(_ selection: MailSelection) -> [Summary] {
        var sweep = sweep(selection)
        return unhold(&sweep, .whole)
    }

    /// Takes waiting deliveries out, to be forgotten; those under way stay.
    /// - Returns: the deliveries.
    package mutating func remove(_ sweep: inout QueueSweep, _ limit: SliceLimit) -> [Summary] {
        slice(&sweep, limit) { $0.place != .leased && $0.place != .leaving }.map { handle in
            let (removed, destination) = (summary(handle), records[handle].destination)
            takeOut(handle)
            free(handle)
            dropIfEmpty(destination)
            return removed
        }
    }

    package mutating func remove(_ selection: MailSelection) -> [Summary] {
        var sweep = sweep(selection)
        return remove(&sweep, .whole)
    }

    /// Out of the list it is in.
    mutating func takeOut(_ handle: UInt32) {
        let index = Int(records[handle].destination)
        switch records[handle].place {
        case .ready:
            destinations[index].ready.remove(handle, &records)
            readyCount -= 1
        case .deferred:
            wheel.remove(handle, &records)
            endWait(handle)
        case .held:
            destinations[index].held -= 1
            heldCount -= 1
        case .suspended:
            destinations[index].suspended -= 1
            suspendedCount -= 1
        case .leased, .leaving, .free: preconditionFailure("\(records[handle].id) is in no list")
        }
    }
}
