import DKIMSigning
import MailAuthentication
import MailTypes
import NIOCore
import PolicyRules
import SMTPTransport
import SpoolContract

/// What was hashed of a message while it came in, for those who verify it.
struct VerifiedHash {
    let plan: VerificationPlan
    var hash: MessageHash

    init(_ plan: VerificationPlan, _ form: WireForm) {
        self.plan = plan
        hash = MessageHash(form) { fields, _ in ContentVerifier.bodyKinds(fields, plan) }
    }
}

/// What is put on a message's ARC chain once nothing of it changes any more.
struct SealOrder: Sendable {
    let sealer: ARCSealer
    let bodies: [BodyHashKind: BodyDigest]
    let status: AuthenticationOutcome
    let results: String

    /// The fields on top of `content`.
    /// - Parameter signatures: fields that go on top of it, below the seal.
    func fields(over content: MessageContent, _ signatures: [UInt8], now: Int) -> [UInt8]? {
        var hash = MessageHash([], content.form)
        hash.feed(content)
        guard let read = hash.finish() else { return [] }
        let message = HashedMessage(read.with(signatures), bodies: bodies)
        return sealer.fields(for: message, status: status, results: results, now: now)
    }
}

// Mail of strangers, between the end of its data and the rules: signatures, the policy of the author's domain and the
// chain of forwarders are checked while the client waits, off the event loop.
extension RelayShard {
    /// Nil where nothing is verified of this client's mail.
    func verification(_ plan: VerificationPlan?, of client: NetworkAddress?) -> ClientVerification? {
        guard let plan, let verifier = parts.verifier, let client, !policy.networks.contains(client),
            !plan.exempt.contains(client)
        else { return nil }
        return ClientVerification(plan, verifier, client, context.eventLoop)
    }

    /// The end of the data of a message that is verified.
    func verify(
        _ unsigned: UnsignedMessage, _ hash: VerifiedHash?, _ check: ClientVerification, _ client: ClientFindings
    ) -> ContentDecision {
        let plan = check.plan
        guard var streamed = hash?.hash else {
            return verified(unsigned, MessageFindings(client), [:], check)
        }
        guard let message = streamed.finish() else {
            return close(unsigned, Self.tooLong)
        }
        signing += 1
        let (verifier, now) = (check.verifier, Int(wallMilliseconds() / 1000))
        let bound = NIOLoopBound((self, unsigned, check), eventLoop: context.eventLoop)
        Task {
            let findings = await verifier.verify(message, client, plan, now: now)
            bound.eventLoop.execute {
                let (shard, unsigned, check) = bound.value
                shard.signing -= 1
                if case .now(let reply) = shard.verified(unsigned, findings, message.bodies, check) {
                    unsigned.connection.decide(reply)
                }
            }
        }
        return .later
    }

    private func verified(
        _ unsigned: UnsignedMessage, _ findings: MessageFindings, _ bodies: [BodyHashKind: BodyDigest],
        _ check: ClientVerification
    ) -> ContentDecision {
        count(findings)
        if let refusal = check.plan.refusal(of: findings) {
            counts.refused += UInt64(unsigned.message.envelope.recipients.count)
            return close(unsigned, refusal)
        }
        var verified = unsigned
        let (fields, value) = check.verifier.results(findings, check.plan)
        verified.results = fields
        verified.verdicts = PolicyVerdicts(findings)
        if check.plan.seals, let sealer = check.verifier.sealer, bodies[ARCSealer.bodyKind] != nil {
            verified.seal = SealOrder(
                sealer: sealer, bodies: bodies, status: findings.arc?.outcome ?? .none, results: value)
        }
        let marks: Set<String> = check.plan.dmarc == .enforce ? [VerificationPlan.quarantineField.lowercased()] : []
        guard let content = withoutClaims(verified.message.content, check.verifier, and: marks) else {
            return close(unsigned, Self.tooLong)
        }
        verified.message.content = content
        return goOn(verified)
    }

    private static let tooLong = SMTPReply(552, .init(5, 3, 4), "The header is too long to be verified")

    /// Without results that claim to be ours (RFC 8601 §5), and without marks of ours.
    /// - Returns: nil: they might stand behind what is looked at.
    private func withoutClaims(
        _ content: MessageContent, _ verifier: MailVerifier, and marks: Set<String> = []
    ) -> MessageContent? {
        // As it is on the wire: each line may have a dot more.
        let most = 2 * MessageHash.headerLimit
        let head = content.head(most: most)
        guard head.count < most else { return nil }
        guard let kept = AuthenticationResults.removingClaims(verifier.service, and: marks, from: head) else {
            return content
        }
        return content.replacing(first: head.count, with: kept)
    }

    /// A user's message is not verified; results that it claims to have from us go all the same: who reads ours does not
    /// see who wrote them.
    /// - Parameter isNamed: who authenticated is told to those who receive the mail (RFC 8601 §2.7.4).
    func goOn(
        _ unsigned: UnsignedMessage, from user: String, isNamed: Bool, _ verifier: MailVerifier
    ) -> ContentDecision {
        guard let content = withoutClaims(unsigned.message.content, verifier) else {
            return close(unsigned, Self.tooLong)
        }
        var own = unsigned
        if content.size != own.message.content.size {
            own.message.content = content
            own.hash = own.hash?.again(over: content)
        }
        if isNamed {
            let entry = AuthenticationResults.Entry("auth", .pass, "", [("smtp.auth", user)])
            own.results = AuthenticationResults(service: verifier.service, entries: [entry]).field
        }
        return goOn(own)
    }

    /// What follows once a message is whole and, where that is wanted, verified.
    func goOn(_ unsigned: UnsignedMessage) -> ContentDecision {
        if takeReport(unsigned) { return .later }
        if let machine = configuration.mailPolicy { return decide(machine, unsigned) }
        signAndAccept(unsigned)
        return .later
    }

    // MARK: Counting

    func count(_ findings: ClientFindings) {
        if let result = findings.mailFrom { note("spf", result.outcome.rawValue) }
        if let result = findings.reverseName { note("iprev", result.outcome.rawValue) }
        if let lists = findings.lists {
            note("dnsbl", lists.allowed != nil ? "allowed" : lists.listed.isEmpty ? "none" : "listed")
            for fault in lists.faults { self.note("block list \(fault)") }
        }
    }

    private func count(_ findings: MessageFindings) {
        if let outcome = findings.dkimOutcome { note("dkim", outcome.rawValue) }
        if let result = findings.dmarc { note("dmarc", result.outcome.rawValue) }
        if let result = findings.arc { note("arc", result.outcome.rawValue) }
    }

    private func note(_ method: String, _ result: String) {
        counts.verifications[.init(method: method, result: result), default: 0] += 1
    }
}
