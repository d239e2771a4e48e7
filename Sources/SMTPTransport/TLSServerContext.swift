import NIOCore
package import NIOSSL
import Synchronization

/// Certificate, key and rules of a listener's TLS. Connections take the context of the moment: ``adopt(_:)`` changes it
/// for those that come, and those that are there keep theirs.
package final class TLSServerContext: Sendable {
    package enum ClientCertificates: String, Sendable, Hashable, CaseIterable {
        case none
        /// Asked for; one that is given must verify.
        case requested
        case required
    }

    package struct Settings: Sendable, Hashable {
        /// PEM, the host's certificate first.
        package var certificateFile: String
        package var keyFile: String
        package var rules = TLSRules()
        package var clientCertificates = ClientCertificates.none
        /// Who may have signed client certificates, PEM.
        package var clientCAFile: String?

        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    private let current: Mutex<(context: NIOSSLContext, verifiesClients: Bool)>

    /// Reads the files.
    /// - Throws: ``TLSFault`` that names the file.
    package init(_ settings: Settings) throws(TLSFault) {
        current = Mutex((try Self.context(settings), settings.clientCertificates != .none))
    }

    /// Takes another one's certificates and rules, for connections that come.
    package func adopt(_ other: TLSServerContext) {
        let (context, verifies) = other.current.withLock { $0 }
        current.withLock { $0 = (context, verifies) }
    }

    /// Clients' certificates are verified, where there are any.
    var verifiesClients: Bool { current.withLock { $0.verifiesClients } }

    package func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: current.withLock { $0.context }) }

    private static func context(_ settings: Settings) throws(TLSFault) -> NIOSSLContext {
        let chain = try TLSFault.reading(settings.certificateFile) { try NIOSSLCertificate.fromPEMFile($0) }
        guard !chain.isEmpty else { throw TLSFault("\(settings.certificateFile): no certificate in it") }
        let key = try TLSFault.reading(settings.keyFile) { try NIOSSLPrivateKey(file: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        // How long a client that is let go has to say that it has heard of it (close_notify); usually five seconds, which
        // an upgrade would wait, too.
        configuration.shutdownTimeout = .seconds(1)
        settings.rules.apply(to: &configuration)
        if settings.clientCertificates != .none {
            guard let file = settings.clientCAFile else {
                throw TLSFault("client certificates are wanted and no client CA is given")
            }
            let roots = try TLSFault.reading(file) { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(roots)
            configuration.certificateVerification =
                settings.clientCertificates == .required ? .noHostnameVerification : .optionalVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFault("\(settings.certificateFile), \(settings.keyFile): certificate and key do not fit: \(error)")
        }
    }
}

/// What is wrong with certificates or keys, with the file's name.
package struct TLSFault: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }

    static func reading<Value>(_ file: String, _ body: (String) throws -> Value) throws(TLSFault) -> Value {
        do { return try body(file) } catch { throw TLSFault("\(file): \(error)") }
    }
}
