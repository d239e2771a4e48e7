import MTAConfiguration
import MailTypes
import PolicyRules
import Testing

/// Rules from a text and a message that they are asked about.
enum Case {
    static func machine(_ rules: String, plugIns: [any MessagePolicy] = []) throws -> PolicyMachine {
        let text =
            "smart_host: 127.0.0.1:25\nspool: memory\negress_sources: [{name: a}]\n"
            + "egress_pools: [{name: bulk, sources: [{name: a}]}]\nrules:\n" + rules
        let settings = try MTASettings.load(text: text, file: "mta.yaml")
        return PolicyMachine(rules: try PolicyReader.rules(settings), plugIns: plugIns)
    }

    static func facts(
        _ stage: PolicyStage = .content, from sender: String = "news@Shop.Example",
        to recipient: String = "ann@far.test",
        header: String = "X-Campaign: spring\r\n\r\nbody\r\n"
    ) -> PolicyFacts {
        var facts = PolicyFacts(stage, listener: "smtp", channel: .smtp, client: NetworkAddress("192.0.2.7"))
        facts.sender = MailAddress(sender)
        facts.recipient = MailAddress(recipient)
        facts.header = PolicyHeader(Array(header.utf8), wanted: ["x-campaign", "subject"])
        facts.size = 1_000
        return facts
    }
}

@Suite struct PolicyMachineTests {
    /// Each condition by itself, as it is written in `when`.
    @Test(arguments: [
        ("{}", true), ("{listener: smtp}", true), ("{listener: http}", false), ("{listener: [http, SMTP]}", true),
        ("{client: 192.0.2.0/24}", true), ("{client: [198.51.100.0/24, '::1']}", false),
        ("{protocol: [lmtp, smtp]}", true), ("{protocol: http}", false), ("{user: '*'}", false),
        ("{tls: false}", true), ("{tls: true}", false),
        ("{sender: NEWS@shop.example}", true), ("{sender: 'news@*'}", true), ("{sender: '<>'}", false),
        ("{sender_domain: shop.example}", true), ("{sender_domain: .example}", true),
        ("{sender_domain: .shop.example}", false), ("{sender_domain: 'sh*.ex*e'}", true),
        ("{sender_domain: hop.example}", false), ("{recipient: '*@far.test'}", true),
        ("{recipient_domain: [near.test, far.test]}", true), ("{recipient_domain: '*.test.*'}", false),
        ("{header: {x-campaign: SPR*}}", true), ("{header: {X-Campaign: [winter, spring]}}", true),
        ("{header: {X-Campaign: pring}}", false), ("{header: {X-Campaign: '/^spr.ng$/'}}", true),
        ("{header: {Subject: '*'}}", false), ("{header: {X-Campaign: spring, Subject: '*'}}", false),
        ("{size: {over: 999}}", true), ("{size: {over: 1000}}", false), ("{size: {under: 1001, over: 10}}", true),
        ("{sender_domain: shop.example, recipient_domain: near.test}", false),
    ])
    func conditionsHold(_ condition: String, _ holds: Bool) throws {
        let machine = try Case.machine("  - {name: one, when: \(condition), then: {tenant: t}}")
        #expect((machine.decide(Case.facts()).labels.tenant == "t") == holds)
    }

    @Test func theNullSenderHasASign() throws {
        let machine = try Case.machine("  - {name: one, when: {sender: '<>'}, then: {discard: true}}")
        #expect(machine.decide(Case.facts(from: "")).outcome == .discarded)
    }

