package import MailTypes
package import Measures
import RunRecords

/// Which hosts of a destination are used, and which comes next: in `delivery`, and for a domain.
package struct HostValues {
    /// What connections after one that broke off go to.
    package enum Reconnect: String, ConfigurationChoice {
        case anew
        case nextHost = "next_host"
        case sameHost = "same_host"
    }

    package var skipped: [HostPattern] = []
    package var reconnect: Reconnect?
    package var triesNextHost: Bool?

    package init() {}

    /// - Parameter shown: how the reference shows what a domain does not say; nil: these are the keys for all.
    static func keys<Section>(
        _ path: WritableKeyPath<Section, HostValues>, shown: String? = nil
    ) -> [ConfigurationKey<Section>] {
        [
            .list("skip_hosts", path.appending(path: \.skipped), HostPattern.skipping, shown: shown ?? "[]"),
            .optional(
                "reconnect_strategy", path.appending(path: \.reconnect),
                "what comes first for a minute after a connection broke off with mail under way: `anew` the best host, `next_host` another one, `same_host` that one",
                shown: shown ?? "anew"),
            .optional(
                "try_next_host_on_transport_error", path.appending(path: \.triesNextHost),
                "the mail that was under way goes to the next host at once, instead of waiting for its next attempt",
                shown: shown ?? "false"),
        ]
    }
}

extension HostPattern: ConfigurationValue {
    package static var form: String { "host, .suffix or network" }
    /// Of `skip_hosts`, in the reference.
    package static let skipping =
        "hosts that no mail goes to: by name, by all that is below one, or by network; where none is left mail waits"

    package init(written text: String) throws(UnitFault) {
        guard let pattern = HostPattern(text) else {
            throw UnitFault("expected a host such as mx.example.org, .example.org or 192.0.2.0/24")
        }
        self = pattern
    }
    package var written: String { description }
}
