import NIOCore
import NIOSSL

/// What is known of a connection's encryption, for trace fields and logs.
package struct TLSDetails: Sendable, Hashable {
    /// `TLSv1.3`.
    package var version: String
    /// Names in the peer's certificate (subjectAltName DNS and e-mail names), if it had one that was verified.
    package var peerNames: [String]

    init?(_ context: ChannelHandlerContext, peerIsVerified: Bool) {
        guard let handler = Self.handler(context.pipeline) else { return nil }
        switch handler.tlsVersion {
        case .tlsv13: version = "TLSv1.3"
        case .tlsv12: version = "TLSv1.2"
        default: version = "TLS"
        }
        peerNames = peerIsVerified ? handler.peerCertificate.map(Self.names) ?? [] : []
    }

    private static func handler(_ pipeline: ChannelPipeline) -> NIOSSLHandler? {
        (try? pipeline.syncOperations.handler(type: NIOSSLServerHandler.self))
            ?? (try? pipeline.syncOperations.handler(type: NIOSSLClientHandler.self))
    }

    private static func names(_ certificate: NIOSSLCertificate) -> [String] {
        certificate._subjectAlternativeNames().compactMap { name in
            guard name.nameType == .dnsName || name.nameType == .email else { return nil }
            return String(decoding: name.contents, as: UTF8.self)
        }
    }
}
