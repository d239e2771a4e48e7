import DeliveryQueue
import MailRouting
import MailTypes
import SMTPProtocol
import SMTPTransport
import TrafficShaping

/// What shaping says of one way to a destination, on top of what the configuration says.
struct ShapedWay {
    /// The large mailbox provider that the destination belongs to.
    var provider: String?
    /// To the destination, from all sources.
    var limits = EgressLimits()
    /// Of the provider, over all of its destinations.
    var providerLimits = EgressLimits()
    /// Of the source to the provider, over all of its destinations.
    var providerSourceLimits = EgressLimits()
    /// Of the source, over all destinations.
    var sourceLimits = EgressLimits()
    /// Of the source to this destination.
    var pathLimits = EgressLimits()
    /// Nil: as the configuration says.
    var tls: EgressPolicy.TLS?
    /// No mail goes to these.
    var skippedHosts: [HostPattern] = []
    /// The way is closed for a while.
    var suspension: EgressBook.Suspension?
    /// Mail that would go this way is returned.
    var bounce: SMTPReply?
}

/// What one event loop remembers of shaping, so that the lock is taken now and then and not for each message.
struct ShapingMemory {
    /// Ways that are remembered; more, and all are asked for again.
    static let kept = 10_000
    /// Milliseconds that a way is remembered: steps of the way back are seen so late. Triggers are seen at once.
    static let milliseconds: UInt64 = 250

    struct Key: Hashable {
        var destination: String
        var source: String?
    }
    struct Entry {
        var way: ShapedWay
        var path: ShapedPath
        var exchangers: [String]
        var revision: UInt64
        var until: UInt64
    }
    var entries: [Key: Entry] = [:]
    /// As it was when what is suspended was last looked at.
    var revision: UInt64 = 0
    /// Destinations that wait because of a suspension.
    var suspended: Set<String> = []
    /// Queues that are being emptied.
    var bouncing: Set<String> = []
}

// Where shaping has a say: when a connection is opened, when a message is begun, and when a next hop has answered. Without
// a shaping file nobody asks.
extension RelayShard {
    /// A shaping file is configured.
    var isShaping: Bool { configuration.shaping != nil }

    /// - Parameters:
    ///   - destination: without the pool.
    ///   - source: nil: none has a name.
    ///   - remembers: it is likely to be asked for again soon.
    func shapedWay(
        to destination: String, from source: String?, now: UInt64, remembers: Bool = true
    ) -> ShapedWay {
        shaped(ShapingMemory.Key(destination: destination, source: source), now, remembers: remembers).way
    }

    private func shaped(
        _ key: ShapingMemory.Key, _ now: UInt64, remembers: Bool = true
    ) -> ShapingMemory.Entry {
        let revision = parts.shaping.revision
        let known = shaping.entries[key]
        if let known, known.revision == revision, now < known.until { return known }
        let question = question(key, knownExchangers: known?.exchangers ?? [])
        let (path, overlay) = parts.shaping.way(question, now: now)
        let entry = ShapingMemory.Entry(
            way: ShapedWay(path, overlay), path: path, exchangers: question.exchangers, revision: revision,
            until: min(now + ShapingMemory.milliseconds, overlay.suspendedUntil ?? .max))
        guard remembers else { return entry }
        if shaping.entries.count >= ShapingMemory.kept { shaping.entries.removeAll() }
        shaping.entries[key] = entry
        return entry
    }

    /// - Parameter knownExchangers: names that the destination had when it was last asked about: what the DNS has
    ///   forgotten for the moment does not make it another provider's.
    private func question(_ key: ShapingMemory.Key, knownExchangers: [String]) -> ShapingQuestion {
        let name = key.destination
        if let hop = routes.hop(of: name) {
            return ShapingQuestion(
                destination: name, domain: routes.isNamed(name) ? name : nil, exchangers: Self.names(hop.addresses),
                source: key.source)
        }
        let isSite = name.hasPrefix(SiteName.prefix)
        var exchangers = knownExchangers
        if let domain = isSite ? representatives[name] : name,
            case .hosts(_, let addresses)? = parts.exchangers?.known(domain)
        {
            exchangers = Self.names(addresses)
        }
        return ShapingQuestion(
            destination: name, domain: isSite ? nil : name, exchangers: exchangers, source: key.source)
    }

