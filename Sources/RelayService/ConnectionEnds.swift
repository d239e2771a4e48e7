import EventLog
import NIOCore
import SMTPTransport

/// What events say of a connection to a next hop.
struct ConnectionEnds {
    let peer: MailEvent.Peer?
    /// The local address, or where a proxy says that it connects from.
    let source: MailEvent.Source?
    /// What the log calls the connection.
    let session: String
    /// `ESMTP`, `ESMTPS`, `LMTP`.
    let protocolName: String
    let tlsVersion, tlsCipher: String?
    /// Of the next hop's certificate.
    let tlsSubject: [String]

    init(_ hop: NextHopConnection) {
        peer = hop.address.map { MailEvent.Peer(name: $0.name, address: $0.address.endpointText) }
        let outer = hop.connection?.proxyAddress ?? hop.connection?.localAddress
        let proxy = hop.path.source?.proxy
        source = (outer?.port == 0 ? outer?.ipAddress : outer?.endpointText).map {
            MailEvent.Source(
                address: $0, proxyProtocol: proxy?.protocolName, proxyAddress: proxy?.address.endpointText)
        }
        session = hop.shard.session(hop.shard.id(of: hop))
        let tls = hop.connection?.tls
        (tlsVersion, tlsCipher, tlsSubject) = (tls?.version, tls?.cipher, tls?.peerSubject ?? [])
        protocolName = (hop.isLMTP ? "LMTP" : "ESMTP") + (tls == nil ? "" : "S")
    }
}
