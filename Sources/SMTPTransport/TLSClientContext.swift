import Measures
package import NIOCore
import NIOSSL
import TransportSecurity

/// How connections to next hops encrypt; made once and shared.
package struct TLSClientContext: Sendable {
    /// What a server's certificate has to be.
    package enum Verification: Sendable, Hashable {
        /// Any will do: opportunistic TLS (RFC 7435).
        case none
        /// Valid for the host's name, signed by somebody in the roots.
        case full
        /// Each connection has a ``SMTPClientConnection/Security/check`` of its own.
        case byCheck
    }

    /// A certificate that this side shows where it is asked for one: PEM files.
    package struct Identity: Sendable, Hashable {
        package var certificateFile: String
        package var keyFile: String
        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    private let context: NIOSSLContext
    /// Certificates are checked against the roots and the host's name.
    package let isVerifying: Bool

    /// - Parameters:
    ///   - verifies: opportunistic TLS takes any certificate (RFC 7435); with true it must be valid for the name.
    ///   - rootsFile: who may have signed the server's certificate, PEM; nil: the system's roots.
    /// - Throws: ``TLSFault`` that names the file.
    package init(verifies: Bool, rootsFile: String? = nil) throws(TLSFault) {
        try self.init(verifies ? .full : .none, rootsFile: rootsFile, identity: nil)
    }

    /// - Parameters:
    ///   - rootsFile: as above; nobody looks at it unless the verification is `full`.
    ///   - identity: what this side shows; nil: nothing.
    /// - Throws: ``TLSFault`` that names the file.
    package init(
        _ verification: Verification, rootsFile: String?, identity: Identity?, rules: TLSRules = TLSRules()
    ) throws(TLSFault) {
        isVerifying = verification == .full
        var configuration = TLSConfiguration.makeClientConfiguration()
        rules.apply(to: &configuration)
        switch verification {
        case .none: configuration.certificateVerification = .none
        case .full: configuration.certificateVerification = .fullVerification
        // Anything but none: the check takes the place of all of it.
        case .byCheck: configuration.certificateVerification = .noHostnameVerification
        }
        if let rootsFile, verification == .full {
            let roots = try TLSFault.reading(rootsFile) { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(roots)
        }
        if let identity { try Self.add(identity, to: &configuration) }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFault("TLS for next hops: \(error)")
        }
    }

    private static func add(_ identity: Identity, to configuration: inout TLSConfiguration) throws(TLSFault) {
        let chain = try TLSFault.reading(identity.certificateFile) { try NIOSSLCertificate.fromPEMFile($0) }
        guard !chain.isEmpty else { throw TLSFault("\(identity.certificateFile): no certificate in it") }
        let key = try TLSFault.reading(identity.keyFile) { try NIOSSLPrivateKey(file: $0, format: .pem) }
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
    }

    /// Puts TLS first in the channel's pipeline, for clients of another protocol; on its event loop.
    package func add(to channel: any Channel, name: String?) throws {
        try channel.pipeline.syncOperations.addHandler(handler(name: name), position: .first)
    }

    /// - Parameter name: the next hop's host name, for SNI and the check; nil or an address: none.
    func handler(name: String?) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: Self.serverName(name))
    }

    /// With a check of the server's certificates of its own.
    /// - Parameter judge: is told what is wrong with them, nil if nothing is; with false the handshake fails.
    func handler(
        name: String?, check: ChainCheck, judge: @escaping (CertificateFault?) -> Bool
    ) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: Self.serverName(name)) { chain, verdict in
            let now = Int(WallInstant.now().milliseconds / 1000)
            let fault = check.fault(chain.compactMap { try? $0.toDERBytes() }, now: now)
            verdict.succeed(judge(fault) ? .certificateVerified : .failed)
        }
    }

    /// An address literal is no SNI name (RFC 6066 §3).
    private static func serverName(_ name: String?) -> String? {
        let isAddress = name.map { $0.contains(":") || $0.allSatisfy { $0.isNumber || $0 == "." } } ?? true
        return isAddress ? nil : name
    }
}
