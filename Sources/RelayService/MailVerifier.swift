package import DKIMSigning
package import MailAuthentication
package import MailRouting
package import MailTypes
import Measures

/// What all verifications of a relay have in common: the name service, the name that results are written down under, the
/// key that ARC chains are sealed with. Works off the event loops; who asks is called back on his own.
package final class MailVerifier: Sendable {
    /// The name in Authentication-Results (RFC 8601 §2.5).
    package let service: String
    package let sealer: ARCSealer?
    private let names: MailRouter
    private let secondsEach: Double
    private let seconds: Double

    /// - Parameters:
    ///   - secondsEach: for one question to the DNS.
    ///   - seconds: for what is asked about a client with its sender, and again for what is asked about a message.
    package init(service: String, names: MailRouter, secondsEach: Double, seconds: Double, sealer: ARCSealer? = nil) {
        self.service = service
        self.names = names
        self.secondsEach = secondsEach
        self.seconds = seconds
        self.sealer = sealer
    }

    package var lookups: ResolverLookups { ResolverLookups(names, secondsEach: secondsEach, seconds: seconds) }

    /// Who sends, as SPF asks for it.
    package static func identity(_ path: MailAddress, hello: String, _ client: NetworkAddress) -> SPFIdentity {
        .mailFrom(
            localPart: String(decoding: path.localPart, as: UTF8.self),
            domain: path.isNull ? "" : ascii(String(decoding: path.domain, as: UTF8.self)), hello: ascii(hello), client)
    }

    /// With A-labels where it has others (RFC 5891); what is no name stays as it is.
    static func ascii(_ domain: String) -> String {
        if case .name(let name) = DomainForm(domain) { name } else { domain }
    }

    /// Verifies content whose hashes are known.
    package func verify(
        _ message: HashedMessage, _ client: ClientFindings, _ plan: VerificationPlan, now: Int
    ) async -> MessageFindings {
        await ContentVerifier(message.fields, plan).verify(
            message, author: message.authorDomain.map(Self.ascii), client, share: .random(in: 0..<100), now: now,
            lookups)
    }

    /// The fields for the top of a message, and what of it goes into an ARC set.
    func results(_ findings: MessageFindings, _ plan: VerificationPlan) -> (fields: [UInt8], value: String) {
        let results = AuthenticationResults(service: service, entries: findings.entries)
        var fields = results.field
        if let text = plan.quarantine(findings) {
            fields += Array("\(VerificationPlan.quarantineField): \(text)\r\n".utf8)
        }
        return (fields, results.value)
    }
}
