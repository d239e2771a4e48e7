package import MTAConfiguration
import MailTypes
import Measures
import RunRecords
import TrafficShaping

/// From `rules` as they were written to rules that can be asked. Everything that is wrong is found at once.
package struct PolicyReader {
    /// More are refused: all of them are asked for each recipient.
    package static let mostRules = 1_000
    /// Of one key.
    package static let mostPatterns = 1_000

    private let settings: MTASettings
    private var faults: [RecordFault] = []

    /// - Throws: ``ConfigurationFaults``, each with file and line.
    package static func rules(_ settings: MTASettings) throws(ConfigurationFaults) -> [PolicyRule] {
        var reader = PolicyReader(settings: settings)
        let rules = reader.read()
        guard reader.faults.isEmpty else { throw ConfigurationFaults(reader.faults) }
        return rules
    }

    private init(settings: MTASettings) { self.settings = settings }

    private mutating func read() -> [PolicyRule] {
        if settings.rules.count > Self.mostRules {
            note(settings.mapping, "rules", "\(settings.rules.count) entries, at most \(Self.mostRules)")
        }
        var seen: Set<String> = []
        return settings.rules.map { section in
            if section.name.isEmpty {
                note(section.mapping, "name", "is missing")
            } else if section.name.utf8.count > FieldText.longestName || section.name.contains(where: \.isNewline) {
                note(section.mapping, "name", "expected one line of at most \(FieldText.longestName) octets")
            } else if !seen.insert(section.name).inserted {
                note(section.mapping, "name", "'\(section.name)' appears twice")
            }
            return PolicyRule(
                name: section.name, conditions: conditions(section.condition), action: action(section))
        }
    }

    private mutating func note(_ mapping: StrictMapping?, _ key: String, _ text: String) {
        faults.append(mapping?.fault(key, text) ?? RecordFault("key '\(key)': \(text)"))
    }

    // MARK: when

    private mutating func conditions(_ section: PolicyConditionSection) -> [PolicyCondition] {
        checkListeners(section)
        let mapping = section.mapping
        var found: [PolicyCondition] = []
        func globs(_ key: String, _ texts: [String], _ make: ([PolicyGlob]) -> PolicyCondition) {
            if check(key, texts, mapping) { found.append(make(texts.map { PolicyGlob($0) })) }
        }
        func domains(_ key: String, _ texts: [String], _ make: ([PolicyDomain]) -> PolicyCondition) {
            if check(key, texts, mapping) { found.append(make(texts.map { PolicyDomain($0) })) }
        }
        globs("listener", section.listeners) { .listener($0) }
        if has("client", section.clients.count, mapping) { found.append(.client(NetworkSet(section.clients))) }
        if has("protocol", section.protocols.count, mapping) {
            found.append(.channel(section.protocols.map { .init(rawValue: $0.rawValue)! }))
        }
        globs("user", section.users) { .user($0) }
        if let tls = section.tls { found.append(.tls(tls)) }
        globs("sender", section.senders) { .sender($0) }
        domains("sender_domain", section.senderDomains) { .senderDomain($0) }
        globs("recipient", section.recipients) { .recipient($0) }
        domains("recipient_domain", section.recipientDomains) { .recipientDomain($0) }
        for field in section.header { if let condition = header(field, mapping) { found.append(condition) } }
        for (method, words) in section.verdicts {
            if has(method, words.count, mapping), let method = PolicyMethod(rawValue: method) {
                found.append(.verdict(method, words))
            }
        }
        globs("dnsbl", section.listed) { .listed($0) }
        if let size = section.size {
            if size.over == nil, size.under == nil { note(size.mapping, "over", "is missing, or `under`") }
            found.append(.size(over: size.over?.bytes, under: size.under?.bytes))
        }
        return found
    }

    /// An empty list would never hold, which nobody means.
    private mutating func has(_ key: String, _ count: Int, _ mapping: StrictMapping?) -> Bool {
        if count == 0, mapping?.has(key) ?? false { note(mapping, key, "expected one or more") }
        if count > Self.mostPatterns { note(mapping, key, "\(count) entries, at most \(Self.mostPatterns)") }
        return count > 0
    }

    private mutating func check(_ key: String, _ texts: [String], _ mapping: StrictMapping?) -> Bool {
        for text in texts where text.isEmpty || text.utf8.count > PolicyGlob.longest {
            note(mapping, key, "'\(text.prefix(40))': expected 1 to \(PolicyGlob.longest) octets")
        }
        return has(key, texts.count, mapping)
    }

    private mutating func checkListeners(_ section: PolicyConditionSection) {
        let listeners = settings.listeners.isEmpty ? ["smtp"] : settings.listeners.map(\.name)
        let names = listeners + ["http"]
        for text in section.listeners {
            let glob = PolicyGlob(text)
            guard !names.contains(where: { glob.matches($0.utf8) }) else { continue }
            note(
                section.mapping, "listener",
                "no listener is named '\(text)'\(StrictMapping.suggestion(text, names)); there are \(names.joined(separator: ", "))"
            )
        }
    }

    private mutating func header(_ field: PolicyConditionSection.Field, _ mapping: StrictMapping?) -> PolicyCondition? {
        guard FieldText.isName(field.name) else {
            note(mapping, "header", "'\(field.name)' is no field name")
            return nil
        }
        var patterns: [HeaderPattern] = []
        for text in field.patterns {
            do throws(UnitFault) { patterns.append(try Self.pattern(text)) } catch {
                note(mapping, "header", "\(field.name): '\(text)': \(error)")
            }
        }
        if field.patterns.isEmpty { note(mapping, "header", "\(field.name): expected one text or more") }
        return .header(field.name.lowercased(), patterns)
    }

    private static func pattern(_ text: String) throws(UnitFault) -> HeaderPattern {
        guard text.utf8.count > 2, text.hasPrefix("/"), text.hasSuffix("/") else {
            guard !text.isEmpty, text.utf8.count <= PolicyGlob.longest else {
                throw UnitFault("expected 1 to \(PolicyGlob.longest) octets")
            }
            return .glob(PolicyGlob(text))
        }
        return .expression(try ReplyPattern(String(text.dropFirst().dropLast())))
    }

    // MARK: then

    private mutating func action(_ section: PolicyRuleSection) -> PolicyAction {
        let (then, mapping) = (section.action, section.action.mapping)
        if mapping?.names.isEmpty ?? true { note(section.mapping, "then", "is missing: the rule would do nothing") }
        var action = PolicyAction()
        action.tenant = template("tenant", then.tenant, mapping)
        action.campaign = template("campaign", then.campaign, mapping)
        action.pool = template("pool", then.pool, mapping)
        action.knownPools = Set(settings.egressPools.map(\.name))
        action.routingDomain = template("routing_domain", then.routingDomain, mapping)
        checkPlaces(action, mapping)
        for (name, text) in then.metadata.sorted(by: { $0.key < $1.key }) {
            if let value = template("metadata", text, mapping) { action.metadata.append((name, value)) }
        }
        if then.metadata.count > MessageLabels.metadataLimit {
            note(mapping, "metadata", "\(then.metadata.count) entries, at most \(MessageLabels.metadataLimit)")
        }
        for (name, text) in then.addedFields {
            if !FieldText.isName(name) { note(mapping, "add_header", "'\(name)' is no field name") }
            if let value = template("add_header", text, mapping) { action.addedFields.append((name, value)) }
        }
        for name in then.removedFields where !FieldText.isName(name) {
            note(mapping, "remove_header", "'\(name)' is no field name")
        }
        action.removedFields = then.removedFields
        action.stops = then.stops
        setEnd(of: &action, then)
        return action
    }

    private mutating func template(_ key: String, _ text: String?, _ mapping: StrictMapping?) -> PolicyTemplate? {
        guard let text else { return nil }
        guard !text.isEmpty, text.utf8.count <= MessageLabels.textLimit else {
            note(mapping, key, "expected 1 to \(MessageLabels.textLimit) octets")
            return nil
        }
        do throws(UnitFault) { return try PolicyTemplate(text) } catch {
            note(mapping, key, "\(error)")
            return nil
        }
    }

    /// What the same for all messages can be checked now.
    private mutating func checkPlaces(_ action: PolicyAction, _ mapping: StrictMapping?) {
        let pools = settings.egressPools.map(\.name)
        if let name = action.pool?.fixed, !pools.contains(name) {
            let known = pools.isEmpty ? "there are none" : "there are \(pools.prefix(20).joined(separator: ", "))"
            note(
                mapping, "pool", "no egress pool is named '\(name)'\(StrictMapping.suggestion(name, pools)); \(known)")
        }
        guard let name = action.routingDomain?.fixed else { return }
        do throws(UnitFault) { _ = try DomainName(written: name) } catch {
            note(mapping, "routing_domain", "'\(name)': \(error)")
        }
    }

    private mutating func setEnd(of action: inout PolicyAction, _ then: PolicyActionSection) {
        let ends = [then.rejection != nil, then.deferral != nil, then.discards, then.redirect != nil]
        if ends.count(where: { $0 }) > 1 {
            note(then.mapping, "reject", "only one of `reject`, `defer`, `discard` and `redirect` can be")
        }
        if let section = then.rejection {
            action.outcome = .refused(reply(section, SMTPReply(550, .init(5, 7, 1), "Refused by policy")))
        } else if let section = then.deferral {
            action.outcome = .refused(reply(section, SMTPReply(450, .init(4, 7, 1), "Not now, by policy: try again")))
        } else if then.discards {
            action.outcome = .discarded
        }
        guard let text = then.redirect else { return }
        let address = MailAddress(text)
        let isAddress =
            !address.localPart.isEmpty && !address.domain.isEmpty && text.utf8.count <= 254
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }
            && (try? DomainName(written: String(decoding: address.domain, as: UTF8.self))) != nil
        if !isAddress { note(then.mapping, "redirect", "'\(text)': expected an address such as archive@example.org") }
        action.redirect = address
    }

    private mutating func reply(_ section: PolicyReplySection, _ standard: SMTPReply) -> SMTPReply {
        var reply = standard
        let kind = standard.code / 100
        if let code = section.code {
            if Int(kind * 100)..<Int(kind * 100 + 100) ~= code {
                reply.code = UInt16(code)
            } else {
                note(section.mapping, "code", "'\(code)': expected \(kind)00 to \(kind)99")
            }
        }
        if let text = section.enhanced {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt16($0) }
            if parts.count == 3, parts[0] == kind, let subject = parts[1], let detail = parts[2], subject < 1000,
                detail < 1000
            {
                reply.enhanced = .init(UInt8(kind), subject, detail)
            } else {
                note(section.mapping, "enhanced", "'\(text)': expected \(kind).SUBJECT.DETAIL, such as \(kind).7.1")
            }
        }
        guard let text = section.text else { return reply }
        if (1...400).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            reply.text = text
        } else {
            note(section.mapping, "text", "expected one line of 1 to 400 ASCII characters")
        }
        return reply
    }
}
