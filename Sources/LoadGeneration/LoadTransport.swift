package import NIOCore
package import SASLAuthentication
import SMTPProtocol
package import SMTPTransport

/// How mail gets to its targets.
package struct LoadTransport: Sendable {
    package enum Kind: String, Sendable, CaseIterable { case smtp, lmtp, http }
    package enum Encryption: String, Sendable, CaseIterable { case none, starttls, implicit }

    /// Where mail is sent to.
    package struct Target: Sendable {
        package var address: SocketAddress
        /// As it was written, for the record.
        package var text: String
        /// Host name for TLS.
        package var host: String
        /// Host and port as the Host field over HTTP has them (RFC 9110 §7.2): IPv6 addresses in brackets, no port where
        /// it is the usual one.
        package var authority: String
        /// Its share of the connections.
        package var weight: Double
        /// Of a URL.
        package var path: String

        package init(
            address: SocketAddress, text: String, host: String, authority: String? = nil, weight: Double = 1,
            path: String = "/api/inject/v1"
        ) {
            self.address = address
            self.text = text
            self.host = host
            self.authority = authority ?? host
            self.weight = weight
            self.path = path
        }
    }

    /// KumoMTA's injection API.
    package struct Injection: Sendable {
        /// Messages a request, at most.
        package var batchSize = 1
        package var deferredSpool = false
        package var deferredGeneration = false
        /// The Authorization field; nil: none.
        package var authorization: String?
        package init() {}
    }

    package var kind = Kind.smtp
    package var targets: [Target]
    /// Local addresses to connect from, in rotation; empty: the system's choice.
    package var sources: [SocketAddress] = []
    package var encryption = Encryption.none
    /// For ``encryption``; nil without.
    package var tls: TLSClientContext?
    package var authentication: ClientCredentials?
    /// Seconds for connecting, greeting, TLS, EHLO and AUTH together.
    package var openingSeconds = 30.0
    /// Seconds for each reply; nil: those of RFC 5321 §4.5.3.2, over HTTP ``usualAnswerSeconds``.
    package var replySeconds: Double?
    package static let usualAnswerSeconds = 60.0
    /// What either may be: connections look at their clocks once a second.
    package static let waitingTimes = 1.0...86_400
    var answerSeconds: Double { replySeconds ?? Self.usualAnswerSeconds }
    package var hostname = "traffic-gen.test"
    /// MAIL, RCPT and DATA in one write (RFC 2920).
    package var pipelining = true
    /// The next message's envelope behind the content of the one before.
    package var overlap = true
    /// BDAT instead of DATA (RFC 3030).
    package var chunking = false
    package var injection = Injection()

    package init(targets: [Target]) { self.targets = targets }

    /// The targets of the first `count` connections, by index: spread by their weights as evenly as whole numbers allow.
    func shares(_ count: Int) -> [Int] {
        guard targets.count > 1 else { return [Int](repeating: 0, count: count) }
        let whole = targets.reduce(0) { $0 + $1.weight }
        var given = [Double](repeating: 0, count: targets.count)
        return (1...count).map { turn in
            // The one that is furthest behind its share.
            let missing = targets.indices.map { targets[$0].weight / whole * Double(turn) - given[$0] }
            let chosen = missing.indices.max { missing[$0] < missing[$1] }!
            given[chosen] += 1
            return chosen
        }
    }

    /// What an SMTP or LMTP session is told.
    var session: ClientConfiguration {
        var session = ClientConfiguration(
            hostname: hostname, pipelining: pipelining, overlap: pipelining && overlap, chunking: chunking)
        session.tls = encryption == .starttls ? .required : .none
        session.isImplicitTLS = encryption == .implicit
        session.serverProtocol = kind == .lmtp ? .lmtp : .smtp
        session.authentication = authentication
        session.timeouts.opening = openingSeconds
        session.timeouts.connect = openingSeconds
        session.timeouts.handshake = openingSeconds
        if let replySeconds { session.timeouts.setReplies(replySeconds) }
        session.tracesReplies = true
        return session
    }
}
