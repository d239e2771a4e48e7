package import MailTypes
package import RunRecords

/// What a reply came to.
package struct ReplyVerdict: Sendable, Hashable {
    package var category: ReplyCategory
    /// Number of the rule in ``ReplyClassifier/rules``; nil: none fits.
    package var rule: Int?
    package var enhanced: EnhancedCodeReading
}

/// Rules of one or several files, ready to be asked: the first that fits decides. Neither the number of rules nor that of
/// texts is gone through for a reply: rules without texts are found by the reply's codes, the others by one pass over
/// its text. Nothing in it changes, so that all event loops share one.
package final class ReplyClassifier: Sendable {
    package let rules: [ClassificationRule]
    package let categories: [ReplyCategory]
    let text: ReplyText
    private let search: NeedleSearch
    /// Of each needle: the rule, and its pattern there.
    private let patterns: [(rule: Int, pattern: TextPattern)]
    /// Rules without texts, by subject and detail; those that take any detail or subject are under 0xFFFF.
    private let byEnhanced: [UInt32: [Int]]
    /// Rules with nothing but basic codes.
    private let byCode: [Int]

    /// - Parameter files: asked in this order.
    /// - Throws: ``RecordFault`` if there are more rules, texts or categories than there may be.
    package init(_ files: [ClassificationFile]) throws(RecordFault) {
        rules = files.flatMap(\.rules)
        var categories = ReplyCategory.predefined
        for category in files.flatMap(\.categories) where !categories.contains(category) { categories.append(category) }
        self.categories = categories
        let last = files.last?.name ?? ""
        guard rules.count <= ClassificationFile.mostRules else {
            throw RecordFault("\(last): more than \(ClassificationFile.mostRules) rules in all files")
        }
        guard categories.count <= ClassificationFile.mostCategories else {
            throw RecordFault("\(last): more than \(ClassificationFile.mostCategories) categories in all files")
        }
        var patterns: [(rule: Int, pattern: TextPattern)] = []
        var (byEnhanced, byCode): ([UInt32: [Int]], [Int]) = ([:], [])
        for (index, rule) in rules.enumerated() {
            patterns += rule.texts.map { (index, $0) }
            guard rule.texts.isEmpty else { continue }
            if rule.enhanced.isEmpty { byCode.append(index) }
            for pattern in rule.enhanced {
                byEnhanced[Self.key(pattern.subject, pattern.detail), default: []].append(index)
            }
        }
        let needles = patterns.map(\.pattern.needle)
        guard needles.reduce(0, { $0 + $1.count }) < NeedleSearch.mostStates else {
            throw RecordFault("\(last): more than \(NeedleSearch.mostStates) octets of texts in all files")
        }
        (self.patterns, self.byEnhanced, self.byCode) = (patterns, byEnhanced, byCode)
        search = NeedleSearch(needles)
        let written = rules.flatMap { $0.texts + $0.unless }.flatMap(\.pieces)
        text = ReplyText(kept: Set(written.flatMap(ReplyText.runs)))
    }

    private static func key(_ subject: UInt16?, _ detail: UInt16?) -> UInt32 {
        UInt32(subject ?? .max) << 16 | UInt32(detail ?? .max)
    }

    /// Replies that are no failure are of no category.
    package func classify(_ reply: SMTPReply) -> ReplyVerdict {
        var bytes: [UInt8] = []
        text.write(reply.text, to: &bytes)
        return classify(reply, EnhancedCodeReading(reply), bytes)
    }

    /// - Parameter bytes: the reply's text as ``ReplyText`` writes it.
    func classify(_ reply: SMTPReply, _ reading: EnhancedCodeReading, _ bytes: [UInt8]) -> ReplyVerdict {
        guard reply.isTransient || reply.isPermanent else {
            return ReplyVerdict(category: .uncategorized, rule: nil, enhanced: reading)
        }
        var best = firstByCodes(reply.code, reading, bytes)
        search.forEach(in: bytes) { needle in
            let (index, pattern) = patterns[needle]
            guard index < best else { return }
            let rule = rules[index]
            if rule.fits(reply.code, reading), pattern.isIn(bytes), !rule.isExcepted(bytes) { best = index }
        }
        guard best < rules.count else {
            return ReplyVerdict(category: .uncategorized, rule: nil, enhanced: reading)
        }
        return ReplyVerdict(category: rules[best].category, rule: best, enhanced: reading)
    }

    /// - Returns: the number of the first rule without texts that fits; `Int.max`: none.
    private func firstByCodes(_ code: UInt16, _ reading: EnhancedCodeReading, _ bytes: [UInt8]) -> Int {
        func first(_ indices: [Int]) -> Int {
            indices.first { rules[$0].fits(code, reading) && !rules[$0].isExcepted(bytes) } ?? .max
        }
        var best = first(byCode)
        guard reading.origin.isServers else { return best }
        let (subject, detail) = (reading.code.subject, reading.code.detail)
        for key in [Self.key(subject, detail), Self.key(subject, nil), Self.key(nil, nil)] {
            if let indices = byEnhanced[key] { best = min(best, first(indices)) }
        }
        return best
    }
}
