import DeliveryQueue
import MailTypes
import Measures
import MessageBuilding
import SMTPProtocol
import SMTPTransport
import Synchronization

/// A listener as its connections see it: the rules of the moment and what they count together. Shared by all loops;
/// a lock is taken once a connection, and once a message only where a client has a rate.
final class ListenerState: Sendable {
    let configuration: ListenerConfiguration
    let hostname: String
    private let rules: Mutex<ListenerRules>
    private let connections = Atomic<Int>(0)
    private let perClient = Mutex<[NetworkAddress: Int]>([:])
    private let rates = Mutex(ClientRates())

    init(_ configuration: ListenerConfiguration, hostname: String) {
        self.configuration = configuration
        self.hostname = hostname
        rules = Mutex(configuration.rules)
    }

    var currentRules: ListenerRules { rules.withLock { $0 } }

    /// The listener's own TLS context stays and takes the fresh one's certificates.
    func replace(_ fresh: ListenerRules) {
        rules.withLock { rules in
            var fresh = fresh
            if let old = rules.tls, let new = fresh.tls {
                old.adopt(new)
                fresh.tls = old
            } else if rules.tls == nil {
                // The listener was opened without a certificate: TLS begins with a restart.
                (fresh.tls, fresh.requiresTLS) = (nil, rules.requiresTLS)
            }
            rules = fresh
        }
    }

    /// What one connection holds; given back with ``leave(_:)``.
    struct Visit {
        var address: NetworkAddress?
        var limits: ClientLimits
        var mayUseXclient = false
        var supplement: SupplementalField?
        /// Why the client is refused, if its listener does.
        fileprivate(set) var denial: ConnectionDenial?
        fileprivate var isCountedByClient = false
    }

    /// A client came.
    /// - Parameter isProxy: it has shown already that it may use XCLIENT, and speaks for the client of this address.
    /// - Returns: its visit and how its session is to be set up, or what to say instead of the greeting; ``leave(_:)``
    ///   is due in both cases.
    func enter(
        _ address: NetworkAddress?, isProxy: Bool = false
    ) -> (visit: Visit, session: ServerConfiguration, refusal: SMTPReply?) {
        let rules = currentRules
        let limits = address.flatMap { rules.networkLimits[$0] } ?? rules.limits
        var visit = Visit(address: address, limits: limits)
        visit.supplement = rules.supplement
        visit.mayUseXclient = isProxy || (address.map(rules.xclientNetworks.contains) ?? false)
        var refusal: SMTPReply?
        let open = connections.add(1, ordering: .relaxed).newValue
        if limits.connections > 0, open > limits.connections {
            visit.denial = .listener
            refusal = SMTPReply(421, .init(4, 7, 0), "\(hostname) Too many connections")
        } else if limits.connectionsPerClient > 0, let address {
            visit.isCountedByClient = true
            let own = perClient.withLock { counts in
                counts[address, default: 0] += 1
                return counts[address]!
            }
            if own > limits.connectionsPerClient {
                visit.denial = .client
                refusal = SMTPReply(421, .init(4, 7, 0), "\(hostname) Too many connections from your address")
            }
        }
        return (visit, session(rules, visit), refusal)
    }

    func leave(_ visit: Visit) {
        connections.subtract(1, ordering: .relaxed)
        guard visit.isCountedByClient, let address = visit.address else { return }
        perClient.withLock { counts in
            counts[address]! -= 1
            if counts[address] == 0 { counts[address] = nil }
        }
    }

    /// The client begins a message: false if it had too many lately.
    func mayBegin(_ visit: Visit, now: UInt64) -> Bool {
        guard let rate = visit.limits.messageRate, let address = visit.address else { return true }
        return rates.withLock { $0.take(address, rate, now: now) }
    }

    private func session(_ rules: ListenerRules, _ visit: Visit) -> ServerConfiguration {
        var session = ServerConfiguration(
            hostname: hostname, maximumMessageSize: visit.limits.messageSize,
            maximumRecipients: visit.limits.recipients, maximumErrors: visit.limits.errors)
        session.maximumMessages = visit.limits.messagesPerConnection
        session.serverProtocol = configuration.kind == .lmtp ? .lmtp : .smtp
        session.offersStartTLS = rules.tls != nil && configuration.kind != .submissions
        session.requiresTLS = rules.requiresTLS
        session.authMechanisms = rules.authMechanisms
        session.requiresAuthentication = rules.requiresAuthentication
        session.offersXclient = visit.mayUseXclient
        session.banner = rules.banner
        return session
    }
}

/// Token buckets by client address; those that are full again are forgotten when there are many.
struct ClientRates {
    static let most = 65_536
    private struct Bucket {
        var tokens: Double
        var at: UInt64
    }
    private var buckets: [NetworkAddress: Bucket] = [:]

    /// - Parameter now: milliseconds.
    mutating func take(_ address: NetworkAddress, _ rate: DeliveryRate, now: UInt64) -> Bool {
        let capacity = max(1, rate.burst ?? rate.messages)
        var bucket = buckets[address] ?? Bucket(tokens: capacity, at: now)
        let passed = Double(now > bucket.at ? now - bucket.at : 0)
        bucket.tokens = min(capacity, bucket.tokens + passed * rate.messages / rate.milliseconds)
        bucket.at = now
        let isAllowed = bucket.tokens >= 1
        if isAllowed { bucket.tokens -= 1 }
        if buckets[address] == nil, buckets.count >= Self.most { forgetFull(rate, now) }
        // More clients than that at once within their rate: new ones are let through uncounted.
        if buckets[address] != nil || buckets.count < Self.most { buckets[address] = bucket }
        return isAllowed
    }

    private mutating func forgetFull(_ rate: DeliveryRate, _ now: UInt64) {
        buckets = buckets.filter { _, bucket in
            bucket.tokens + Double(now > bucket.at ? now - bucket.at : 0) * rate.messages / rate.milliseconds
                < max(1, rate.burst ?? rate.messages)
        }
    }
}
