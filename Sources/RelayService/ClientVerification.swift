import MailAuthentication
import MailTypes
import NIOCore
import PolicyRules
import SMTPTransport

/// What is being found out about one client and its messages, where its listener wants that. Confined to its event
/// loop; the questions are asked elsewhere.
final class ClientVerification {
    let plan: VerificationPlan
    let verifier: MailVerifier
    private let client: NetworkAddress
    private let loop: any EventLoop
    /// Of the client alone: asked once.
    private var known: ClientFindings?
    /// With the sender of the message under way; nil: its mail is not verified.
    private(set) var findings: ClientFindings?

    init(_ plan: VerificationPlan, _ verifier: MailVerifier, _ client: NetworkAddress, _ loop: any EventLoop) {
        self.plan = plan
        self.verifier = verifier
        self.client = client
        self.loop = loop
    }

    /// The next message's sender is somebody whose mail is not verified.
    func pass() { findings = nil }

    /// Asks about the client alone.
    func askAboutClient(_ body: @escaping () -> Void) {
        let (plan, verifier, client) = (plan, verifier, client)
        let bound = NIOLoopBound((self, body), eventLoop: loop)
        Task {
            let found = await ClientFindings.client(client, plan, verifier.lookups)
            bound.eventLoop.execute {
                bound.value.0.known = found
                bound.value.1()
            }
        }
    }

    /// Asks about a sender, and about the client where that was not asked yet.
    func ask(_ path: MailAddress, hello: String, _ body: @escaping (ClientFindings) -> Void) {
        let (plan, verifier, client, known) = (plan, verifier, client, known)
        let bound = NIOLoopBound((self, body), eventLoop: loop)
        Task {
            let lookups = verifier.lookups
            let base =
                if let known { known } else { await ClientFindings.client(client, plan, lookups) }
            let found = await base.with(MailVerifier.identity(path, hello: hello, client), plan, lookups)
            bound.eventLoop.execute {
                let (own, body) = bound.value
                own.known = base
                own.findings = found
                body(found)
            }
        }
    }

    /// Why the client is refused because a list has it; nil: it is not, or not known yet.
    var listedRefusal: SMTPReply? { known.flatMap { plan.refusal(ofListed: $0, client) } }
}

extension PolicyVerdicts {
    init(_ findings: ClientFindings) {
        self.init()
        spf = Self.word(findings.mailFrom?.outcome)
        iprev = Self.word(findings.reverseName?.outcome)
        listed = findings.lists?.listed.map(\.zone) ?? []
    }

    init(_ findings: MessageFindings) {
        self.init(findings.client)
        dkim = Self.word(findings.dkimOutcome)
        dmarc = Self.word(findings.dmarc?.outcome)
        arc = Self.word(findings.arc?.outcome)
    }

    private static func word(_ outcome: AuthenticationOutcome?) -> PolicyVerdicts.Word? {
        outcome.flatMap { .init(rawValue: $0.rawValue) }
    }
}
