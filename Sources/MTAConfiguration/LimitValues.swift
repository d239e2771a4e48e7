package import DeliveryQueue
package import Measures
package import RunRecords

/// Limits as the file says them, wherever they may stand.
package struct LimitValues {
    package var connections: Int?
    package var connectionRate: DeliveryRate?
    package var messageRate: DeliveryRate?
    package var messagesPerConnection: Int?
    package var recipientsPerTransaction: Int?
    package var holdFirst: HumanDuration?
    package var holdCap: HumanDuration?
    package var failuresBeforeHold: Int?

    package init() {}

    package var limits: EgressLimits {
        var limits = EgressLimits(
            connections: connections, connectionRate: connectionRate, messageRate: messageRate,
            messagesPerConnection: messagesPerConnection, recipientsPerTransaction: recipientsPerTransaction)
        limits.holdFirstMilliseconds = holdFirst?.milliseconds
        limits.holdCapMilliseconds = holdCap?.milliseconds
        limits.failuresBeforeHold = failuresBeforeHold
        return limits
    }

    /// Those that are further keys of a destination, besides the ones it has under names of its own.
    static func keys<Section>(
        _ path: WritableKeyPath<Section, LimitValues>, shown: String = "none"
    ) -> [ConfigurationKey<Section>] {
        [
            .optional(
                "connection_rate", path.appending(path: \.connectionRate), "connections begun in a span of time",
                shown: shown),
            .optional(
                "recipients_per_transaction", path.appending(path: \.recipientsPerTransaction),
                "then there is another one; never more than 100 (RFC 5321 §4.5.3.1.8)",
                shown: shown == "none" ? "100" : shown, check: upTo100),
            .optional(
                "hold_first", path.appending(path: \.holdFirst),
                "how long it is left alone when it could not be reached, doubling from then on",
                shown: shown == "none" ? "1s" : shown, check: positive),
            .optional(
                "hold_cap", path.appending(path: \.holdCap), "and at most so long",
                shown: shown == "none" ? "`retry_first`" : shown, check: positive),
            .optional(
                "consecutive_connection_failures_before_delay", path.appending(path: \.failuresBeforeHold),
                "connections that fail one after the other before it is left alone",
                shown: shown == "none" ? "1" : shown, check: atLeastOne),
        ]
    }

    private static func upTo100(_ value: Int) throws(UnitFault) {
        guard (1...100).contains(value) else { throw UnitFault("expected 1 to 100") }
    }
}

/// `limits` of a source.
package struct LimitsOfSourceSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var values = LimitValues()

    package init() {}

    package static var keys: [ConfigurationKey<LimitsOfSourceSection>] { usualKeys(\.values) }

    /// All limits under the same names.
    static func usualKeys<Section>(
        _ path: WritableKeyPath<Section, LimitValues>, shown: String = "none"
    ) -> [ConfigurationKey<Section>] {
        [
            .optional(
                "connections", path.appending(path: \.connections), "at a time, over all event loops", shown: shown,
                check: atLeastOne),
            .optional(
                "rate", path.appending(path: \.messageRate), "messages begun in a span of time", shown: shown),
            .optional(
                "messages_per_connection", path.appending(path: \.messagesPerConnection), "then it is closed",
                shown: shown, check: atLeastOne),
        ] + LimitValues.keys(path, shown: shown)
    }
}
