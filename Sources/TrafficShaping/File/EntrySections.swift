package import DeliveryQueue
package import MTAConfiguration
package import MailTypes
package import RunRecords

/// What may be said of the default, a provider, a site or a domain.
package struct EntryBody {
    /// Of one path: from one source to one destination.
    package var limits = EgressLimits()
    package var tls: OutgoingTLS?
    package var skippedHosts: [HostPattern] = []
    /// Of all sources together.
    package var whole: LimitSection?
    package var from: [FromSection] = []
    package var rules: [RuleSection] = []
}

/// A section with ``EntryBody``.
package protocol EntrySection: ConfigurationSection {
    var body: EntryBody { get set }
}

extension EntrySection {
    /// - Parameter whole: what `whole` limits here.
    static func bodyKeys(whole: String) -> [ConfigurationKey<Self>] {
        let path: WritableKeyPath<Self, EntryBody> = \.body
        return ConfigurationKey<Self>.limits(path.appending(path: \.limits)) + [
            .optional("tls", path.appending(path: \.tls), "as `tls` of the configuration"),
            .list("skip_hosts", path.appending(path: \.skippedHosts), HostPattern.skipping),
            .optionalSection("whole", path.appending(path: \.whole), "limits of \(whole)"),
            .sections("from", path.appending(path: \.from), "what is different for mail from some sources"),
            .sections("automation", path.appending(path: \.rules), "automatic rules"),
        ]
    }
}

/// Limits alone.
package struct LimitSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var limits = EgressLimits()
    package init() {}
    package static var keys: [ConfigurationKey<LimitSection>] { ConfigurationKey.limits(\.limits) }
}

/// One entry of `from`.
package struct FromSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var sources: [String] = []
    package var limits = EgressLimits()
    package var tls: OutgoingTLS?
    package init() {}
    package static var keys: [ConfigurationKey<FromSection>] {
        [.oneOrMore("source", \.sources, "name of the source", shown: "required")]
            + ConfigurationKey.limits(\.limits) + [.optional("tls", \.tls, "as `tls` of the configuration")]
    }
}

/// `default`.
package struct DefaultSection: EntrySection {
    package var mapping: StrictMapping?
    package var body = EntryBody()
    package init() {}
    package static var keys: [ConfigurationKey<DefaultSection>] {
        bodyKeys(whole: "each destination, over all sources")
    }
}

/// One entry of `domains`.
package struct DomainEntrySection: EntrySection {
    package var mapping: StrictMapping?
    package var names: [NameSuffix] = []
    package var body = EntryBody()
    package init() {}
    package static var keys: [ConfigurationKey<DomainEntrySection>] {
        [.oneOrMore("domain", \.names, "of recipients; a whole one has a queue of its own", shown: "required")]
            + bodyKeys(whole: "the destination, over all sources")
    }
}

/// One entry of `sites`.
package struct SiteEntrySection: EntrySection {
    package var mapping: StrictMapping?
    package var suffixes: [NameSuffix] = []
    package var body = EntryBody()
    package init() {}
    package static var keys: [ConfigurationKey<SiteEntrySection>] {
        [.oneOrMore("mx", \.suffixes, "all exchangers of the destination have such names", shown: "required")]
            + bodyKeys(whole: "each destination, over all sources")
    }
}

/// One entry of `providers`.
package struct ProviderEntrySection: EntrySection {
    package var mapping: StrictMapping?
    package var name = ""
    package var suffixes: [NameSuffix] = []
    package var domains: [NameSuffix] = []
    package var eachSource: LimitSection?
    package var body = EntryBody()
    package init() {}
    package static var keys: [ConfigurationKey<ProviderEntrySection>] {
        [
            .value("name", \.name, "of the provider", shown: "required"),
            .oneOrMore("mx", \.suffixes, "all exchangers of its destinations have such names"),
            .oneOrMore("domains", \.domains, "domains that are its, wherever their mail goes"),
            .optionalSection(
                "each_source", \.eachSource, "limits of each source, over all destinations of the provider"),
        ] + bodyKeys(whole: "the provider, over all its destinations and all sources")
    }
}

/// One entry of `sources`.
package struct SourceEntrySection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var names: [String] = []
    package var limits = EgressLimits()
    package var rules: [RuleSection] = []
    package init() {}
    package static var keys: [ConfigurationKey<SourceEntrySection>] {
        [.oneOrMore("source", \.names, "name of the source; the limits are for all that it sends", shown: "required")]
            + ConfigurationKey.limits(\.limits)
            + [.sections("automation", \.rules, "automatic rules for whatever goes out by it")]
    }
}

/// A whole file.
package struct ShapingSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var standard: DefaultSection?
    package var providers: [ProviderEntrySection] = []
    package var sites: [SiteEntrySection] = []
    package var domains: [DomainEntrySection] = []
    package var sources: [SourceEntrySection] = []
    package init() {}
    package static var keys: [ConfigurationKey<ShapingSection>] {
        [
            .optionalSection("default", \.standard, "where nothing else is said"),
            .sections("providers", \.providers, "large mailbox providers: several sites or domains under one name"),
            .sections("sites", \.sites, "destinations by the names of their exchangers"),
            .sections("domains", \.domains, "destinations by the domain of the recipients"),
            .sections("sources", \.sources, "sources as a whole"),
        ]
    }
}
