package import MailTypes

/// What is verified of the mail that a listener takes, and what follows.
package struct VerificationPlan: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, CaseIterable {
        case off
        /// Checked, and written down in Authentication-Results.
        case note
        /// Refused, besides, where it fails.
        case enforce
    }
    /// When lists are asked.
    package enum ListMoment: String, Sendable, Hashable, CaseIterable {
        case connection
        /// At RCPT, so that it is known who was to be written to.
        case recipient
    }

    package var spf = Mode.off
    package var dkim = Mode.off
    package var dmarc = Mode.off
    package var arc = Mode.off
    package var reverseName = Mode.off
    package var blockLists = Mode.off
    /// Who authenticated is named in Authentication-Results.
    package var namesUsers = false
    package var lists: [BlockList] = []
    package var listMoment = ListMoment.recipient
    /// What a listed client is told; `%{ip}` and `%{zone}` are filled in.
    package var listText = "%{ip} is listed at %{zone}"
    /// Where the DNS does not answer what has to be enforced: 451, or go on.
    package var defersOnTemporaryFailure = false
    /// Clients whose mail is not verified.
    package var exempt = NetworkSet()
    /// DKIM signatures that are looked at.
    package var mostSignatures = 5
    /// Forwarders whose ARC seals are believed where DMARC fails; lower case.
    package var trustedSealers: Set<String> = []
    /// A set of ours is put on the ARC chain.
    package var seals = false

    package init() {}

    package var verifiesClients: Bool { wantsSPF || reverseName != .off || blockLists != .off }
    /// Clients wait for what lists say before they are greeted.
    package var asksListsFirst: Bool { blockLists == .enforce && listMoment == .connection }
    package var verifiesContent: Bool { wantsDKIM || wantsARC }
    package var wantsSPF: Bool { spf != .off || dmarc != .off }
    package var wantsDKIM: Bool { dkim != .off || dmarc != .off }
    package var wantsARC: Bool { arc != .off || seals || (dmarc != .off && !trustedSealers.isEmpty) }

    /// The chain is whole and covers all of the body, all who sealed it are trusted, and the first of them saw DMARC
    /// pass.
    func trusts(_ arc: ARCResult) -> Bool {
        guard arc.outcome == .pass, !arc.isPartial, !arc.sealers.isEmpty,
            arc.sealers.allSatisfy(trustedSealers.contains)
        else { return false }
        return AuthenticationResults.methods(in: arc.oldestResults).contains("dmarc=pass")
    }
}

// What clients are told (RFC 7372, RFC 8617 §10).
extension VerificationPlan {
    /// Why a client is refused, whatever it sends.
    package func refusal(ofListed findings: ClientFindings, _ client: NetworkAddress) -> SMTPReply? {
        guard blockLists == .enforce, let lists = findings.lists else { return nil }
        if let listed = lists.listed.first {
            let text = listText.replacing("%{ip}", with: client.description).replacing("%{zone}", with: listed.zone)
            return SMTPReply(550, .init(5, 7, 1), text)
        }
        return nil
    }

    /// Why a sender's mail is refused.
    package func refusal(of findings: ClientFindings) -> SMTPReply? {
        if reverseName == .enforce, let result = findings.reverseName {
            switch result.outcome {
            case .fail, .permerror:
                return SMTPReply(550, .init(5, 7, 25), "No valid reverse name: \(result.address): \(result.reason)")
            case .temperror: if let reply = deferral("reverse name of \(result.address)") { return reply }
            default: break
            }
        }
        guard spf == .enforce else { return nil }
        for result in [findings.hello, findings.mailFrom].compactMap(\.self) {
            switch result.outcome {
            case .fail:
                let text = "SPF: \(Self.shown(result.domain)) does not let your address send for it"
                return SMTPReply(550, .init(5, 7, 23), text)
            case .temperror: if let reply = deferral("SPF of \(result.domain)") { return reply }
            default: break
            }
        }
        return nil
    }

    /// Why a message is refused at the end of its data.
    package func refusal(of findings: MessageFindings) -> SMTPReply? {
        signatureRefusal(findings) ?? policyRefusal(findings) ?? chainRefusal(findings)
    }

    private func signatureRefusal(_ findings: MessageFindings) -> SMTPReply? {
        guard dkim == .enforce else { return nil }
        switch findings.dkimOutcome {
        case nil, .pass?, AuthenticationOutcome.none?, .softfail?: return nil
        case .temperror?: return deferral("keys of DKIM signatures")
        case .policy?:
            return SMTPReply(550, .init(5, 7, 21), "DKIM: no signature of the message covers its whole body")
        default: return SMTPReply(550, .init(5, 7, 20), "DKIM: no signature of the message is right")
        }
    }

    private func policyRefusal(_ findings: MessageFindings) -> SMTPReply? {
        guard dmarc == .enforce, let result = findings.dmarc, !findings.isVouchedFor else { return nil }
        if result.outcome == .temperror { return deferral("DMARC of \(result.domain)") }
        // Else a second From field, which readers show, would do to pass for anybody (RFC 7489 §6.6.1).
        if result.outcome == .permerror {
            return SMTPReply(550, .init(5, 7, 1), "DMARC: From does not name one author's domain")
        }
        guard result.outcome == .fail, result.disposition == .reject else { return nil }
        let text = "DMARC: \(Self.shown(result.domain)) asks to refuse mail that neither DKIM nor SPF proves"
        return SMTPReply(550, .init(5, 7, 1), text)
    }

    private func chainRefusal(_ findings: MessageFindings) -> SMTPReply? {
        guard arc == .enforce, let result = findings.arc, result.outcome == .fail else { return nil }
        if result.isTemporary { return deferral("keys of ARC seals") }
        return SMTPReply(550, .init(5, 7, 29), "ARC: the message's chain is broken")
    }

    /// A field for what DMARC wants put aside; nil: nothing.
    package func quarantine(_ findings: MessageFindings) -> String? {
        guard dmarc == .enforce, let result = findings.dmarc, !findings.isVouchedFor, result.outcome == .fail,
            result.disposition == .quarantine
        else { return nil }
        return "dmarc; header.from=\(AuthenticationResults.value(result.domain))"
    }

    /// The field's name; those that come in with it are taken out where DMARC is enforced.
    package static let quarantineField = "X-Quarantine"

    private func deferral(_ what: String) -> SMTPReply? {
        guard defersOnTemporaryFailure else { return nil }
        return SMTPReply(451, .init(4, 4, 3), "The DNS does not answer now: \(Self.shown(what))")
    }

    /// A stranger's text in a reply.
    private static func shown(_ text: String) -> String {
        String(text.unicodeScalars.prefix(120).map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" })
    }
}
