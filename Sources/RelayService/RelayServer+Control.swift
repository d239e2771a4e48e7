import DeliveryQueue
import MailTypes
package import RunRecords

extension RelayServer {
    /// Does what an operator asks, over all shards.
    package func control(_ request: ControlRequest) async -> ControlResponse {
        var response = ControlResponse()
        do {
            if request.command == .shaping || request.command == .shapingCancel { return try await shaping(request) }
            if try await answerForProcess(request, &response) { return response }
            let selection = try selection(request)
            if request.command == .list { return try await list(selection, limit: request.limit ?? 0) }
            response.changed = try await administrator.onAll { shard in
                switch request.command {
                case .list, .shaping, .shapingCancel, .upgrade, .identify:
                    shard.context.eventLoop.makeSucceededFuture(0)
                case .flush: shard.flush(selection)
                case .hold: shard.hold(selection)
                case .release: shard.unhold(selection)
                case .remove: shard.remove(selection)
                }
            }
        } catch {
            response.error = "\(error)"
        }
        return response
    }

    private func selection(_ request: ControlRequest) throws(RecordFault) -> MailSelection {
        if let ids = request.ids {
            var found: Set<MessageID> = []
            for text in ids {
                guard let id = MessageID(text) else { throw RecordFault("'\(text)': expected 32 hexadecimal digits") }
                found.insert(id)
            }
            return .ids(found)
        }
        return request.destination.map { .destination($0) } ?? .all
    }

    private func list(_ selection: MailSelection, limit: Int) async throws -> ControlResponse {
        let destinations = try await administrator.destinations()
        var deliveries: [DeliveryQueue.Summary] = []
        for shard in shards where limit > 0 {
            deliveries += try await shard.context.eventLoop.flatSubmit { shard.list(selection, limit: limit) }.get()
        }
        var response = ControlResponse()
        response.destinations = destinations.values.filter { isIn(selection, $0) }.sorted { $0.name < $1.name }
            .map(Self.destination)
        response.deliveries = deliveries.sorted { $0.id < $1.id }.prefix(limit).map(Self.delivery)
        return response
    }

    private func isIn(_ selection: MailSelection, _ summary: DestinationSummary) -> Bool {
        selection.fits(queue: summary.name)
    }

    private static func destination(_ summary: DestinationSummary) -> ControlResponse.Destination {
        ControlResponse.Destination(
            name: summary.name, ready: summary.ready, deferred: summary.deferred, scheduled: summary.scheduled,
            leased: summary.leased, held: summary.held, suspended: summary.suspended, leaving: summary.leaving,
            connections: summary.connections,
            holdUntilUnixMilliseconds: summary.holdUntil > 0 ? summary.holdUntil : nil,
            failure: summary.failure ?? summary.lastFailure)
    }

    private static func delivery(_ summary: DeliveryQueue.Summary) -> ControlResponse.Delivery {
        ControlResponse.Delivery(
            id: summary.id.description, destination: summary.destination, place: summary.place,
            recipients: summary.recipients, attempts: summary.attempts, dueUnixMilliseconds: summary.due)
    }
}
