import Foundation
import Glibc
import ProcessLife
import SMTPTransport

/// Passes clients to the process that takes over. All of them are kept here until it serves: if it does not, this version
/// goes on with them.
actor ClientPassing {
    /// A successor takes a few clients within this time, and says so within it, or is not one that will serve.
    private static let answerMilliseconds: Int32 = 30_000

    private let successor: Successor
    /// Those that this process would go on with.
    private(set) var kept: [PassedSocket] = []
    private var isBroken = false

    init(_ successor: Successor) { self.successor = successor }

    func pass(_ clients: [HandedClient]) async {
        for part in PassedSocket.parts(clients.map { PassedSocket(descriptor: $0.descriptor, state: $0.state) }) {
            await pass(part)
        }
    }

    private func pass(_ part: ArraySlice<PassedSocket>) async {
        guard !isBroken, case .taken(let taken) = await successor.channel.passed(part, Self.answerMilliseconds),
            taken.count == part.count
        else {
            kept += part
            // Whoever is passed nothing and lives would serve without them.
            if !isBroken { successor.end() }
            isBroken = true
            return
        }
        for (client, isTaken) in zip(part, taken) {
            if isTaken { kept.append(client) } else { Self.turnAway(client.descriptor) }
        }
    }

    /// The successor does not serve such clients: a listener is gone, or descriptors ran out.
    private static func turnAway(_ socket: Int32) {
        let text = Array("421 4.3.2 Service closing, try again later\r\n".utf8)
        _ = send(socket, text, text.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        // Not closed before this process ends: octets of the client that nobody reads would make it a reset.
        shutdown(socket, Int32(SHUT_WR))
    }
}

extension SuccessionChannel {
    /// The same as ``hear(within:)`` without holding a thread of the others up.
    func heard(within milliseconds: Int32?) async -> Heard {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(returning: hear(within: milliseconds)) }
        }
    }

    /// Passes clients and hears what became of them.
    func passed(_ clients: ArraySlice<PassedSocket>, _ milliseconds: Int32) async -> Heard {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                continuation.resume(
                    returning: pass(clients, within: milliseconds) ? hear(within: milliseconds) : .ended)
            }
        }
    }
}
