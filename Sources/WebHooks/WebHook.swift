package import AsyncHTTPClient
package import EventLog
import Measures
package import NIOCore
import NIOHTTP1
import Synchronization

/// Sends events to a receiver over HTTP: reads the event log from where it was last time and posts what is new, a JSON
/// array a request, in order. An event is done with when the receiver has answered 2xx; until then it is sent again, so
/// the receiver sees each one at least once, across restarts. Other forms than an array are those of ``WebHookFormat``.
/// Mail knows nothing of it: a receiver that is down or slow costs disk, not deliveries.
///
///     POST /events HTTP/1.1
///     content-type: application/json
///     [{"type":"Delivery","timestamp":1764108780,…},{"type":"Bounce",…}]
package final class WebHook: Sendable {
    package let settings: WebHookSettings
    private let place: LogPlace
    private let client: HTTPClient
    private struct State {
        var counts = WebHookCounts()
        /// Until the receiver takes something.
        var requestFault: String?
        /// Until the log is read and the place kept.
        var readingFault: String?
        var faults = FaultHistory()
    }
    private let state = Mutex(State())

    /// - Parameter place: of this hook in the log.
    package init(_ settings: WebHookSettings, at place: LogPlace, client: HTTPClient) {
        self.settings = settings
        self.place = place
        self.client = client
        if let fault = place.startFault {
            state.withLock { state in
                state.requestFault = fault
                state.faults.note(fault)
            }
        }
    }

    package var counts: WebHookCounts {
        var (counts, fault) = state.withLock { ($0.counts, $0.requestFault ?? $0.readingFault) }
        counts.lag = place.lag
        swap(&counts.fault, &fault)
        return counts
    }

    /// What went wrong since the start.
    package var faults: [String] { state.withLock { $0.faults.texts } }

    /// Seconds between two looks at a log in which nothing is new.
    private static let pause = 0.2

    /// Until its task is cancelled.
    package func run() async {
        var reader = LogReader(place, kinds: settings.kinds)
        var pace = WebHookPace(eventsPerSecond: settings.eventsPerSecond)
        let began = MonotonicInstant.now()
        while !Task.isCancelled {
            do {
                guard let batch = try await nextBatch(&reader) else { break }
                let pause = pace.take(batch.lines.count, now: MonotonicInstant.now().seconds(since: began))
                if pause > 0 { await sleep(pause) }
                guard await deliver(batch) else { break }
                try reader.advance(to: batch.end)
                state.withLock { $0.readingFault = nil }
            } catch {
                state.withLock { state in
                    state.readingFault = "\(error)"
                    state.faults.note("\(error)")
                }
                await sleep(settings.retrySeconds.first)
            }
        }
        try? place.save()
    }

    /// A full batch, or what there is when no more came for a while. Reads on without waiting as long as there is
    /// something to read, wanted or not. Nil: stopped before.
    private func nextBatch(_ reader: inout LogReader) async throws -> LogReader.Batch? {
        var batch = reader.batch
        var lingersFrom: MonotonicInstant?
        while !Task.isCancelled {
            let progress = try reader.fill(&batch, atMost: settings.batchEvents)
            if batch.lines.isEmpty { try skip(to: batch.end, &reader) }
            switch progress {
            case .full: return batch
            case .more: await Task.yield()
            case .end where batch.lines.isEmpty: await sleep(Self.pause)
            case .end:
                let now = MonotonicInstant.now()
                let rest = settings.lingerSeconds - now.seconds(since: lingersFrom ?? now)
                guard rest > 0 else { return batch }
                lingersFrom = lingersFrom ?? now
                await sleep(min(rest, Self.pause))
            }
        }
        return nil
    }

    private func skip(to end: LogCursor, _ reader: inout LogReader) throws {
        try reader.skip(to: end)
        state.withLock { $0.readingFault = nil }
    }

    /// Returns when the receiver has taken the batch, or when it never did; false: stopped before.
    private func deliver(_ batch: LogReader.Batch) async -> Bool {
        let body = settings.format.body(batch.lines)
        let began = MonotonicInstant.now()
        var delay = settings.retrySeconds.first
        while !Task.isCancelled {
            do {
                try await postToItsEnd(body)
                state.withLock { state in
                    state.counts.delivered += UInt64(batch.lines.count)
                    state.requestFault = nil
                }
                return true
            } catch {
                note("\(error)")
            }
            guard MonotonicInstant.now().seconds(since: began) < settings.giveUpSeconds else {
                state.withLock { $0.counts.skipped += UInt64(batch.lines.count) }
                return true
            }
            await sleep(delay)
            delay = min(delay * 2, settings.retrySeconds.most)
        }
        return false
    }

    private func note(_ text: String) {
        state.withLock { state in
            state.counts.failures += 1
            state.requestFault = text
            state.faults.note(text)
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
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
        request.headers.add(name: "content-type", value: settings.format.contentType)
        request.headers.add(name: "user-agent", value: "Millrace")
        if let authorization = settings.authorization {
            request.headers.add(name: "authorization", value: authorization)
        }
        request.body = .bytes(body)
        let answer = try await client.execute(
            request, timeout: .nanoseconds(Int64(settings.timeoutSeconds * 1e9)))
        let said = try? await answer.body.collect(upTo: Self.answerLimit)
        guard (200..<300).contains(answer.status.code) else {
            throw Refusal(description: "\(answer.status.code) \(answer.status.reasonPhrase)")
        }
        if let refusal = settings.format.refusal(in: said ?? ByteBuffer()) { throw Refusal(description: refusal) }
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
        // The hook itself tries again, and says that it has to.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }
}