    private static func names(_ addresses: [HostAddress]) -> [String] {
        var names: [String] = []
        for address in addresses where !address.name.isEmpty {
            var name = address.name.lowercased()
            if name.hasSuffix(".") { name.removeLast() }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    // MARK: What next hops say

    /// A transaction that did not go well in all of its parts.
    /// - Parameter recipients: how many it carried.
    func observe(_ result: TransactionResult, _ recipients: Int, at hop: NextHopConnection) {
        for refused in result.refusedRecipients { observe(.reply(refused.reply), hop.path) }
        // Where each recipient was refused for itself, what was said to the rest of it is about nobody.
        if let refusal = result.refusal, recipients > result.refusedRecipients.count {
            observe(.reply(refusal), hop.path)
        }
    }

    /// A connection could not be opened, or broke off with mail under way.
    func observe(_ cause: ClientCloseCause, _ path: EgressPath, failedAtTLS: Bool = false) {
        if failedAtTLS { return observe(.connection(.tls, text: cause.reply.text), path) }
        switch cause {
        case .quit: break
        case .refused(let reply): observe(.reply(reply), path)
        case .unreachable(let text): observe(.connection(.unreachable, text: text), path)
        case .lost(let text): observe(.connection(.lost, text: text), path)
        case .timeout: observe(.connection(.timeout, text: "Next hop timed out"), path)
        }
    }

    func observe(_ signal: ShapingSignal, _ path: EgressPath) {
        let now = wallMilliseconds()
        let key = ShapingMemory.Key(destination: path.destination, source: path.source?.name)
        let events = parts.shaping.observe(signal, on: shaped(key, now).path, now: now)
        if !events.isEmpty { tell(events) }
    }

    // MARK: What is suspended or returned

    /// Notes that a destination waits for a suspension, so that it goes on when that ends before its time.
    func noteSuspended(_ name: String) {
        if shaping.suspended.count < ShapingMemory.kept { shaping.suspended.insert(name) }
    }

    /// Something has changed: what was suspended asks again whether it still is.
    func wakeSuspended() {
        let revision = parts.shaping.revision
        guard revision != shaping.revision else { return }
        shaping.revision = revision
        let names = shaping.suspended
        shaping.suspended = []
        for name in names { queue.endHold(of: name) }
        if !names.isEmpty { dispatch() }
    }

    /// An automatic rule returns what waits for this queue, as long as it is at work: what is deferred, too.
    func bounceAll(of name: String, _ reply: SMTPReply) {
        guard !shaping.bouncing.contains(name), let destination = queue.destination(named: name) else { return }
        shaping.bouncing.insert(name)
        _ = queue.flush(.destination(name), now: wallMilliseconds())
        // Not at once: whoever asked is still opening connections.
        context.eventLoop.assumeIsolated().execute { [self] in
            empty(destination) { shard, lease, done in
                guard let message = shard.messages[lease.id] else { return done(false) }
                shard.fail(lease, message.waiting(for: name), reply)
                done(false)
            }
            shaping.bouncing.remove(name)
        }
    }
}

extension ShapedWay {
    init(_ path: ShapedPath, _ overlay: ShapingOverlay) {
        provider = path.name.provider
        pathLimits = path.limits.tightened(by: overlay.limits)
        limits = path.destinationLimits
        // Where there are no sources the way is the destination's.
        if path.name.source == nil { limits = limits.tightened(by: pathLimits) }
        (providerLimits, providerSourceLimits) = (path.providerLimits, path.providerSourceLimits)
        sourceLimits = path.sourceLimits
        tls = path.tls.flatMap { EgressPolicy.TLS(rawValue: $0.rawValue) }
        skippedHosts = path.skippedHosts
        bounce = overlay.bounce
        suspension = overlay.suspendedUntil.map {
            let reply = SMTPReply(451, .init(4, 7, 0), "Suspended by shaping rule \(overlay.suspendedBy)")
            return EgressBook.Suspension(until: $0, reply: overlay.bounce ?? reply)
        }
    }
}
