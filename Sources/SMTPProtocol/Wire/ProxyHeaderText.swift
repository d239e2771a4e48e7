package import MailTypes

/// The header that tells a proxy where to connect and from which address: HAProxy's PROXY protocol, version 2, as a
/// proxy sends it and as one that connects for others takes it.
package enum ProxyHeaderText {
    /// - Parameters:
    ///   - source: nil: the proxy's own choice; then the address is the unspecified one of the destination's family.
    ///   - sourcePort: 0: any.
    package static func version2(
        source: NetworkAddress?, sourcePort: UInt16 = 0, destination: NetworkAddress, port: UInt16
    ) -> [UInt8] {
        let octets = destination.octets
        let from = source.map(\.octets) ?? Array(repeating: 0, count: octets.count)
        let block = from + octets + [sourcePort, port].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        return ProxyHeader.signature + [0x21, octets.count == 4 ? 0x11 : 0x21, 0, UInt8(block.count)] + block
    }
}
