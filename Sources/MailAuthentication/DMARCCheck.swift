package struct DMARCResult: Sendable, Hashable {
    /// none, pass, fail, temperror or permerror.
    package var outcome: AuthenticationOutcome
    /// Of the author, in From.
    package var domain: String
    /// Whose record it is; nil: there is none.
    package var policyDomain: String?
    /// What the domain asks for in its record, for this author.
    package var policy = DMARCPolicy.none
    /// What is asked for with this message: nothing where it passes, and milder where the domain is trying or the message
    /// is not in its share.
    package var disposition = DMARCPolicy.none
    package var reason = ""
}

/// Whether what was authenticated is the author's, and what his domain wants done if not (RFC 7489 §6.6, RFC 9989).
package enum DMARCCheck {
    /// - Parameters:
    ///   - author: the domain in From, A-labels, lower case; empty: there is none; nil: it is not clear whose it is.
    ///   - spf: of MAIL FROM; nil: not checked.
    ///   - share: 0..<100, drawn for this message (`pct`).
    package static func run(
        author: String?, spf: SPFResult?, dkim: [DKIMResult], share: Int, _ lookups: any AuthenticationLookups
    ) async -> DMARCResult {
        if let author, author.isEmpty || author.hasPrefix("[") {
            var result = DMARCResult(outcome: .none, domain: author)
            result.reason = "no author's domain in From"
            return result
        }
        guard let author, isPlainName(author) else {
            var result = DMARCResult(outcome: .permerror, domain: author ?? "")
            result.reason = "not one author's domain in From"
            return result
        }
        var result = DMARCResult(outcome: .none, domain: author)
        var tree = DMARCTree(lookups)
        do throws(DMARCTree.Fault) {
            guard let found = try await tree.policy(for: author) else { return result }
            result.policyDomain = found.domain
            result.policy = await policy(found, author, lookups)
            try await align(&result, found.record, spf, dkim, &tree)
        } catch {
            (result.outcome, result.reason) = (.temperror, error.text)
        }
        if result.outcome == .fail, let record = try? await tree.record(at: result.policyDomain ?? author) {
            let isMilder = record.isTesting || share >= record.percent
            result.disposition = isMilder ? result.policy.milder : result.policy
        }
        return result
    }

    /// What a domain in the DNS may be called; anything else readers would take for another one.
    private static func isPlainName(_ name: String) -> Bool {
        DNSName.isName(name)
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
            }
    }

    /// `p` for the domain itself, else `sp`, or `np` where the author's domain does not exist.
    private static func policy(
        _ found: DMARCTree.Found, _ author: String, _ lookups: any AuthenticationLookups
    ) async -> DMARCPolicy {
        let record = found.record
        guard found.domain != author else { return record.policy }
        if let policy = record.nonexistentPolicy, await !exists(author, lookups) { return policy }
        return record.belowPolicy ?? record.policy
    }

    private static func exists(_ domain: String, _ lookups: any AuthenticationLookups) async -> Bool {
        if case .none(nameExists: false) = await lookups.addresses(of: domain, .ipv4) { return false }
        return true
    }

    private static func align(
        _ result: inout DMARCResult, _ record: DMARCRecord, _ spf: SPFResult?, _ dkim: [DKIMResult],
        _ tree: inout DMARCTree
    ) async throws(DMARCTree.Fault) {
        var waits = false
        let checked =
            dkim.map { ($0.domain, $0.outcome, record.isDKIMStrict) }
            + (spf.map { [($0.domain, $0.outcome, record.isSPFStrict)] } ?? [])
        for (domain, outcome, isStrict) in checked where outcome == .pass || outcome == .temperror {
            guard try await isAligned(domain, result.domain, isStrict, &tree) else { continue }
            guard outcome == .pass else {
                waits = true
                continue
            }
            result.outcome = .pass
            return
        }
        // What the DNS did not answer might have been the proof.
        result.outcome = waits ? .temperror : .fail
        result.reason = waits ? "a proof could not be checked" : "neither DKIM nor SPF passes for the author's domain"
    }

    private static func isAligned(
        _ domain: String, _ author: String, _ isStrict: Bool, _ tree: inout DMARCTree
    ) async throws(DMARCTree.Fault) -> Bool {
        if domain == author { return true }
        guard !isStrict, !domain.isEmpty else { return false }
        return try await tree.organisation(of: domain) == tree.organisation(of: author)
    }
}
