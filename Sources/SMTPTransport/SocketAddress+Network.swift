import Glibc
package import MailTypes
package import NIOCore

extension SocketAddress {
    /// The IP address; nil for a Unix socket.
    package var networkAddress: NetworkAddress? {
        switch self {
        case .v4(let address): return NetworkAddress(ipv4: UInt32(bigEndian: address.address.sin_addr.s_addr))
        case .v6(let address):
            return withUnsafeBytes(of: address.address.sin6_addr) { bytes in
                NetworkAddress(
                    high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            }
        case .unixDomainSocket: return nil
        }
    }

    /// `192.0.2.7:25`, `[2001:db8::7]:25`, as logs show it.
    package var endpointText: String {
        let (host, port) = (ipAddress ?? "", port ?? 0)
        return self.protocol == .inet6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
