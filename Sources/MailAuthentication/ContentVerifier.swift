package import DKIMSigning

/// What was found out about a message: its client, its signatures, its author's domain, its forwarders.
package struct MessageFindings: Sendable, Hashable {
    package var client: ClientFindings
    /// Empty: it has no signature. Nil: not checked.
    package var dkim: [DKIMResult]?
    package var dmarc: DMARCResult?
    package var arc: ARCResult?
    /// DMARC fails, and forwarders that are trusted say that it did not before they had it.
    package var isVouchedFor = false

    package init(_ client: ClientFindings) { self.client = client }

    /// The results as they stand in Authentication-Results.
    package var entries: [AuthenticationResults.Entry] {
        var entries = client.entries
        for result in dkim ?? [] {
            let properties = [
                ("header.d", result.domain), ("header.i", result.identity), ("header.s", result.selector),
                ("header.a", result.algorithm), ("header.b", result.signaturePrefix),
            ]
            entries.append(.init("dkim", result.outcome, result.reason, properties))
        }
        if dkim?.isEmpty ?? false { entries.append(.init("dkim", .none)) }
        if let result = dmarc {
            var comment = result.policyDomain == nil ? "" : "p=\(result.policy.rawValue)"
            if result.outcome == .fail { comment += " dis=\(isVouchedFor ? "none" : result.disposition.rawValue)" }
            if isVouchedFor { comment += " by ARC" }
            entries.append(.init("dmarc", result.outcome, comment, [("header.from", result.domain)]))
        }
        if let result = arc { entries.append(.init("arc", result.outcome, result.reason)) }
        return entries
    }

    /// What all signatures come to: pass if one is right, else the best that can be said of one.
    package var dkimOutcome: AuthenticationOutcome? {
        guard let dkim else { return nil }
        let order: [AuthenticationOutcome] = [.pass, .temperror, .policy, .fail, .permerror, .neutral]
        return order.first { wanted in dkim.contains { $0.outcome == wanted } } ?? AuthenticationOutcome.none
    }
}

/// Verifies a message's content. It is made when the header is there, says which hashes of the body it wants, and
/// verifies when these are known.
package struct ContentVerifier: Sendable {
    private let plan: VerificationPlan
    private let dkim: DKIMVerifier
    private let chain: ARCChain

    package init(_ fields: [HeaderField], _ plan: VerificationPlan) {
        self.plan = plan
        dkim = DKIMVerifier(plan.wantsDKIM ? fields : [], most: plan.mostSignatures)
        chain = ARCChain(plan.wantsARC ? fields : [])
    }

    /// - Parameter plan: nothing is hashed that it does not want.
    package static func bodyKinds(_ fields: [HeaderField], _ plan: VerificationPlan) -> Set<BodyHashKind> {
        let verifier = ContentVerifier(fields, plan)
        let kinds = verifier.dkim.bodyKinds.union(verifier.chain.bodyKinds)
        return plan.seals ? kinds.union([ARCSealer.bodyKind]) : kinds
    }

    /// - Parameters:
    ///   - message: with all hashes of ``bodyKinds(_:_:)``.
    ///   - author: the domain in From, in ASCII; nil: there is not exactly one.
    ///   - share: 0..<100, drawn for this message.
    ///   - now: seconds since 1970.
    package func verify(
        _ message: HashedMessage, author: String?, _ client: ClientFindings, share: Int, now: Int,
        _ lookups: any AuthenticationLookups
    ) async -> MessageFindings {
        var findings = MessageFindings(client)
        async let chainResult = chain.verify(message, now: now, lookups)
        let signatures = await dkim.verify(message, now: now, lookups)
        if plan.wantsDKIM { findings.dkim = signatures }
        if plan.dmarc != .off {
            findings.dmarc = await DMARCCheck.run(
                author: author, spf: client.mailFrom, dkim: signatures, share: share, lookups)
        }
        let arc = await chainResult
        if plan.wantsARC { findings.arc = arc }
        findings.isVouchedFor = findings.dmarc?.outcome == .fail && plan.trusts(arc)
        return findings
    }
}
