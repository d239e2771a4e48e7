package import DeliveryQueue
package import MTAConfiguration
package import Measures
package import RunRecords

/// `class` of `when`.
package enum ReplyClass: String, ConfigurationChoice, Hashable, Sendable { case transient, permanent }

/// How a connection failed without a reply.
package enum ConnectionFailure: String, ConfigurationChoice, Hashable, Sendable {
    /// Nobody there, no route, refused.
    case unreachable
    case timeout
    /// Broken off.
    case lost
    /// TLS was to be had and did not work.
    case tls
    /// Any of these.
    case any
}

/// What a rule counts by and what it acts on.
package enum RuleScope: String, ConfigurationChoice, Hashable, Sendable, Codable {
    /// A source to a destination.
    case path
    /// A source to a provider; where there is none, as `path`.
    case provider
    /// A destination, from all sources.
    case destination
    /// A source, to everywhere.
    case source
}

/// What a rule does.
package enum RuleDeed: String, ConfigurationChoice, Hashable, Sendable {
    case suspend, limit, bounce, notify
    /// Takes a rule of the same name from a wider place away.
    case nothing
}

/// `when`.
package struct WhenSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var replies: [ReplyPattern] = []
    package var exceptions: [ReplyPattern] = []
    package var codes: [CodePattern] = []
    package var enhanced: [EnhancedPattern] = []
    package var replyClass: ReplyClass?
    package var connection: [ConnectionFailure] = []
    package init() {}
    package static var keys: [ConfigurationKey<WhenSection>] {
        [
            .oneOrMore("reply", \.replies, "found in the reply, code and all, whatever the case; of several one"),
            .oneOrMore("except", \.exceptions, "not found in it"),
            .oneOrMore("code", \.codes, "the reply's code"),
            .oneOrMore("enhanced", \.enhanced, "its enhanced code (RFC 3463)"),
            .optional("class", \.replyClass, "`transient`: 4yz, `permanent`: 5yz"),
            .oneOrMore("connection", \.connection, "a connection that failed without a reply"),
        ]
    }
}

/// `set`.
package struct ChangeSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var connections: LimitChange<Int>?
    package var connectionRate: LimitChange<DeliveryRate>?
    package var messageRate: LimitChange<DeliveryRate>?
    package var messagesPerConnection: LimitChange<Int>?
    package var recipientsPerTransaction: LimitChange<Int>?
    package init() {}
    package static var keys: [ConfigurationKey<ChangeSection>] {
        [
            .optional("connections", \.connections, "connections at a time", check: atLeastOneOrFactor),
            .optional("connection_rate", \.connectionRate, "connections begun in a span of time"),
            .optional("rate", \.messageRate, "messages begun in a span of time"),
            .optional(
                "messages_per_connection", \.messagesPerConnection, "then it is closed", check: atLeastOneOrFactor),
            .optional(
                "recipients_per_transaction", \.recipientsPerTransaction, "recipients that one transaction carries",
                check: atLeastOneOrFactor),
        ]
    }

    var isEmpty: Bool {
        connections == nil && connectionRate == nil && messageRate == nil && messagesPerConnection == nil
            && recipientsPerTransaction == nil
    }
}

private func atLeastOneOrFactor(_ change: LimitChange<Int>) throws(UnitFault) {
    if case .to(let value) = change { try atLeastOne(value) }
}

/// One entry of `automation`.
package struct RuleSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var when = WhenSection()
    package var count = OccurrenceCount(1, in: 60_000)
    package var scope = RuleScope.path
    package var deed: RuleDeed?
    package var change = ChangeSection()
    package var reply: BounceReply?
    package var duration: HumanDuration?
    package var recovery: Recovery?
    package init() {}
    package static var keys: [ConfigurationKey<RuleSection>] {
        [
            .value(
                "name", \.name, "a narrower place or a later file replaces the rule by its name", shown: "required"),
            .section("when", \.when, "what counts: all that is said here must be so"),
            .value("count", \.count, "as many within a sliding span of time", shown: "the first one"),
            .value(
                "scope", \.scope,
                "counted by and done to: `path` a source to a destination, `provider` a source to all of the provider, `destination` from all sources, `source` to everywhere"
            ),
            .optional(
                "do", \.deed,
                "`suspend`, `limit` to what `set` says, `bounce` what waits, `notify` only, `nothing` to take a wider rule away",
                shown: "required"),
            .section("set", \.change, "of each path; `x0.5`: half of what the file says"),
            .optional("reply", \.reply, "that mail is returned with", shown: "required with bounce"),
            .optional(
                "for", \.duration, "how long; each further trigger begins it anew", shown: "required", check: positive),
            .optional("recover", \.recovery, "the way back afterwards, in ten steps", shown: "at once"),
        ]
    }
}
