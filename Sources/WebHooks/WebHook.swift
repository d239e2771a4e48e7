package import AsyncHTTPClient
package import EventLog
import Measures
package import NIOCore
import NIOHTTP1
import Synchronization

/// Sends events to a receiver over HTTP: reads the event log from where it was last time and posts what is new, a JSON
/// array a request, in order. An event is done with when the receiver has answered 2xx; until then it is sent again, so
/// the receiver sees each one at least once, across restarts. Mail knows nothing of it: a receiver that is down or slow
/// costs disk, not deliveries.
///
///     POST /events HTTP/1.1
///     content-type: application/json
///     [{"type":"Delivery","timestamp":1764108780,…},{"type":"Bounce",…}]
package final class WebHook: Sendable {
    package let settings: WebHookSettings
    private let log: EventLog
    private let client: HTTPClient
    private let state = Mutex(WebHookCounts())

    /// - Parameter log: has its directory; told where the hook is.
    package init(_ settings: WebHookSettings, log: EventLog, client: HTTPClient) {
        self.settings = settings
        self.log = log
        self.client = client
    }

    package var counts: WebHookCounts { state.withLock { $0 } }

    /// Seconds between two looks at a log in which nothing is new.
    private static let pause = 0.2

    /// Until its task is cancelled.
    package func run() async {
        var reader = LogReader(log.settings.directory, name: settings.name, kinds: settings.kinds)
        log.note(reader: settings.name, at: reader.cursor?.segment)
        while !Task.isCancelled {
            do {
                guard let batch = try await nextBatch(&reader) else { continue }
                guard await deliver(batch) else { return }
                try reader.advance(to: batch.end)
                log.note(reader: settings.name, at: batch.end.segment)
            } catch {
                note("\(error)")
                await sleep(settings.retrySeconds.first)
            }
            let lag = reader.lag
            state.withLock { $0.lag = lag }
        }
    }

    /// A full batch, or what there is when no more came for a while.
    private func nextBatch(_ reader: inout LogReader) async throws -> LogReader.Batch? {
        guard let batch = try reader.next(atMost: settings.batchEvents) else {
            await sleep(Self.pause)
            return nil
        }
        guard batch.lines.count < settings.batchEvents, settings.lingerSeconds > 0 else { return batch }
        await sleep(settings.lingerSeconds)
        return try reader.next(atMost: settings.batchEvents)
    }

    /// Returns when the receiver has taken the batch, or when it never did; false: stopped before.
    private func deliver(_ batch: LogReader.Batch) async -> Bool {
        if batch.lines.isEmpty { return true }
        let body = Self.body(batch.lines)
        let began = MonotonicInstant.now()
        var delay = settings.retrySeconds.first
        while !Task.isCancelled {
            do {
                try await postToItsEnd(body)
                state.withLock { state in
                    state.delivered += UInt64(batch.lines.count)
                    state.fault = nil
                }
                return true
            } catch {
                note("\(error)")
            }
            guard MonotonicInstant.now().seconds(since: began) < settings.giveUpSeconds else {
                state.withLock { $0.skipped += UInt64(batch.lines.count) }
                return true
            }
            await sleep(delay)
            delay = min(delay * 2, settings.retrySeconds.most)
        }
        return false
    }

    private func note(_ text: String) {
        state.withLock { state in
            state.failures += 1
            state.fault = text
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let status: HTTPResponseStatus
        var description: String { "\(status.code) \(status.reasonPhrase)" }
    }

    /// What a receiver has to say is not of interest, and is read all the same: its connection is used again.
    private static let answerLimit = 1 << 16

    /// Nanoseconds that a request under way has when the hook is stopped: an answer that is not waited for means that its
    /// events are sent twice.
    private static let grace: UInt64 = 2_000_000_000

    private func postToItsEnd(_ body: ByteBuffer) async throws {
        let request = Task { try await post(body) }
        try await withTaskCancellationHandler {
            try await request.value
        } onCancel: {
            Task {
                try? await Task.sleep(nanoseconds: Self.grace)
                request.cancel()
            }
        }
    }

    private func post(_ body: ByteBuffer) async throws {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "Millrace")
        if let authorization = settings.authorization {
            request.headers.add(name: "authorization", value: authorization)
        }
        request.body = .bytes(body)
        let answer = try await client.execute(
            request, timeout: .nanoseconds(Int64(settings.timeoutSeconds * 1e9)))
        _ = try? await answer.body.collect(upTo: Self.answerLimit)
        guard (200..<300).contains(answer.status.code) else { throw Refusal(status: answer.status) }
    }

    /// The lines as one JSON array.
    static func body(_ lines: [[UInt8]]) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(lines.reduce(2) { $0 + $1.count + 1 })
        body.writeString("[")
        for (index, line) in lines.enumerated() {
            if index > 0 { body.writeString(",") }
            body.writeBytes(line)
        }
        body.writeString("]")
        return body
    }

    private func sleep(_ seconds: Double) async {
        try? await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
    }
}

extension HTTPClient {
    /// The client of all hooks: follows no redirections, since what is reported would go to strangers.
    package static func forWebHooks(_ group: any EventLoopGroup) -> HTTPClient {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }
}
