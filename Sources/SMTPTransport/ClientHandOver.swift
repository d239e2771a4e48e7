import Glibc
import Synchronization

/// A client that another process goes on with.
package struct HandedClient: Sendable, Hashable {
    /// Its socket; whoever has the value closes it.
    package var descriptor: Int32
    /// A ``ClientState`` as octets.
    package var state: [UInt8]

    package init(descriptor: Int32, state: [UInt8]) {
        self.descriptor = descriptor
        self.state = state
    }
}

/// Collects clients that rest, so that another process can go on with them: their sockets stay open, and nothing is read
/// from them any more.
package final class ClientHandOver: Sendable {
    /// Clients that are handed over; further ones are told 421.
    package static let mostClients = 100_000
    /// Octets of their states together.
    package static let mostOctets = 64 << 20

    private struct Collected {
        var clients: [HandedClient] = []
        var count = 0
        var octets = 0
    }

    private let collected = Mutex(Collected())
    private let pass: @Sendable ([HandedClient]) async -> Void

    /// - Parameter pass: gets clients, a few at a time, in the order in which they came to rest.
    package init(_ pass: @escaping @Sendable ([HandedClient]) async -> Void) { self.pass = pass }

    /// Clients that were taken so far.
    package var count: Int { collected.withLock { $0.count } }

    /// - Parameter socket: stays the caller's; it may be closed afterwards, and must not be shut down.
    /// - Returns: false: there are too many, or no descriptor is left.
    func take(_ socket: Int32, _ state: [UInt8]) -> Bool {
        collected.withLock { collected in
            guard collected.count < Self.mostClients, collected.octets + state.count <= Self.mostOctets else {
                return false
            }
            let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { return false }
            collected.clients.append(HandedClient(descriptor: copy, state: state))
            collected.count += 1
            collected.octets += state.count
            return true
        }
    }

    /// Passes on what was taken since the last call.
    func passOn() async {
        let clients = collected.withLock { collected in
            defer { collected.clients = [] }
            return collected.clients
        }
        if !clients.isEmpty { await pass(clients) }
    }
}
