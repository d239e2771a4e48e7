package import MailTypes
import Slabs

// What operators see and do. These go through all deliveries: milliseconds for a million.
extension DeliveryQueue {
    /// Which deliveries are meant.
    package enum Selection: Hashable, Sendable {
        case all
        case destination(String)
        case ids(Set<MessageID>)
    }

    /// One delivery, as it is listed.
    package struct Summary: Hashable, Sendable {
        package var id: MessageID
        package var destination: String
        /// `ready`, `leased`, `deferred` or `held`.
        package var place: String
        package var recipients: Int
        package var attempts: Int
        /// Milliseconds since 1970; only of deferred ones.
        package var due: UInt64?
        package var isDelayReported: Bool
    }

    package var destinationSummaries: [DestinationSummary] {
        indices.values.map { index in
            let queue = destinations[Int(index)]
            return DestinationSummary(
                name: queue.name, ready: queue.ready.count, deferred: queue.deferred, leased: queue.leased,
                held: queue.held, connections: queue.connections, holdUntil: queue.holdUntil,
                failure: queue.failure?.description)
        }.sorted { $0.name < $1.name }
    }

    /// - Parameter limit: at most so many.
    package func summaries(_ selection: Selection, limit: Int) -> [Summary] {
        handles(selection).prefix(limit).map(summary)
    }

    private func summary(_ handle: UInt32) -> Summary {
        let record = records[handle]
        return Summary(
            id: record.id, destination: destinations[Int(record.destination)].name, place: "\(record.place)",
            recipients: record.recipients, attempts: Int(record.attempts),
            due: record.place == .deferred ? record.due : nil, isDelayReported: record.isDelayReported)
    }

    /// Deferred deliveries become ready, the oldest first, and their next hops are tried at once.
    /// - Returns: how many deliveries.
    package mutating func flush(_ selection: Selection, now: UInt64) -> Int {
        let chosen = handles(selection)
        let touched = Set(chosen.map { records[$0].destination })
        let deferred = chosen.filter { records[$0].place == .deferred }.sorted { records[$0].id < records[$1].id }
        for handle in deferred {
            takeOut(handle)
            makeReady(handle)
        }
        for index in touched {
            destinations[Int(index)].holdUntil = 0
            enterRing(index)
        }
        return deferred.count
    }

    /// Waiting deliveries are held until ``unhold(_:)``; those under way are not.
    /// - Returns: the deliveries held now that were not before.
    package mutating func hold(_ selection: Selection) -> [Summary] {
        handles(selection).compactMap { handle in
            let place = records[handle].place
            guard place == .ready || place == .deferred else { return nil }
            takeOut(handle)
            hold(handle)
            return summary(handle)
        }
    }

    /// Held deliveries become ready.
    package mutating func unhold(_ selection: Selection) -> [Summary] {
        handles(selection).compactMap { handle in
            guard records[handle].place == .held else { return nil }
            takeOut(handle)
            makeReady(handle)
            return summary(handle)
        }
    }

    /// Takes waiting deliveries out, to be forgotten; those under way stay.
    /// - Returns: the deliveries.
    package mutating func remove(_ selection: Selection) -> [Summary] {
        handles(selection).compactMap { handle in
            guard records[handle].place != .leased else { return nil }
            let (removed, destination) = (summary(handle), records[handle].destination)
            takeOut(handle)
            free(handle)
            dropIfEmpty(destination)
            return removed
        }
    }

    private func handles(_ selection: Selection) -> [UInt32] {
        (0..<records.end).filter { handle in
            let record = records[handle]
            guard record.place != .free else { return false }
            switch selection {
            case .all: return true
            case .destination(let name): return destinations[Int(record.destination)].name == name
            case .ids(let ids): return ids.contains(record.id)
            }
        }
    }

    /// Out of the list it is in.
    private mutating func takeOut(_ handle: UInt32) {
        let index = Int(records[handle].destination)
        switch records[handle].place {
        case .ready:
            destinations[index].ready.remove(handle, &records)
            readyCount -= 1
        case .deferred:
            wheel.remove(handle, &records)
            destinations[index].deferred -= 1
        case .held:
            destinations[index].held -= 1
            heldCount -= 1
        case .leased, .free: preconditionFailure("\(records[handle].id) is in no list")
        }
    }
}
