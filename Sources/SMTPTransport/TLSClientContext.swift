package import NIOCore
import NIOSSL

/// How connections to next hops encrypt; made once and shared.
package struct TLSClientContext: Sendable {
    private let context: NIOSSLContext
    /// Certificates are checked against the roots and the host's name.
    package let isVerifying: Bool

    /// - Parameters:
    ///   - verifies: opportunistic TLS takes any certificate (RFC 7435); with true it must be valid for the name.
    ///   - rootsFile: who may have signed the server's certificate, PEM; nil: the system's roots.
    /// - Throws: ``TLSFault`` that names the file.
    package init(verifies: Bool, rootsFile: String? = nil) throws(TLSFault) {
        isVerifying = verifies
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = verifies ? .fullVerification : .none
        if let rootsFile {
            let roots = try TLSFault.reading(rootsFile) { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(roots)
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFault("TLS for next hops: \(error)")
        }
    }

    /// Puts TLS first in the channel's pipeline, for clients of another protocol; on its event loop.
    package func add(to channel: any Channel, name: String?) throws {
        try channel.pipeline.syncOperations.addHandler(handler(name: name), position: .first)
    }

    /// - Parameter name: the next hop's host name, for SNI and the check; nil or an address: none.
    func handler(name: String?) throws -> NIOSSLClientHandler {
        // An address literal is no SNI name (RFC 6066 §3).
        let isAddress = name.map { $0.contains(":") || $0.allSatisfy { $0.isNumber || $0 == "." } } ?? true
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name)
    }
}
