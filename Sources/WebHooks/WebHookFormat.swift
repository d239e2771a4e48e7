import Foundation
package import NIOCore

/// How events are put into a request.
package enum WebHookFormat: String, Sendable, CaseIterable {
    /// A JSON array.
    case array
    /// Each on a line of its own (NDJSON), as log collectors and column stores take them.
    case lines
    /// As the REST proxies of Kafka and Redpanda take them: `POST /topics/NAME` with `{"records": [{"value": …}]}`.
    case kafka

    var contentType: String {
        switch self {
        case .array: "application/json"
        case .lines: "application/x-ndjson"
        case .kafka: "application/vnd.kafka.json.v2+json"
        }
    }

    /// - Parameter lines: an event each, without line ends.
    package func body(_ lines: [[UInt8]]) -> ByteBuffer {
        let (begin, before, between, end) = parts
        var body = ByteBuffer()
        let extra = before.utf8.count + between.utf8.count
        body.reserveCapacity(lines.reduce(begin.utf8.count + end.utf8.count) { $0 + $1.count + extra })
        body.writeString(begin)
        for (index, line) in lines.enumerated() {
            if index > 0 { body.writeString(between) }
            body.writeString(before)
            body.writeBytes(line)
        }
        body.writeString(end)
        return body
    }

    private var parts: (begin: String, before: String, between: String, end: String) {
        switch self {
        case .array: ("[", "", ",", "]")
        case .lines: ("", "", "\n", "\n")
        case .kafka: (#"{"records":["#, #"{"value":"#, "},", "}]}")
        }
    }

    /// Why a receiver that answered 2xx has not taken all; nil: it has. A REST proxy says of each record what became of it.
    package func refusal(in answer: ByteBuffer) -> String? {
        guard self == .kafka else { return nil }
        struct Answer: Decodable {
            struct Place: Decodable {
                var error_code: Int?
                var error: String?
            }
            var offsets: [Place]
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(answer.readableBytesView)) else {
            return "expected the offsets of the records"
        }
        guard let place = answer.offsets.first(where: { $0.error_code != nil || $0.error != nil }) else { return nil }
        return "a record was refused: \(place.error ?? "error \(place.error_code!)")"
    }
}

/// Keeps events to a rate: a batch of many is followed by a pause of many. A value; times in seconds.
package struct WebHookPace: Sendable {
    private let eventsPerSecond: Double?
    private var free = 0.0

    package init(eventsPerSecond: Double?) { self.eventsPerSecond = eventsPerSecond }

    /// - Returns: seconds until a batch of so many may be posted, which it then is.
    package mutating func take(_ events: Int, now: Double) -> Double {
        guard let eventsPerSecond else { return 0 }
        let at = max(free, now)
        free = at + Double(events) / eventsPerSecond
        return at - now
    }
}
