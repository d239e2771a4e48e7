import DeliveryQueue
package import MTAConfiguration
import Measures
import RunRecords

extension ShapingPlan {
    /// Reads files, later ones over earlier ones.
    /// - Throws: ``ConfigurationFaults`` with everything that is wrong, each with file, line and key.
    package static func load(
        files: [String], probe: any FileProbe = SystemFiles()
    ) throws(ConfigurationFaults) -> ShapingPlan {
        var texts: [(text: String, file: String)] = []
        for file in files {
            guard let text = probe.text(file) else {
                throw ConfigurationFaults([RecordFault("\(file): cannot be read")])
            }
            texts.append((text, file))
        }
        return try load(texts)
    }

    /// The same of texts.
    package static func load(_ texts: [(text: String, file: String)]) throws(ConfigurationFaults) -> ShapingPlan {
        var plan = ShapingPlan()
        var faults: [RecordFault] = []
        for (text, file) in texts {
            do throws(RecordFault) {
                let mapping = try StrictMapping(text: text, file: file, keys: nil)
                let section = ShapingSection.read(mapping, &faults)
                section.check(&faults)
                // What is wrong is not taken further: one mistake is said once.
                if faults.isEmpty { plan.add(section, &faults) }
            } catch {
                faults.append(error)
            }
        }
        guard faults.isEmpty else { throw ConfigurationFaults(faults) }
        plan.index()
        return plan
    }

    private mutating func add(_ section: ShapingSection, _ faults: inout [RecordFault]) {
        if let standard = section.standard {
            self.standard.append(layer("default", standard.mapping, standard.body))
        }
        for entry in section.providers {
            var layer = layer("provider:\(entry.name)", entry.mapping, entry.body)
            layer.eachSource = entry.eachSource?.limits ?? EgressLimits()
            var provider = providers[entry.name] ?? Provider()
            provider.suffixes.formUnion(entry.suffixes.map(\.text))
            provider.domains.formUnion(entry.domains.map(\.text))
            provider.layers.append(layer)
            providers[entry.name] = provider
            for domain in entry.domains {
                if let other = providersByDomain.updateValue(entry.name, forKey: domain.text), other != entry.name {
                    entry.note(&faults, "domains", "'\(domain.text)' is provider \(other)'s, too")
                }
            }
            if provider.suffixes.isEmpty, provider.domains.isEmpty {
                entry.note(&faults, "name", "provider \(entry.name) needs `mx` or `domains`")
            }
        }
        for entry in section.sites {
            let layer = layer("site:\(entry.suffixes[0].text)", entry.mapping, entry.body)
            sites.append(SiteEntry(suffixes: Set(entry.suffixes.map(\.text)), layer: layer))
        }
        for entry in section.domains {
            let layer = layer("domain:\(entry.names[0].text)", entry.mapping, entry.body)
            for name in entry.names { domains[name.text, default: []].append(layer) }
        }
        for entry in section.sources {
            var layer = Layer(place: "source:\(entry.names[0])", origin: entry.mapping.origin)
            layer.limits = entry.limits
            layer.rules = add(entry.rules, layer.place)
            for name in entry.names { sources[name, default: []].append(layer) }
        }
        if rules.count > Self.mostRules {
            faults.append(RecordFault("\(section.mapping?.file ?? ""): more than \(Self.mostRules) automatic rules"))
        }
    }

    private mutating func layer(_ place: String, _ mapping: StrictMapping?, _ body: EntryBody) -> Layer {
        var layer = Layer(place: place, origin: mapping.origin)
        layer.limits = body.limits
        (layer.tls, layer.skippedHosts) = (body.tls, body.skippedHosts)
        layer.whole = body.whole?.limits ?? EgressLimits()
        for entry in body.from {
            for source in entry.sources {
                layer.from[source] = .init(origin: entry.mapping.origin, limits: entry.limits, tls: entry.tls)
            }
        }
        layer.rules = add(body.rules, place)
        return layer
    }

    private mutating func add(_ sections: [RuleSection], _ place: String) -> [Int] {
        sections.map { section in
            var rule = section.rule
            rule.id = "\(place)/\(section.name)"
            // A later file's rule of the same place and name is another rule.
            var number = 2
            while ruleIndices[rule.id] != nil {
                rule.id = "\(place)/\(section.name)#\(number)"
                number += 1
            }
            ruleIndices[rule.id] = rules.count
            rules.append(rule)
            return rules.count - 1
        }
    }

    private mutating func index() {
        for (name, provider) in providers {
            for suffix in provider.suffixes { providersBySuffix[suffix, default: []].append(name) }
        }
        for (index, site) in sites.enumerated() {
            for suffix in site.suffixes { sitesBySuffix[suffix, default: []].append(index) }
        }
    }
}

extension StrictMapping? {
    /// `FILE:LINE`, the file without its directory.
    fileprivate var origin: String {
        guard let mapping = self else { return "" }
        let name = mapping.file.split(separator: "/").last.map(String.init) ?? mapping.file
        return "\(name):\(mapping.line(""))"
    }
}

extension RuleSection {
    fileprivate var rule: ShapingRule {
        var condition = ShapingRule.Condition()
        (condition.replies, condition.exceptions) = (when.replies, when.exceptions)
        (condition.codes, condition.enhanced) = (when.codes, when.enhanced)
        (condition.replyClass, condition.connection) = (when.replyClass, when.connection)
        return ShapingRule(
            id: "", name: name, when: condition, count: count, scope: scope, deed: madeDeed,
            milliseconds: duration?.milliseconds ?? 0, recoveryMilliseconds: recovery?.milliseconds ?? 0,
            origin: mapping.origin)
    }

    private var madeDeed: ShapingRule.Deed {
        switch deed {
        case .suspend: .suspend
        case .limit:
            .limit(
                LimitChanges(
                    connections: change.connections, connectionRate: change.connectionRate,
                    messageRate: change.messageRate, messagesPerConnection: change.messagesPerConnection,
                    recipientsPerTransaction: change.recipientsPerTransaction))
        case .bounce: .bounce(reply!.reply)
        case .notify: .notify
        case .nothing, nil: .nothing
        }
    }
}
