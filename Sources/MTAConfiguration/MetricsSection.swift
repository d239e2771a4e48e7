import Measures
package import RunRecords

/// `metrics`.
package struct MetricsSection: ConfigurationSection {
    package enum Dimension: String, ConfigurationChoice { case tenant, campaign, provider }

    package var mapping: StrictMapping?
    package var by: [Dimension] = []
    package var shown = 50

    package init() {}

    package static var keys: [ConfigurationKey<MetricsSection>] {
        [
            .list(
                "by", \.by,
                "recipients and what is queued are counted by these, too; `provider` is what [shaping](EGRESS.md#shaping) says",
                shown: "none"),
            .value(
                "shown", \.shown,
                "tenants, campaigns, providers, sources, destinations that have lines of their own, the largest; the rest is `other`",
                check: shownNames),
        ]
    }

    private static func shownNames(_ value: Int) throws(UnitFault) {
        guard (1...10_000).contains(value) else { throw UnitFault("expected 1 to 10000") }
    }
}
