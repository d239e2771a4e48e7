package import MailTypes

/// What was found out about a client and the sender it names: known before any content.
package struct ClientFindings: Sendable, Hashable {
    /// Of the name in HELO, and of MAIL FROM.
    package var hello: SPFResult?
    package var mailFrom: SPFResult?
    package var reverseName: ReverseNameResult?
    package var lists: BlockListResults?

    package init() {}

    /// The results as they stand in Authentication-Results.
    package var entries: [AuthenticationResults.Entry] {
        var entries: [AuthenticationResults.Entry] = []
        for result in [hello, mailFrom].compactMap(\.self) {
            entries.append(
                .init("spf", result.outcome, result.reason, [("smtp.\(result.kind.rawValue)", result.domain)]))
        }
        if let result = reverseName {
            let comment = [result.name ?? "", result.reason].filter { !$0.isEmpty }.joined(separator: ": ")
            entries.append(.init("iprev", result.outcome, comment, [("policy.iprev", result.address.description)]))
        }
        return entries
    }
}

extension ClientFindings {
    /// Asks for what the plan wants about the client alone: once a connection.
    package static func client(
        _ address: NetworkAddress, _ plan: VerificationPlan, _ lookups: any AuthenticationLookups
    ) async -> ClientFindings {
        var findings = ClientFindings()
        async let name = plan.reverseName == .off ? nil : ReverseNameCheck.run(address, lookups)
        async let lists = plan.blockLists == .off ? nil : BlockListCheck.run(address, plan.lists, lookups)
        (findings.reverseName, findings.lists) = await (name, lists)
        return findings
    }

    /// Asks for what is about the sender, too.
    /// - Parameter identity: of MAIL FROM.
    package func with(
        _ identity: SPFIdentity, _ plan: VerificationPlan, _ lookups: any AuthenticationLookups
    ) async -> ClientFindings {
        guard plan.wantsSPF else { return self }
        var findings = self
        let host = SPFIdentity.hello(identity.hello, identity.client)
        async let hello = SPFCheck.run(host, lookups)
        async let mailFrom = identity.isSame(as: host) ? nil : SPFCheck.run(identity, lookups)
        let (found, own) = await (hello, mailFrom)
        (findings.hello, findings.mailFrom) = (found, own ?? found)
        findings.mailFrom?.kind = identity.kind
        return findings
    }
}
