import Foundation

/// What `mta queue` asks a running relay over its control socket: one line of JSON, answered by one.
///
///     {"command":"hold","destination":"slow.test"}
///     {"changed":12}
package struct ControlRequest: Codable, Hashable, Sendable {
    package enum Command: String, Codable, Sendable {
        /// Destinations, and deliveries up to `limit`.
        case list
        /// Deferred deliveries are tried at once.
        case flush
        /// Waiting deliveries stay until they are let go.
        case hold
        case release
        /// Waiting deliveries are forgotten; nobody is told.
        case remove
        /// Automatic shaping that is at work.
        case shaping
        /// Ends the one with the id `automation`.
        case shapingCancel = "shaping_cancel"
        /// A new process takes over, with what lies at the program's path now.
        case upgrade
        /// Which process answers.
        case identify
    }

    package var command: Command
    /// Only deliveries to this destination.
    package var destination: String?
    /// Only these messages, 32 hexadecimal digits each.
    package var ids: [String]?
    package var limit: Int?
    package var automation: UInt64?

    package init(_ command: Command, destination: String? = nil, ids: [String]? = nil, limit: Int? = nil) {
        self.command = command
        self.destination = destination
        self.ids = ids
        self.limit = limit
    }
}

/// A call of the admin API over the control socket, one line of JSON. The answer is a line that says how it went, and then
/// what the API says, as long as it comes.
///
///     {"body":"{\"domain\":\"slow.test\",\"reason\":\"too fast\"}","method":"POST","path":"/api/admin/suspend/v1"}
///     {"status":200}
///     {"id":"…"}
package struct ControlCall: Codable, Hashable, Sendable {
    package var method: String
    /// With the query.
    package var path: String
    package var body: String

    package init(_ method: String, _ path: String, body: String = "") {
        self.method = method
        self.path = path
        self.body = body
    }
}

/// The first line of what follows on a ``ControlCall``.
package struct ControlStatus: Codable, Hashable, Sendable {
    package var status: Int
    package init(_ status: Int) { self.status = status }
}

/// What the relay answers.
package struct ControlResponse: Codable, Hashable, Sendable {
    /// The queue of one destination.
    package struct Destination: Codable, Hashable, Sendable {
        package var name: String
        package var ready: Int
        package var deferred: Int
        /// Deferred by their senders' wish; nil: the relay counts them among ``deferred``.
        package var scheduled: Int?
        package var leased: Int
        package var held: Int
        /// By an operator.
        package var suspended: Int
        /// On their way back to their senders.
        package var leaving: Int
        package var connections: Int
        /// The next hop is left alone until then; nil: it is not.
        package var holdUntilUnixMilliseconds: UInt64?
        package var failure: String?

        enum CodingKeys: String, CodingKey {
            case name, ready, deferred, scheduled, leased, held, suspended, leaving, connections, failure
            case holdUntilUnixMilliseconds = "hold_until_unix_ms"
        }

        package init(
            name: String, ready: Int, deferred: Int, scheduled: Int, leased: Int, held: Int, suspended: Int,
            leaving: Int, connections: Int,
            holdUntilUnixMilliseconds: UInt64?, failure: String?
        ) {
            self.name = name
            self.ready = ready
            self.deferred = deferred
            self.scheduled = scheduled
            self.leased = leased
            self.held = held
            self.suspended = suspended
            self.leaving = leaving
            self.connections = connections
            self.holdUntilUnixMilliseconds = holdUntilUnixMilliseconds
            self.failure = failure
        }
    }

    /// One message to one destination.
    package struct Delivery: Codable, Hashable, Sendable {
        package var id: String
        package var destination: String
        /// `ready`, `leased`, `deferred` or `held`.
        package var place: String
        package var recipients: Int
        package var attempts: Int
        package var dueUnixMilliseconds: UInt64?

        enum CodingKeys: String, CodingKey {
            case id, destination, place, recipients, attempts
            case dueUnixMilliseconds = "due_unix_ms"
        }

        package init(
            id: String, destination: String, place: String, recipients: Int, attempts: Int,
            dueUnixMilliseconds: UInt64?
        ) {
            self.id = id
            self.destination = destination
            self.place = place
            self.recipients = recipients
            self.attempts = attempts
            self.dueUnixMilliseconds = dueUnixMilliseconds
        }
    }

    /// Why nothing was done.
    package var error: String?
    /// Deliveries that the command changed.
    package var changed: Int?
    package var destinations: [Destination]?
    package var deliveries: [Delivery]?
    package var automations: [Automation]?
    /// The process that answers, or with `upgrade` the one that takes over.
    package var process: Int32?
    package init() {}
}

/// The one line of JSON that a control message is.
package enum ControlLine {
    /// Octets of a request; ids of about a million messages.
    package static let requestLimit = 48 << 20

    package static func encode(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(message)) + [0x0A]
    }

    package static func decode<Message: Decodable>(_ type: Message.Type, _ line: [UInt8]) throws(RecordFault) -> Message
    {
        do { return try JSONDecoder().decode(type, from: Data(line)) } catch {
            throw RecordFault("not a control message: \(error)")
        }
    }
}
