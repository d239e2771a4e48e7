package import DeliveryQueue
package import Measures
package import RunRecords

/// One entry of `tenants`.
package struct TenantSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var values = SenderValues()

    package init() {}

    package static var keys: [ConfigurationKey<TenantSection>] {
        [
            .value(
                "name", \.name, "as messages' label says it; `*`: each tenant that is not named, for itself",
                shown: "required")
        ] + SenderValues.keys(\.values)
    }
}

/// One entry of `campaigns`.
package struct CampaignSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var tenant: String?
    package var values = SenderValues()

    package init() {}

    package static var keys: [ConfigurationKey<CampaignSection>] {
        [
            .value(
                "name", \.name,
                "as messages' label says it; `*`: each campaign that is not named, each tenant's for itself",
                shown: "required"),
            .optional("tenant", \.tenant, "only this tenant's", shown: "whoever's it is, together"),
        ] + SenderValues.keys(\.values)
    }
}

/// One entry of `by_destination` of a tenant or campaign. What is not said is as for all its destinations.
package struct SenderDestinationSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name: DomainName?
    package var limits = LimitValues()
    package var schedule = ScheduleValues()
    package var egressPool: String?

    package init() {}

    package static var keys: [ConfigurationKey<SenderDestinationSection>] {
        let usual = "as to all"
        return [.optional("name", \.name, "the domain, which then has a queue of its own", shown: "required")]
            + LimitsOfSourceSection.senderKeys(\.limits, shown: usual)
            + ScheduleValues.keys(\.schedule, shown: usual)
            + [.optional("egress_pool", \.egressPool, "sources that it leaves by there", shown: usual)]
    }
}

/// `limits_by_destination` of a tenant or campaign.
package struct SenderLimitsSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var limits = LimitValues()

    package init() {}

    package static var keys: [ConfigurationKey<SenderLimitsSection>] { LimitsOfSourceSection.senderKeys(\.limits) }
}

/// What tenants and campaigns can have.
package struct SenderValues {
    package var limits = LimitValues()
    package var limitsByDestination: SenderLimitsSection?
    package var schedule = ScheduleValues()
    package var egressPool: String?
    package var destinations: [SenderDestinationSection] = []

    package init() {}

    static func keys<Section: ConfigurationSection>(
        _ path: WritableKeyPath<Section, SenderValues>
    ) -> [ConfigurationKey<Section>] {
        LimitsOfSourceSection.senderKeys(path.appending(path: \.limits))
            + ScheduleValues.keys(path.appending(path: \.schedule), shown: "as where it goes")
            + [
                .optional(
                    "egress_pool", path.appending(path: \.egressPool),
                    "sources that it leaves by, where a message does not say another pool", shown: "as where it goes"),
                .optionalSection(
                    "limits_by_destination", path.appending(path: \.limitsByDestination),
                    "of its mail to each destination for itself"),
                .sections(
                    "by_destination", path.appending(path: \.destinations), "what is different at single domains"),
            ]
    }
}

/// A schedule of its own.
package struct ScheduleValues {
    package var retryFirst: HumanDuration?
    package var retryFactor: Double?
    package var retryCap: HumanDuration?
    package var retryMaxAge: HumanDuration?
    package var delayWarning: HumanDuration?

    package init() {}

    package var change: ScheduleChange {
        var change = ScheduleChange()
        change.first = retryFirst?.milliseconds
        change.factor = retryFactor
        change.cap = retryCap?.milliseconds
        change.maximumAge = retryMaxAge?.milliseconds
        change.delayWarning = delayWarning?.milliseconds
        return change
    }

    static func keys<Section: ConfigurationSection>(
        _ path: WritableKeyPath<Section, ScheduleValues>, shown: String
    ) -> [ConfigurationKey<Section>] {
        [
            .optional(
                "retry_first", path.appending(path: \.retryFirst), "as at the top", shown: shown, check: positive),
            .optional(
                "retry_factor", path.appending(path: \.retryFactor), "as at the top", shown: shown, check: factor),
            .optional("retry_cap", path.appending(path: \.retryCap), "as at the top", shown: shown, check: positive),
            .optional(
                "retry_max_age", path.appending(path: \.retryMaxAge), "as at the top", shown: shown, check: positive),
            .optional(
                "delay_warning", path.appending(path: \.delayWarning), "as at the top", shown: shown, check: positive),
        ]
    }
}

extension LimitsOfSourceSection {
    /// Those that are counted by sender; how long a next hop is left alone is no sender's matter.
    static func senderKeys<Section: ConfigurationSection>(
        _ path: WritableKeyPath<Section, LimitValues>, shown: String = "none"
    ) -> [ConfigurationKey<Section>] {
        let holds = ["hold_first", "hold_cap", "consecutive_connection_failures_before_delay"]
        return usualKeys(path, shown: shown).filter { !holds.contains($0.name) }
    }
}

extension MTASettings {
    static var senderKeys: [ConfigurationKey<MTASettings>] {
        [
            .sections(
                "tenants", \.tenants,
                "senders whose mail has queues, limits and a schedule of its own ([EGRESS.md](EGRESS.md#tenants-and-campaigns))"
            ),
            .sections("campaigns", \.campaigns, "the same for parts of what a tenant sends"),
        ]
    }
}
