import NIOCore

/// What next hops failed at lately, so that they are not asked for it again. A value; bounded. Another port is another
/// next hop; `now` is wall milliseconds.
struct HostMemory {
    enum Fault: String, Hashable, CaseIterable {
        /// The handshake fails: where TLS need not be, it is not tried.
        case tls
        /// The connection goes away when several commands come at once.
        case pipelining
        /// The connection goes away when content comes with BDAT.
        case chunking
    }

    private struct Key: Hashable {
        var address: SocketAddress
        var fault: Fault
    }

    /// Faults kept; where there are more, new ones are not.
    static let most = 10_000
    /// Milliseconds that a site is spared what it broke at, besides TLS.
    static let dayMilliseconds: UInt64 = 86_400_000

    private var ends: [Key: UInt64] = [:]
    /// Hosts that broke off lately.
    var order = HostOrder()
    /// Sites each of whose domains has a queue of its own.
    private(set) var separated: Set<String> = []

    func has(_ fault: Fault, _ address: SocketAddress, now: UInt64) -> Bool {
        guard !ends.isEmpty, let end = ends[Key(address: address, fault: fault)] else { return false }
        return now < end
    }

    mutating func note(_ fault: Fault, _ address: SocketAddress, until end: UInt64, now: UInt64) {
        if ends.count >= Self.most { ends = ends.filter { $0.value > now } }
        if ends.count < Self.most { ends[Key(address: address, fault: fault)] = end }
    }

    /// - Returns: false if no more can be remembered.
    mutating func separate(_ site: String) -> Bool {
        guard separated.count < Self.most else { return separated.contains(site) }
        separated.insert(site)
        return true
    }

    /// What is known of a connection that went away.
    struct Evidence {
        /// Transactions of it that ended well.
        var accepted: Int
        /// The last content went out with BDAT.
        var lastWasChunk: Bool
        /// Of the oldest open transaction.
        var contentSent: Bool
    }

    /// What the next hop does not get along with, if that is what its closing looks like: before anything worked, with
    /// commands or a chunk behind one another on their way.
    static func suspect(_ evidence: Evidence, isPipelined: Bool) -> Fault? {
        guard evidence.accepted == 0 else { return nil }
        if evidence.lastWasChunk { return .chunking }
        return isPipelined && !evidence.contentSent ? .pipelining : nil
    }
}
