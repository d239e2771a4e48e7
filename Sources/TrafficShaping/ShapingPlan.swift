import DeliveryQueue
package import MTAConfiguration
import MailTypes

/// What one or several shaping files say, ready to be asked. A value.
///
/// What is said more narrowly wins, key by key: `default`, `providers`, `sites`, `domains`, in this order; of two names
/// that match the longer; of two files the later. Within one entry `from` wins over the entry itself. Limits of a whole
/// (`whole`, `each_source`, `sources`) hold besides.
package struct ShapingPlan: Sendable {
    /// Automatic rules of all files together.
    package static let mostRules = 5_000

    /// What one entry of one file says.
    struct Layer: Sendable {
        var place: String
        var origin: String
        var limits = EgressLimits()
        var tls: OutgoingTLS?
        /// Empty: as a wider entry says.
        var skippedHosts: [HostPattern] = []
        var whole = EgressLimits()
        var eachSource = EgressLimits()
        var from: [String: From] = [:]
        /// By name, in the order of the file.
        var rules: [Int] = []

        struct From: Sendable {
            var origin: String
            var limits: EgressLimits
            var tls: OutgoingTLS?
        }
    }

    /// An entry for all destinations whose exchangers have one of these names.
    struct SiteEntry: Sendable {
        var suffixes: Set<String>
        var layer: Layer
    }

    struct Provider: Sendable {
        var suffixes: Set<String> = []
        var domains: Set<String> = []
        var layers: [Layer] = []
    }

    var standard: [Layer] = []
    var providers: [String: Provider] = [:]
    var sites: [SiteEntry] = []
    var domains: [String: [Layer]] = [:]
    var sources: [String: [Layer]] = [:]
    package internal(set) var rules: [ShapingRule] = []

    // Where to look.
    var providersByDomain: [String: String] = [:]
    var providersBySuffix: [String: [String]] = [:]
    var sitesBySuffix: [String: [Int]] = [:]
    var ruleIndices: [String: Int] = [:]

    package init() {}

    package var isEmpty: Bool {
        standard.isEmpty && providers.isEmpty && sites.isEmpty && domains.isEmpty && sources.isEmpty
    }

    /// The rule of this ``ShapingRule/id``.
    package func rule(_ id: String) -> ShapingRule? { ruleIndices[id].map { rules[$0] } }

    /// Domains that the files name as a whole: each has a queue of its own.
    package var namedDomains: Set<String> {
        Set((domains.keys + providers.values.flatMap(\.domains)).filter { !$0.hasPrefix(".") })
    }

    /// Sources that the files name.
    package var namedSources: Set<String> {
        let layers = standard + providers.values.flatMap(\.layers) + sites.map(\.layer) + domains.values.joined()
        return Set(layers.flatMap { $0.from.keys }).union(sources.keys)
    }

    /// What some path may have for ``ShapedPath/tls``.
    package var demands: Set<OutgoingTLS> {
        let layers = standard + providers.values.flatMap(\.layers) + sites.map(\.layer) + domains.values.joined()
        return Set(layers.flatMap { layer in [layer.tls].compactMap { $0 } + layer.from.values.compactMap(\.tls) })
    }

    package var providerNames: [String] { providers.keys.sorted() }

    // MARK: Resolution

    /// What holds for a path.
    package func path(_ question: ShapingQuestion) -> ShapedPath { resolve(question, explains: false).path }

    /// The same, and where each value was said.
    package func explanation(_ question: ShapingQuestion) -> (path: ShapedPath, limits: [ResolvedLimit]) {
        let (path, folds) = resolve(question, explains: true)
        return (path, folds.flatMap(\.resolved))
    }

    private func resolve(_ question: ShapingQuestion, explains: Bool) -> (path: ShapedPath, folds: [LimitFold]) {
        let provider = provider(of: question)
        let name = PathName(destination: question.destination, provider: provider, source: question.source)
        var path = ShapedPath(name: name)
        var own = LimitFold("path", explains: explains)
        var destination = LimitFold("destination", explains: explains)
        var whole = LimitFold("provider", explains: explains)
        var eachSource = LimitFold("provider and source", explains: explains)
        var source = LimitFold("source", explains: explains)
        var named: [String: Int] = [:]
        let providerLayers = provider.map { providers[$0]!.layers } ?? []
        let narrower = sites(question.exchangers) + (question.domain.map(layers(of:)) ?? [])
        for layer in standard + providerLayers + narrower {
            own.add(layer.limits, "\(layer.origin) (\(layer.place))")
            path.tls = layer.tls ?? path.tls
            if !layer.skippedHosts.isEmpty { path.skippedHosts = layer.skippedHosts }
            if let from = question.source.flatMap({ layer.from[$0] }) {
                own.add(from.limits, "\(from.origin) (\(layer.place), from \(question.source!))")
                path.tls = from.tls ?? path.tls
            }
            for rule in layer.rules { named[rules[rule].name] = rule }
        }
        for layer in standard + narrower { destination.add(layer.whole, "\(layer.origin) (\(layer.place))") }
        for layer in providerLayers {
            whole.add(layer.whole, "\(layer.origin) (\(layer.place))")
            eachSource.add(layer.eachSource, "\(layer.origin) (\(layer.place))")
        }
        for layer in question.source.flatMap({ sources[$0] }) ?? [] {
            source.add(layer.limits, "\(layer.origin) (\(layer.place))")
            for rule in layer.rules { named[rules[rule].name] = rule }
        }
        (path.limits, path.destinationLimits, path.providerLimits) = (own.limits, destination.limits, whole.limits)
        (path.providerSourceLimits, path.sourceLimits) = (eachSource.limits, source.limits)
        path.rules = named.values.filter { rules[$0].deed != .nothing }.sorted().map { rules[$0].id }
        return (path, [own, destination, eachSource, whole, source])
    }

    /// Layers of a domain, the weakest first.
    private func layers(of domain: String) -> [Layer] {
        guard !domains.isEmpty else { return [] }
        return NameSuffix.candidates(domain).reversed().flatMap { domains[$0] ?? [] }
    }

    /// Layers of the sites that all these exchangers belong to, the weakest first.
    private func sites(_ exchangers: [String]) -> [Layer] {
        guard let first = exchangers.first, !sitesBySuffix.isEmpty else { return [] }
        let found = Set(NameSuffix.candidates(first).flatMap { sitesBySuffix[$0] ?? [] })
        let matching = found.compactMap { index in
            Self.weight(sites[index].suffixes, exchangers).map { (index: index, weight: $0) }
        }
        return matching.sorted { ($0.weight, $0.index) < ($1.weight, $1.index) }.map { sites[$0.index].layer }
    }

    /// By its domain, or else by the names of all its exchangers.
    package func provider(of question: ShapingQuestion) -> String? {
        guard !providers.isEmpty else { return nil }
        if let domain = question.domain {
            for name in NameSuffix.candidates(domain) { if let found = providersByDomain[name] { return found } }
        }
        guard let first = question.exchangers.first else { return nil }
        let found = Set(NameSuffix.candidates(first).flatMap { providersBySuffix[$0] ?? [] })
        let matching = found.compactMap { name in
            Self.weight(providers[name]!.suffixes, question.exchangers).map { (name: name, weight: $0) }
        }
        return matching.max { ($0.weight, $1.name) < ($1.weight, $0.name) }?.name
    }

    /// How narrowly the suffixes match the one of the exchangers that they match least; nil if they do not match all.
    private static func weight(_ suffixes: Set<String>, _ exchangers: [String]) -> Int? {
        var least = Int.max
        for exchanger in exchangers {
            // The longest that matches comes first.
            guard let found = NameSuffix.candidates(exchanger).first(where: suffixes.contains) else { return nil }
            least = min(least, found.split(separator: ".").count * 2 + (found.hasPrefix(".") ? 0 : 1))
        }
        return least
    }
}
