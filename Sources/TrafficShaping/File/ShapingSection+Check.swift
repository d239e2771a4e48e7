import DeliveryQueue
import MTAConfiguration
import MailTypes
import RunRecords

// What single values cannot show.
extension ConfigurationSection {
    func note(_ faults: inout [RecordFault], _ key: String, _ text: String) {
        faults.append(mapping?.fault(key, text) ?? RecordFault("key '\(key)': \(text)"))
    }
}

extension ShapingSection {
    /// Everything that is wrong with a file that could be read.
    func check(_ faults: inout [RecordFault]) {
        if let standard { standard.check(standard.body, &faults) }
        var names: Set<String> = []
        for entry in providers {
            if entry.mapping?.has("name") ?? false, !QueueName.isNameOfPool(entry.name) {
                entry.note(&faults, "name", "expected letters, digits, '.', '-' and '_', at most 64")
            }
            entry.checkNames([entry.name].filter { !$0.isEmpty }, "name", &names, &faults)
            entry.check(entry.body, &faults)
        }
        names = []
        for entry in sites {
            entry.checkNames(entry.suffixes.map(\.text), "mx", &names, &faults)
            entry.check(entry.body, &faults)
        }
        names = []
        for entry in domains {
            entry.checkNames(entry.names.map(\.text), "domain", &names, &faults)
            entry.check(entry.body, &faults)
        }
        names = []
        for entry in sources {
            entry.checkNames(entry.names, "source", &names, &faults)
            entry.checkRules(entry.rules, &faults)
        }
    }
}

extension ConfigurationSection {
    /// - Parameter seen: names of the entries before it.
    fileprivate func checkNames(
        _ names: [String], _ key: String, _ seen: inout Set<String>, _ faults: inout [RecordFault]
    ) {
        if names.isEmpty, !faults.contains(where: { $0.description.contains("'\(key)'") }) {
            note(&faults, key, "is missing")
        }
        for name in names where !seen.insert(name).inserted { note(&faults, key, "'\(name)' appears twice") }
    }

    fileprivate func check(_ body: EntryBody, _ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for entry in body.from { entry.checkNames(entry.sources, "source", &seen, &faults) }
        checkRules(body.rules, &faults)
    }

    fileprivate func checkRules(_ rules: [RuleSection], _ faults: inout [RecordFault]) {
        var seen: Set<String> = []
        for rule in rules {
            rule.check(&faults)
            if !rule.name.isEmpty, !seen.insert(rule.name).inserted {
                rule.note(&faults, "name", "'\(rule.name)' appears twice")
            }
        }
    }
}

extension RuleSection {
    fileprivate func check(_ faults: inout [RecordFault]) {
        if name.isEmpty {
            note(&faults, "name", "is missing")
        } else if !QueueName.isNameOfPool(name) {
            note(&faults, "name", "'\(name)': expected letters, digits, '.', '-' and '_', at most 64")
        }
        guard let deed else {
            if !(mapping?.has("do") ?? false) { note(&faults, "do", "is missing: \(RuleDeed.form)") }
            return
        }
        checkWhen(deed, &faults)
        let isTimed = deed == .suspend || deed == .limit || deed == .bounce
        let demands: [(key: String, isGiven: Bool, isNeeded: Bool, isAllowed: Bool)] = [
            ("for", duration != nil, isTimed, deed != .nothing),
            ("set", !change.isEmpty, deed == .limit, deed == .limit),
            ("reply", reply != nil, deed == .bounce, deed == .bounce),
            ("recover", recovery != nil, false, deed == .suspend || deed == .limit),
        ]
        for demand in demands {
            let isWritten = mapping?.has(demand.key) ?? demand.isGiven
            if demand.isNeeded, !isWritten { note(&faults, demand.key, "is missing: `do: \(deed)` needs it") }
            if demand.isNeeded, isWritten, !demand.isGiven, demand.key == "set" {
                note(&faults, "set", "sets nothing")
            }
            if !demand.isAllowed, isWritten { note(&faults, demand.key, "says nothing with `do: \(deed)`") }
        }
    }

    private func checkWhen(_ deed: RuleDeed, _ faults: inout [RecordFault]) {
        guard let mapping else { return }
        let isThere = mapping.has("when")
        if deed == .nothing {
            if isThere { note(&faults, "when", "says nothing with `do: nothing`") }
            return
        }
        guard let inner = when.mapping, isThere else { return note(&faults, "when", "is missing: what counts") }
        let asked = ["reply", "code", "enhanced", "class"].filter(inner.has)
        if asked.isEmpty, !inner.has("connection") {
            note(&faults, "when", "asks nothing: expected reply, code, enhanced, class or connection")
        }
        if inner.has("connection"), !asked.isEmpty || inner.has("except") {
            note(&faults, "when", "a connection without a reply has no \(asked.first ?? "reply"): make it two rules")
        }
    }
}
