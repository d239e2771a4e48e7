import EventLog
import NIOCore
import SMTPTransport

/// What events say of a connection to a next hop.
struct ConnectionEnds {
    let peer: MailEvent.Peer?
    /// The local address, or where a proxy says that it connects from.
    let source: String?
    /// `ESMTP`, `ESMTPS`, `LMTP`.
    let protocolName: String

    init(_ hop: NextHopConnection) {
        peer = hop.address.map { MailEvent.Peer(name: $0.name, address: $0.address.endpointText) }
        let outer = hop.connection?.proxyAddress ?? hop.connection?.localAddress
        source = outer?.port == 0 ? outer?.ipAddress : outer?.endpointText
        let isLMTP = hop.connection?.session.configuration.serverProtocol == .lmtp
        protocolName = (isLMTP ? "LMTP" : "ESMTP") + (hop.connection?.tls == nil ? "" : "S")
    }
}
