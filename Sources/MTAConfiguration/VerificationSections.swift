package import MailTypes
package import Measures
package import RunRecords

/// What is done with one thing that can be verified.
package enum VerificationMode: String, Sendable, Hashable, ConfigurationChoice { case off, note, enforce }

/// What a verification comes to, as rules ask for it.
package enum VerificationWord: String, Sendable, Hashable, ConfigurationChoice {
    case none, pass, fail, policy, softfail, neutral, temperror, permerror
}

/// `verification` of a listener.
package struct ListenerVerificationSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var spf = VerificationMode.off
    package var dkim = VerificationMode.off
    package var dmarc = VerificationMode.off
    package var arc = VerificationMode.off
    package var iprev = VerificationMode.off
    package var blockLists = VerificationMode.off
    package var auth = false

    package init() {}

    package static var keys: [ConfigurationKey<ListenerVerificationSection>] {
        [
            .value("spf", \.spf, "SPF of HELO and MAIL FROM (RFC 7208); `enforce`: fail is 550 5.7.23"),
            .value("dkim", \.dkim, "DKIM signatures (RFC 6376); `enforce`: none right is 550 5.7.20 or 5.7.21"),
            .value(
                "dmarc", \.dmarc,
                "what the author's domain asks for (RFC 7489), with SPF and DKIM; `enforce`: 550 5.7.1, or a field X-Quarantine"
            ),
            .value("arc", \.arc, "ARC chains (RFC 8617); `enforce`: a broken one is 550 5.7.29"),
            .value("iprev", \.iprev, "names of clients that lead back to them; `enforce`: none is 550 5.7.25"),
            .value("dnsbl", \.blockLists, "`dns_blocklists`; `enforce`: listed is 550 5.7.1"),
            .value("auth", \.auth, "who authenticated is named in Authentication-Results"),
        ]
    }

    /// Something is to be done.
    package var isUsed: Bool {
        auth || [spf, dkim, dmarc, arc, iprev, blockLists].contains { $0 != .off }
    }
}

/// `verification`.
package struct VerificationSection: ConfigurationSection {
    package enum TemporaryFailure: String, ConfigurationChoice { case accept, deferMail = "defer" }
    package enum ListMoment: String, ConfigurationChoice { case connection, recipient }

    package var mapping: StrictMapping?
    package var service: DomainName?
    package var timeout = HumanDuration(seconds: 20)
    package var lookupTimeout = HumanDuration(seconds: 5)
    package var onTemporaryFailure = TemporaryFailure.accept
    package var exempt: [NetworkPrefix] = []
    package var mostSignatures = 5
    package var trustedSealers: [DomainName] = []
    package var seal: SealSection?
    package var listMoment = ListMoment.recipient
    package var listText = "%{ip} is listed at %{zone}"

    package init() {}

    package static var keys: [ConfigurationKey<VerificationSection>] {
        [
            .optional(
                "authserv_id", \.service, "whose results they are, in Authentication-Results", shown: "`hostname`"
            ).needingRestart,
            .value(
                "timeout", \.timeout, "for all that is asked at MAIL, and again for all at the end of the data",
                check: positive
            ).needingRestart,
            .value("lookup_timeout", \.lookupTimeout, "for one question to the DNS", check: positive).needingRestart,
            .value(
                "on_temporary_failure", \.onTemporaryFailure,
                "where the DNS does not answer what is enforced: `defer` is 451 4.4.3"),
            .list("exempt_networks", \.exempt, "clients whose mail is not verified, and that no list refuses"),
            .value(
                "max_signatures", \.mostSignatures, "DKIM signatures of a message that are looked at", check: upTo50),
            .list(
                "trusted_sealers", \.trustedSealers,
                "forwarders whose ARC seals are believed where DMARC fails: all of a chain have to be among them"),
            .optionalSection("seal", \.seal, "mail is passed on with an ARC set of ours, where `arc` is not off")
                .needingRestart,
            .value("dnsbl_at", \.listMoment, "listed clients are refused instead of the greeting, or at RCPT"),
            .value("dnsbl_text", \.listText, "what they are told; `%{ip}` and `%{zone}` are filled in"),
        ]
    }

    private static func upTo50(_ value: Int) throws(UnitFault) {
        guard (1...50).contains(value) else { throw UnitFault("expected 1 to 50") }
    }
}

/// `seal` of `verification`.
package struct SealSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var domain: DomainName?
    package var selector = ""
    package var key = ""

    package init() {}

    package static var keys: [ConfigurationKey<SealSection>] {
        [
            .optional("domain", \.domain, "d= of the seals", shown: "required"),
            .value("selector", \.selector, "selector of the public key (s=)", shown: "required"),
            .value("key", \.key, "PEM file, RSA or Ed25519", shown: "required"),
        ]
    }
}

/// One entry of `dns_blocklists`.
package struct BlockListSection: ConfigurationSection {
    package enum Kind: String, ConfigurationChoice { case block, allow }

    package var mapping: StrictMapping?
    package var zone: DomainName?
    package var answers: [NetworkPrefix] = []
    package var kind = Kind.block

    package init() {}

    package static var keys: [ConfigurationKey<BlockListSection>] {
        [
            .optional("zone", \.zone, "asked for the client's address, reversed (RFC 5782)", shown: "required"),
            .list(
                "answers", \.answers, "answers that mean that it is listed",
                shown: "127.0.0.0/8 without 127.0.0.1 and 127.255.255.0/24"),
            .value("kind", \.kind, "who is on an `allow` list is refused by no other"),
        ]
    }
}

extension MTASettings {
    static var verificationKeys: [ConfigurationKey<MTASettings>] {
        [
            .section("verification", \.verification, "how mail is verified where a listener wants it"),
            .sections("dns_blocklists", \.blockLists, "lists of addresses in the DNS, for `dnsbl` of listeners"),
        ]
    }

    /// The program needs a name service for it.
    package var usesVerification: Bool {
        listeners.contains { $0.verification.isUsed } || dkim.contains(where: \.onlyIfPublished)
    }

    func checkVerification(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        for listener in listeners where listener.verification.blockLists != .off && blockLists.isEmpty {
            note(&faults, listener.verification.mapping, "dnsbl", "needs `dns_blocklists`")
        }
        for list in blockLists where list.zone == nil { note(&faults, list.mapping, "zone", "is missing") }
        if blockLists.count > Self.mostBlockLists {
            note(&faults, mapping, "dns_blocklists", "\(blockLists.count) entries, at most \(Self.mostBlockLists)")
        }
        let text = verification.listText
        if text.utf8.count > 400 || !text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            note(&faults, verification.mapping, "dnsbl_text", "expected one line of at most 400 ASCII characters")
        }
        guard let seal = verification.seal else { return }
        if seal.domain == nil { note(&faults, seal.mapping, "domain", "is missing") }
        if seal.selector.isEmpty { note(&faults, seal.mapping, "selector", "is missing") }
        if seal.key.isEmpty {
            note(&faults, seal.mapping, "key", "is missing")
        } else if probe.text(seal.key) == nil {
            note(&faults, seal.mapping, "key", "'\(seal.key)' \(probe.unreadable(seal.key))")
        }
    }

    /// All of them are asked for each client.
    package static let mostBlockLists = 20
}
