package import MailTypes
package import NIOCore
import SMTPTransport

/// Which hosts of a destination are used, and in which order after one of them broke off.
package struct HostChoice: Sendable, Hashable {
    /// What comes first after a connection broke off with mail under way.
    package enum Reconnect: String, Sendable, Hashable, CaseIterable {
        /// The best host, as always.
        case anew
        /// Another host than that one.
        case nextHost = "next_host"
        /// That one.
        case sameHost = "same_host"
    }

    /// No mail goes to these.
    package var skipped: [HostPattern] = []
    package var reconnect = Reconnect.anew
    /// What was under way goes to the next host at once, instead of waiting for its next attempt.
    package var triesNextHost = false

    package init() {}

    /// Something is remembered of connections that broke off.
    var remembers: Bool { reconnect != .anew || triesNextHost }

    func skips(_ name: String, _ address: SocketAddress) -> Bool {
        guard !skipped.isEmpty else { return false }
        let network = address.networkAddress
        return skipped.contains { $0.matches(name, network) }
    }
}

/// Hosts that broke off lately, by destination: what is tried first or last for a while. A value; bounded. `now` is wall
/// milliseconds.
package struct HostOrder {
    /// Hosts remembered; where there are more, new ones are not.
    package static let most = 10_000
    /// Milliseconds that one is remembered.
    package static let milliseconds: UInt64 = 60_000

    private struct Key: Hashable {
        var destination: String
        var address: SocketAddress
    }
    private struct Entry {
        var until: UInt64
        var isFirst: Bool
    }
    private var entries: [Key: Entry] = [:]

    package init() {}

    /// - Parameter isFirst: it is tried first from now on, otherwise last.
    package mutating func note(_ address: SocketAddress, of destination: String, isFirst: Bool, now: UInt64) {
        if entries.count >= Self.most { entries = entries.filter { $0.value.until > now } }
        guard entries.count < Self.most else { return }
        entries[Key(destination: destination, address: address)] = Entry(
            until: now + Self.milliseconds, isFirst: isFirst)
    }

    /// It is tried last.
    package func isLast(_ address: SocketAddress, of destination: String, now: UInt64) -> Bool {
        entry(address, destination, now).map { !$0.isFirst } ?? false
    }

    /// Those that are tried first in front, those that are tried last behind, the one that broke off first before others.
    package func sorted<Host>(
        _ hosts: [Host], of destination: String, now: UInt64, _ address: (Host) -> SocketAddress
    ) -> [Host] {
        guard !entries.isEmpty else { return hosts }
        let ranked = hosts.enumerated().map { index, host -> (rank: (UInt64, Int), host: Host) in
            guard let entry = entry(address(host), destination, now) else { return ((1, index), host) }
            return ((entry.isFirst ? 0 : entry.until + 2, index), host)
        }
        return ranked.sorted { $0.rank < $1.rank }.map(\.host)
    }

    private func entry(_ address: SocketAddress, _ destination: String, _ now: UInt64) -> Entry? {
        guard let entry = entries[Key(destination: destination, address: address)], entry.until > now else {
            return nil
        }
        return entry
    }
}

extension NextHopConnection {
    /// The connection broke off with mail under way: what comes next, as the configuration has it.
    /// - Returns: what was under way goes on at once, to another host.
    func goesOn(after cause: ClientCloseCause) -> Bool {
        guard policy.hosts.remembers, cause.isOfTransport, !isAborted, let broken = address?.address else {
            return false
        }
        let now = shard.wallMilliseconds()
        // Each host once in a while: mail must not go round and round.
        let isKnown = shard.hostMemory.order.isLast(broken, of: name, now: now)
        let hasOther = hosts.contains {
            $0.address != broken && !shard.hostMemory.order.isLast($0.address, of: name, now: now)
        }
        let goesOn = policy.hosts.triesNextHost && !isKnown && hasOther
        let isFirst = policy.hosts.reconnect == .sameHost && !goesOn
        guard goesOn || policy.hosts.reconnect != .anew else { return false }
        shard.hostMemory.order.note(broken, of: name, isFirst: isFirst, now: now)
        return goesOn
    }
}

extension ClientCloseCause {
    /// The connection went away, or the server closed it with 421; not that it ended as it should.
    fileprivate var isOfTransport: Bool {
        switch self {
        case .lost, .timeout: true
        case .refused(let reply): reply.code == 421
        case .quit, .unreachable: false
        }
    }
}
