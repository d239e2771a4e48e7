package import DeliveryQueue
import MTAConfiguration
package import Measures

// What can be limited, by the names that it has in a file.
extension EgressLimits {
    /// As people write it.
    package var holdFirst: HumanDuration? {
        get { holdFirstMilliseconds.map(HumanDuration.init(milliseconds:)) }
        set { holdFirstMilliseconds = newValue?.milliseconds }
    }
    package var holdCap: HumanDuration? {
        get { holdCapMilliseconds.map(HumanDuration.init(milliseconds:)) }
        set { holdCapMilliseconds = newValue?.milliseconds }
    }

    /// Name and value, as a file would say it, of what is limited here.
    package var written: [(name: String, value: String)] {
        let all: [(String, String?)] = [
            ("connections", connections?.written), ("connection_rate", connectionRate?.written),
            ("rate", messageRate?.written), ("messages_per_connection", messagesPerConnection?.written),
            ("recipients_per_transaction", recipientsPerTransaction?.written), ("hold_first", holdFirst?.written),
            ("hold_cap", holdCap?.written),
            ("consecutive_connection_failures_before_delay", failuresBeforeHold?.written),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension HumanDuration {
    init(milliseconds: UInt64) { self.init(nanoseconds: milliseconds * 1_000_000) }
    var milliseconds: UInt64 { nanoseconds / 1_000_000 }
}

extension ConfigurationKey {
    /// The keys of ``EgressLimits``.
    static func limits(_ path: WritableKeyPath<Section, EgressLimits>) -> [ConfigurationKey] {
        [
            .optional(
                "connections", path.appending(path: \.connections), "connections at a time", check: atLeastOne),
            .optional("connection_rate", path.appending(path: \.connectionRate), "connections begun in a span of time"),
            .optional("rate", path.appending(path: \.messageRate), "messages begun in a span of time"),
            .optional(
                "messages_per_connection", path.appending(path: \.messagesPerConnection), "then it is closed",
                check: atLeastOne),
            .optional(
                "recipients_per_transaction", path.appending(path: \.recipientsPerTransaction),
                "recipients that one transaction carries", check: atLeastOne),
            .optional(
                "hold_first", path.appending(path: \.holdFirst),
                "how long a next hop that cannot be reached is left alone at first, doubling", check: positive),
            .optional("hold_cap", path.appending(path: \.holdCap), "and at most", check: positive),
            .optional(
                "consecutive_connection_failures_before_delay", path.appending(path: \.failuresBeforeHold),
                "connections that fail in a row before the next hop is left alone", check: atLeastOne),
        ]
    }
}
