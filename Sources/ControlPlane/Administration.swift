package import HTTPService
package import MailTypes
package import MessageBuilding

/// What operators can have of a relay: implemented by it, asked over HTTP and over the control socket alike.
package protocol Administration: Sendable {
    /// - Throws: ``AdminFault``.
    func perform(_ order: AdminOrder) async throws -> JSONValue
    /// Follows sessions as they go on: lines of JSON until the reader goes or the time is over.
    func trace(_ wish: TraceWish) -> HTTPStream
    /// Why no mail should be sent here now; empty: it may.
    func unreadiness() async -> [String]
}

/// Why an order was not carried out, though nothing is wrong with its form.
package struct AdminFault: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// There is no such order, message or connection.
        case notFound
        /// Not now: the relay stops, the disk does not take it, there are too many orders.
        case unavailable
    }
    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// What an order is about, why, and for how long.
package struct OrderTerms: Sendable, Hashable {
    package var selection: MailSelection
    package var reason: String
    /// Milliseconds that mail to come is meant, too; 0: what is queued alone.
    package var milliseconds: UInt64

    package init(_ selection: MailSelection, reason: String, milliseconds: UInt64) {
        self.selection = selection
        self.reason = reason
        self.milliseconds = milliseconds
    }
}

/// Connections to a queue's next hops, from one source or from any.
package struct ConnectionPath: Sendable, Hashable {
    package var queue: String
    package var source: String?
}

/// One thing that operators ask for.
package enum AdminOrder: Sendable, Hashable {
    package enum OrderKind: Sendable, Hashable { case suspension, connectionSuspension, bounce }
    package enum Side: String, Sendable, Hashable, CaseIterable {
        case inbound = "in"
        case outbound = "out"
    }

    case suspend(OrderTerms)
    case suspendConnections(ConnectionPath, reason: String, milliseconds: UInt64)
    case bounce(OrderTerms, SMTPReply, isQuiet: Bool)
    case standing(OrderKind)
    case withdraw(OrderKind, id: String)
    /// - Parameter flushes: what is deferred is tried at once, too.
    case rebind(OrderTerms, LabelChange, isQuiet: Bool, flushes: Bool)
    case flush(MailSelection)
    case hold(MailSelection)
    case release(MailSelection)
    case remove(MailSelection)
    /// Each message is asked anew where it goes.
    case reroute(MailSelection)
    case summary(MailSelection, SummaryGrouping, limit: Int)
    case list(MailSelection, limit: Int)
    /// - Parameter content: octets of content that are shown; nil: none.
    case message(MessageID, content: Int?)
    case queue(String, limit: Int)
    case states([String])
    /// Why a queue's mail waits.
    case explain(String)
    case connections(Side?, limit: Int)
    case abort(id: String, queue: String?)
    case overview(limit: Int)
}

/// What deliveries are counted by.
package enum SummaryGrouping: String, Sendable, Hashable, CaseIterable {
    case destination, site, pool, source, provider, domain, tenant, campaign
    case routingDomain = "routing_domain"
}

/// Which sessions are followed, and how long.
package struct TraceWish: Sendable, Hashable {
    package var side = AdminOrder.Side.inbound
    /// Clients of these addresses; nil: all.
    package var client: NetworkPrefix?
    /// Clients of this listener.
    package var listener: String?
    /// Next hops of this queue, or of this domain.
    package var destination: String?
    /// Only sessions that begin from now on.
    package var onlyNew = false
    /// The first session that comes, and no other.
    package var onlyOne = false
    package var seconds = 3_600

    package static let secondsLimit = 86_400
    package init() {}
}
