import DeliveryQueue
import Foundation
import MailRouting
import MailTypes
import NIOCore
import RelayService
import SpoolContract

// Relays in this process, for what is in a spool already.

private let startedAt = UInt64(Date().timeIntervalSince1970 * 1_000)

/// Milliseconds since 1970; the same for all of these tests.
func now() -> UInt64 { startedAt }

/// Of a message that was accepted ten seconds ago.
func id(_ number: UInt64) -> MessageID { MessageID(milliseconds: now() - 10_000, salt: 1, sequence: number) }

func message(_ number: UInt64, from sender: String = "a@origin.test", to recipients: [String]) -> SpoolMessage {
    SpoolMessage(
        id: id(number),
        envelope: Envelope(reversePath: MailAddress(sender), recipients: recipients.map { MailAddress($0) }),
        acceptedMilliseconds: id(number).milliseconds,
        content: MessageContent(slices: [ByteBuffer(string: "Subject: x\r\n\r\nHi\r\n")], form: .dotStuffed))
}

/// Mail for `a.test`, `b.test` and `near.test` goes, each by a queue of its own, to `hop`; all other mail to where nobody
/// listens.
/// - Parameter hop: `127.0.0.1:2525`; nil: nowhere, either.
func startRelay(
    _ spool: any Spool, to hop: String?, _ change: (inout RelayConfiguration) -> Void = { _ in }
) async throws -> RelayServer {
    func target(_ port: Int) throws -> RouteTable.Hop {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        return RouteTable.Hop(addresses: [.init(address: address, name: "")], text: "127.0.0.1:\(port)")
    }
    let next = try target(hop.flatMap { $0.split(separator: ":").last }.flatMap { Int($0) } ?? 1)
    let names = ["a.test", "b.test", "near.test"].map { ($0, RouteTable.Rule.hop(next)) }
    var configuration = RelayConfiguration(
        listeners: [ListenerConfiguration(name: "mx", host: "127.0.0.1", port: 0)], hostname: "mx.test",
        routes: RouteTable(smartHost: try target(1), domains: Dictionary(uniqueKeysWithValues: names)), threads: 1,
        policies: DestinationPolicies(), spoolName: "memory", durabilityName: "none")
    configuration.drainSeconds = 0.2
    change(&configuration)
    return try await RelayServer.start(configuration, spool: spool)
}

/// However long it takes: the suite has a limit.
func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(nanoseconds: 5_000_000) }
}
