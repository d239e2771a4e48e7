package import RunRecords

/// A file of rules: strict YAML, the first rule that fits decides.
///
///     categories: [Seasonal]                # names besides the predefined ones
///     rules:
///       - name: no-such-user
///         category: InvalidRecipient
///         enhanced: [x.1.1]                 # and
///         code: [550, 55x]                  # and
///         text: ["user * unknown", "|nsu|"] # one of them, and
///         unless: ["greylisted"]            # none of them
///         examples: ["550 5.1.1 User b@y.test unknown"]
package struct ClassificationFile: Sendable {
    package private(set) var name: String
    package private(set) var rules: [ClassificationRule] = []
    /// Those that it declares.
    package private(set) var categories: [ReplyCategory] = []

    /// In all files together.
    package static let mostRules = 10_000
    package static let mostCategories = 64

    /// - Throws: ``RecordFault``, the first of ``read(text:file:)``.
    package init(text: String, file: String) throws(RecordFault) {
        let (read, faults) = Self.read(text: text, file: file)
        if let fault = faults.first { throw fault }
        self = read
    }

    private init(name: String) { self.name = name }

    /// Everything that is wrong with it, and what is right.
    package static func read(text: String, file: String) -> (file: ClassificationFile, faults: [RecordFault]) {
        var found = ClassificationFile(name: file)
        var faults: [RecordFault] = []
        do throws(RecordFault) {
            let top = try StrictMapping(text: text, file: file, keys: ["categories", "rules"])
            try found.readCategories(top, &faults)
            var names: Set<String> = []
            for entry in try top.mappings("rules", keys: nil) ?? [] {
                guard found.rules.count < mostRules else { throw top.fault("rules", "more than \(mostRules)") }
                guard let rule = found.rule(entry, &faults) else { continue }
                if !names.insert(rule.name).inserted {
                    faults.append(entry.fault("name", "'\(rule.name)' appears twice"))
                }
                found.rules.append(rule)
            }
            if found.rules.isEmpty, faults.isEmpty { throw top.fault("rules", "expected a list with a rule") }
        } catch {
            faults.append(error)
        }
        return (found, faults)
    }

    private mutating func readCategories(_ top: StrictMapping, _ faults: inout [RecordFault]) throws(RecordFault) {
        for (index, name) in (try top.list("categories") ?? []).enumerated() {
            let isName = name.utf8.count <= 64 && name.utf8.allSatisfy { ReplyText.isAlphanumeric($0) && $0 < 0x80 }
            if name.isEmpty || !isName {
                faults.append(top.fault("categories", item: index, "'\(name)': expected letters and digits"))
            } else if ReplyCategory.predefined.contains(ReplyCategory(name)) {
                faults.append(top.fault("categories", item: index, "'\(name)' is there without being declared"))
            } else {
                categories.append(ReplyCategory(name))
            }
        }
    }

    private static let keys = ["name", "category", "code", "enhanced", "text", "unless", "examples"]

    private func rule(_ entry: StrictMapping, _ faults: inout [RecordFault]) -> ClassificationRule? {
        faults += entry.unknownKeys(Self.keys)
        do throws(RecordFault) {
            guard let category = try entry.text("category") else { throw entry.fault("category", "is missing") }
            let known = (ReplyCategory.predefined + categories).map(\.name)
            guard known.contains(category) else {
                throw entry.fault(
                    "category",
                    "'\(category)' is neither predefined nor declared\(StrictMapping.suggestion(category, known))")
            }
            let line = entry.line(entry.names.first ?? "name")
            var rule = ClassificationRule(
                name: try entry.text("name") ?? "line \(line)", category: ReplyCategory(category),
                place: "\(name):\(line)")
            rule.codes = try Self.list("code", entry, DigitPattern.form) { DigitPattern($0) }
            rule.enhanced = try Self.list("enhanced", entry, EnhancedPattern.form) { EnhancedPattern($0) }
            rule.texts = try Self.texts("text", entry)
            rule.unless = try Self.texts("unless", entry)
            rule.examples = try entry.list("examples") ?? []
            if rule.codes.isEmpty, rule.enhanced.isEmpty, rule.texts.isEmpty {
                throw entry.fault("name", "a rule needs `code`, `enhanced` or `text`")
            }
            return rule
        } catch {
            faults.append(error)
            return nil
        }
    }

    private static func list<Value>(
        _ key: String, _ entry: StrictMapping, _ form: String, _ make: (String) -> Value?
    ) throws(RecordFault) -> [Value] {
        var values: [Value] = []
        for (index, text) in (try entry.list(key) ?? []).enumerated() {
            guard let value = make(text) else { throw entry.fault(key, item: index, "'\(text)': \(form)") }
            values.append(value)
        }
        return values
    }

    private static func texts(_ key: String, _ entry: StrictMapping) throws(RecordFault) -> [TextPattern] {
        var patterns: [TextPattern] = []
        for (index, text) in (try entry.list(key) ?? []).enumerated() {
            do throws(TextPattern.Fault) { patterns.append(try TextPattern(text)) } catch {
                throw entry.fault(key, item: index, "'\(text)': \(error.text)")
            }
        }
        return patterns
    }
}