    /// Later rules win, until one stops.
    @Test func orderAndStopDecide() throws {
        let machine = try Case.machine(
            """
              - {name: first, then: {tenant: a, campaign: a, metadata: {k: 1}}}
              - {name: second, then: {tenant: b, metadata: {l: 2}}}
              - {name: third, when: {sender_domain: shop.example}, then: {pool: bulk, stop: true}}
              - {name: fourth, then: {reject: {}}}
            """)
        let decision = machine.decide(Case.facts())
        #expect(decision.outcome == .accepted)
        #expect(
            decision.labels
                == MessageLabels(tenant: "b", campaign: "a", pool: "bulk", metadata: ["k": "1", "l": "2"]))
        #expect(decision.reasons == ["first", "second", "third"])
        #expect(machine.decide(Case.facts(from: "x@other.test")).outcome != .accepted)
    }

    /// A refusal comes as early as it is known, and not before a rule that might yet stop.
    @Test func refusalsComeAsEarlyAsTheyAreKnown() throws {
        let machine = try Case.machine(
            """
              - {name: pass, when: {sender: trusted@*}, then: {stop: true}}
              - {name: client, when: {client: 192.0.2.0/24, recipient_domain: far.test}, then: {reject: {}}}
              - {name: size, when: {header: {X-Campaign: none}}, then: {defer: {code: 451, enhanced: 4.2.1, text: later}}}
              - {name: late, when: {recipient_domain: near.test}, then: {reject: {code: 553, text: no}}}
            """)
        #expect(machine.refusal(Case.facts(.connection)) == nil)
        #expect(machine.refusal(Case.facts(.sender)) == nil)
        #expect(machine.refusal(Case.facts(.recipient)) == SMTPReply(550, .init(5, 7, 1), "Refused by policy"))
        #expect(machine.refusal(Case.facts(.recipient, from: "trusted@x.test")) == nil)
        // The rule before it reads the header: until then it might be another answer.
        #expect(machine.refusal(Case.facts(.recipient, to: "bob@near.test")) == nil)
        #expect(machine.refusal(Case.facts(to: "bob@near.test")) == SMTPReply(553, .init(5, 7, 1), "no"))
        let deferred = Case.facts(to: "bob@near.test", header: "X-Campaign: none\r\n\r\n")
        #expect(machine.refusal(deferred) == SMTPReply(451, .init(4, 2, 1), "later"))
    }

    @Test func aGreetingIsRefusedAsGreetingsAre() throws {
        let machine = try Case.machine("  - {name: one, when: {client: 192.0.2.7}, then: {reject: {code: 571}}}")
        #expect(machine.refusal(Case.facts(.connection))?.code == 554)
    }

    @Test func valuesAreFilledIn() throws {
        let machine = try Case.machine(
            """
              - name: one
                then:
                  tenant: ${sender_domain}
                  campaign: c-${header:X-Campaign}
                  pool: ${header:Subject}
                  metadata: {ip: '${client}', none: '${user}', dollar: '$${user}'}
                  add_header: {X-For: '${recipient}', X-Empty: '${user}'}
            """)
        let decision = machine.decide(Case.facts(header: "Subject: not a pool\r\nX-Campaign: s\r\n\r\n"))
        #expect(decision.labels.tenant == "shop.example")
        #expect(decision.labels.campaign == "c-s")
        #expect(decision.labels.pool == nil)
        #expect(decision.labels.metadata == ["ip": "192.0.2.7", "dollar": "${user}"])
        #expect(String(decoding: decision.addedFields, as: UTF8.self) == "X-For: ann@far.test\r\n")
    }

    /// A folded field is one text; what a client writes never becomes a line of its own.
    @Test func noFieldIsSmuggledIn() throws {
        let machine = try Case.machine(
            "  - {name: one, then: {tenant: '${header:X-Campaign}', add_header: {X-Copy: '${header:X-Campaign}'}}}")
        let header = "X-Campaign: a\r\n b\u{B}\r\r\n\t\u{0}Evil: 1\u{85}\u{2028}\u{E9}\r\n\r\n"
        let decision = machine.decide(Case.facts(header: header))
        #expect(decision.labels.tenant?.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
        let added = decision.addedFields
        #expect(added.count { $0 == 0x0A } == 1)
        #expect(added.suffix(2).elementsEqual([0x0D, 0x0A]))
        #expect(added.dropLast(2).allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }

    @Test func plugInsComeBehindRules() throws {
        struct Table: MessagePolicy {
            let name = "table"
            func recipient(_ facts: PolicyFacts) -> PolicyDecision {
                facts.recipient.localPart.elementsEqual("gone".utf8) ? .refuse(SMTPReply(550, nil, "gone")) : .accept
            }
            func content(_ facts: PolicyFacts) -> PolicyDecision {
                var decision = PolicyDecision()
                decision.labels.tenant = "of the table"
                return decision
            }
        }
        let machine = try Case.machine("  - {name: one, then: {tenant: a, campaign: b}}", plugIns: [Table()])
        #expect(machine.refusal(Case.facts(.recipient, to: "gone@x.test"))?.text == "gone")
        let decision = machine.decide(Case.facts())
        #expect(decision.labels == MessageLabels(tenant: "of the table", campaign: "b"))
        #expect(decision.reasons == ["one", "table"])
    }
}
