package import MailTypes
package import Measures
package import RunRecords

/// How a message comes in, as rules call it.
package enum PolicyProtocol: String, Sendable, Hashable, ConfigurationChoice {
    case smtp, submission, lmtp, http
}

/// One of `rules`.
package struct PolicyRuleSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var condition = PolicyConditionSection()
    package var action = PolicyActionSection()

    package init() {}

    package static var keys: [ConfigurationKey<PolicyRuleSection>] {
        [
            .value("name", \.name, "what `mta policy test` calls it", shown: "required"),
            .section("when", \.condition, "all of it has to hold; a list: one of it; nothing: always"),
            .section("then", \.action, "what becomes of the message for this recipient"),
        ]
    }
}

/// `when` of a rule.
package struct PolicyConditionSection: ConfigurationSection {
    /// A field's name and what its text has to be like, one of them.
    package struct Field: Sendable {
        package var name: String
        package var patterns: [String]
    }

    package var mapping: StrictMapping?
    package var listeners: [String] = []
    package var clients: [NetworkPrefix] = []
    package var protocols: [PolicyProtocol] = []
    package var users: [String] = []
    package var tls: Bool?
    package var senders: [String] = []
    package var senderDomains: [String] = []
    package var recipients: [String] = []
    package var recipientDomains: [String] = []
    package var header: [Field] = []
    package var size: PolicySizeSection?
    package var spf: [VerificationWord] = []
    package var iprev: [VerificationWord] = []
    package var dkim: [VerificationWord] = []
    package var dmarc: [VerificationWord] = []
    package var arc: [VerificationWord] = []
    package var listed: [String] = []

    package init() {}

    package static var keys: [ConfigurationKey<PolicyConditionSection>] {
        [
            .oneOrMore("listener", \.listeners, "names of listeners; `http` where mail is injected", shown: "any"),
            .oneOrMore("client", \.clients, "networks of clients", shown: "any"),
            .oneOrMore("protocol", \.protocols, "`submission` stands for `submissions`, too", shown: "any"),
            .oneOrMore("user", \.users, "who authenticated (AUTH), or the name of an API key; `*` any", shown: "any"),
            .optional("tls", \.tls, "the client speaks TLS", shown: "any"),
            .oneOrMore("sender", \.senders, "address in MAIL FROM; `*` any text; `<>` the null sender", shown: "any"),
            .oneOrMore("sender_domain", \.senderDomains, Self.domains, shown: "any"),
            .oneOrMore("recipient", \.recipients, "address in RCPT TO; `*` any text", shown: "any"),
            .oneOrMore("recipient_domain", \.recipientDomains, Self.domains, shown: "any"),
            headerKey,
            .optionalSection("size", \.size, "octets of content"),
            .oneOrMore("spf", \.spf, Self.result("SPF of MAIL FROM"), shown: "any"),
            .oneOrMore("iprev", \.iprev, Self.result("the client's reverse name"), shown: "any"),
            .oneOrMore("dkim", \.dkim, Self.result("all DKIM signatures together"), shown: "any"),
            .oneOrMore("dmarc", \.dmarc, Self.result("DMARC"), shown: "any"),
            .oneOrMore("arc", \.arc, Self.result("the ARC chain"), shown: "any"),
            .oneOrMore("dnsbl", \.listed, "zones of block lists that have the client; `*` any text", shown: "any"),
        ]
    }

    /// Results that are asked for, by the method's name; those that are not: empty.
    package var verdicts: [(method: String, words: [VerificationWord])] {
        [("spf", spf), ("iprev", iprev), ("dkim", dkim), ("dmarc", dmarc), ("arc", arc)]
    }

    private static func result(_ what: String) -> String {
        "result of \(what), where it is verified ([VERIFICATION.md](VERIFICATION.md))"
    }

    private static let domains = "a domain, `.example.org` for what is below it, or with `*` for any text"

    private static var headerKey: ConfigurationKey<PolicyConditionSection> {
        ConfigurationKey(
            name: "header", form: "mapping of field names to texts or lists of them", standard: "{}",
            meaning:
                "text of a field, `*` any text, or `/regular expression/`; a field that is missing matches nothing",
            reading: .sections(isList: false) { (section, mapping, faults) in
                for name in mapping.names {
                    do throws(RecordFault) {
                        let patterns = try mapping.oneOrMore(name) ?? []
                        section.header.append(Field(name: name, patterns: patterns))
                    } catch {
                        faults.append(error)
                    }
                }
            }, inner: [])
    }
}

/// `size` of a condition.
package struct PolicySizeSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var over: ByteCount?
    package var under: ByteCount?

    package init() {}

    package static var keys: [ConfigurationKey<PolicySizeSection>] {
        [.optional("over", \.over, "more than that"), .optional("under", \.under, "less than that")]
    }
}

/// `then` of a rule.
package struct PolicyActionSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var tenant: String?
    package var campaign: String?
    package var pool: String?
    package var routingDomain: String?
    package var metadata: [String: String] = [:]
    /// In the order of the file.
    package var addedFields: [(name: String, value: String)] = []
    package var removedFields: [String] = []
    package var rejection: PolicyReplySection?
    package var deferral: PolicyReplySection?
    package var discards = false
    package var redirect: String?
    package var stops = false

    package init() {}

    package static var keys: [ConfigurationKey<PolicyActionSection>] {
        [
            .optional("tenant", \.tenant, "for whom it is sent (`${…}` is filled in, [POLICY.md](POLICY.md#values))"),
            .optional("campaign", \.campaign, "what it is a part of"),
            .optional("pool", \.pool, "the egress pool it leaves by"),
            .optional("routing_domain", \.routingDomain, "goes where mail for this domain goes"),
            .texts("metadata", \.metadata, "further words for the event log"),
            addedKey,
            .oneOrMore("remove_header", \.removedFields, "names of fields that are taken out"),
            .optionalSection("reject", \.rejection, "refused for good: 550 5.7.1, or as said here"),
            .optionalSection("defer", \.deferral, "refused for now: 450 4.7.1, or as said here"),
            .value("discard", \.discards, "accepted and dropped; counted and logged"),
            .optional("redirect", \.redirect, "goes to this address instead of the recipient's"),
            .value("stop", \.stops, "no later rule is looked at; so with `reject`, `defer` and `discard`"),
        ]
    }

    private static var addedKey: ConfigurationKey<PolicyActionSection> {
        ConfigurationKey(
            name: "add_header", form: "mapping of texts", standard: "{}",
            meaning: "fields that are put on top of the header",
            reading: .sections(isList: false) { (section, mapping, faults) in
                for name in mapping.names {
                    do throws(RecordFault) {
                        section.addedFields.append((name, try mapping.text(name) ?? ""))
                    } catch {
                        faults.append(error)
                    }
                }
            }, inner: [])
    }
}

/// What a client is told.
package struct PolicyReplySection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var code: Int?
    package var enhanced: String?
    package var text: String?

    package init() {}

    package static var keys: [ConfigurationKey<PolicyReplySection>] {
        [
            .optional("code", \.code, "500 to 599 to reject, 400 to 499 to defer"),
            .optional("enhanced", \.enhanced, "enhanced code (RFC 3463), such as 5.7.1"),
            .optional("text", \.text, "one line"),
        ]
    }
}
