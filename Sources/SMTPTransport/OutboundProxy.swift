import Glibc
package import MailTypes
package import NIOCore

/// A proxy that connections to next hops go through.
package struct OutboundProxy: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// RFC 1928, CONNECT; with a user and a password by RFC 1929.
        case socks5(user: String?, password: String)
        /// HAProxy's PROXY protocol, version 2: the header names the next hop and where the connection is to come from,
        /// at most one address of each family; the proxy connects.
        case haproxy(sources: [NetworkAddress])
    }

    package var address: SocketAddress
    package var kind: Kind

    package init(address: SocketAddress, kind: Kind) {
        self.address = address
        self.kind = kind
    }
}

extension OutboundProxy {
    /// As KumoMTA calls it in its log.
    package var protocolName: String {
        switch kind {
        case .socks5: "socks5"
        case .haproxy: "haproxy"
        }
    }
}

extension OutboundProxy: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .socks5: "SOCKS5 proxy \(address.endpointText)"
        case .haproxy: "HAProxy \(address.endpointText)"
        }
    }
}

/// Why a connection did not come to be that has nothing to do with the next hop.
package enum OwnFault: Sendable, Hashable {
    /// This host does not have the local address, or has no port of it left.
    case address
    /// The proxy cannot be reached, is silent, refuses or speaks something else.
    case proxy

    /// - Parameter error: of connecting.
    init?(_ error: any Error, _ security: SMTPClientConnection.Security) {
        if security.source != nil, (error as? IOError)?.errnoCode == EADDRNOTAVAIL {
            self = .address
        } else if security.proxy != nil {
            self = .proxy
        } else {
            return nil
        }
    }
}

/// A proxy did not do what it was asked to.
package struct ProxyFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is said of it: `SOCKS5 proxy 192.0.2.9:1080: wrong user or password`.
    package var description: String
    /// The proxy works, and could not reach the next hop.
    package var isOfTarget: Bool

    init(_ description: String, isOfTarget: Bool = false) {
        self.description = description
        self.isOfTarget = isOfTarget
    }
}
