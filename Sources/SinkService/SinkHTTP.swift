import Foundation
import HTTPService
import Measures
import NIOCore
import RunRecords

/// Counters of a running sink over HTTP, for this machine: `GET /counters` (the record as it would be written now, JSON),
/// `GET /metrics` (Prometheus), `POST /reset`; with an inbox the pages of
/// ``InboxPages``.
struct SinkHTTP {
    private let service: LocalHTTPService

    static func start(_ endpoint: Endpoint, _ server: SinkServer, _ inbox: Inbox?) async throws -> SinkHTTP {
        let pages = inbox.map { InboxPages(inbox: $0) }
        return SinkHTTP(
            service: try await LocalHTTPService.start(.init(endpoint)) { call in
                if let page = pages?.answer(call) { return page }
                do {
                    return try await answer(call, server)
                } catch {
                    return .fault(.internalServerError, "\(error)")
                }
            })
    }

    var address: String { service.address }

    func stop() async { await service.stop() }

    private static func answer(_ call: HTTPCall, _ server: SinkServer) async throws -> HTTPAnswer {
        switch (call.method, call.path) {
        case (.GET, "/counters"), (.HEAD, "/counters"): try json(await server.counters())
        case (.GET, "/metrics"), (.HEAD, "/metrics"):
            HTTPAnswer(
                .ok, SinkMetrics.text(try await server.counters()), contentType: MetricText.Form.prometheus.contentType)
        case (.POST, "/reset"): try json(await server.reset())
        case (_, "/counters"), (_, "/metrics"):
            HTTPAnswer(.methodNotAllowed, "GET only\n", headers: ["Allow": "GET, HEAD"])
        case (_, "/reset"): HTTPAnswer(.methodNotAllowed, "POST only\n", headers: ["Allow": "POST"])
        default: .fault(.notFound, "there are /counters, /metrics and /reset")
        }
    }

    private static func json(_ record: SinkRecord) throws -> HTTPAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(record)
        return HTTPAnswer(.ok, ByteBuffer(bytes: data), contentType: "application/json")
    }
}
