import MailTypes
import NIOCore
import NIOSSL
import TransportSecurity

/// What is known of a connection's encryption, for trace fields and logs.
package struct TLSDetails: Sendable, Hashable {
    /// `TLSv1.3`.
    package var version: String
    /// `TLS_AES_128_GCM_SHA256`; nil where it could not be read.
    package var cipher: String?
    /// Names in the peer's certificate (subjectAltName DNS and e-mail names), if it had one that was verified.
    package private(set) var peerNames: [String]
    /// The one that the peer showed, verified or not.
    private var certificate: NIOSSLCertificate?

    init?(_ context: ChannelHandlerContext, peerIsVerified: Bool) {
        let suite = ServerHelloReader.take(from: context.pipeline)
        guard let handler = Self.handler(context.pipeline) else { return nil }
        switch handler.tlsVersion {
        case .tlsv13: version = "TLSv1.3"
        case .tlsv12: version = "TLSv1.2"
        default: version = "TLS"
        }
        cipher = suite.map(TLSCipher.name)
        certificate = handler.peerCertificate
        peerNames = peerIsVerified ? certificate.map(Self.names) ?? [] : []
    }

    /// `C=DE`, `O=Example`, `CN=mx.example.org`: the subject of the peer's certificate, part by part as it has them; empty
    /// where there is none. Read anew each time.
    package var peerSubject: [String] {
        (try? certificate?.toDERBytes()).map { CertificateReport.subject($0) } ?? []
    }

    /// The peer is another one than the certificate's.
    mutating func forgetPeer() { (peerNames, certificate) = ([], nil) }

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
