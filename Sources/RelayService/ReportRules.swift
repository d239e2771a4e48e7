package import MailTypes
package import ReplyClassification
import ReportParsing

/// How replies are sorted.
package struct ReplyRules: Sendable {
    package var classifier: ReplyClassifier
    /// Replies whose answer an event loop remembers.
    package var remembered: Int

    package init(_ classifier: ReplyClassifier, remembered: Int) {
        self.classifier = classifier
        self.remembered = remembered
    }
}

/// Addresses that bounces and complaints come back to, and what becomes of what comes.
package struct ReportRules: Sendable {
    package enum Treatment: Sendable, Hashable {
        /// As if the address were none of these.
        case ignore
        case logThenDrop
        case logThenRelay
    }

    /// How much of the message that came back is logged.
    package enum Returned: Sendable, Hashable { case none, header, whole }

    package struct Rule: Sendable, Hashable {
        package var bounces: Treatment
        package var complaints: Treatment
        /// What is neither.
        package var others: Treatment
        package var returned: Returned

        package init(bounces: Treatment, complaints: Treatment, others: Treatment, returned: Returned) {
            self.bounces = bounces
            self.complaints = complaints
            self.others = others
            self.returned = returned
        }

        var ignoresAll: Bool { bounces == .ignore && complaints == .ignore && others == .ignore }

        func treatment(of kind: MailReport.Kind) -> Treatment {
            switch kind {
            case .bounce: bounces
            case .complaint: complaints
            case .automaticReply, .unrecognized: others
            }
        }
    }

    private struct Entry: Sendable {
        /// What the local part begins and ends with, lower case; nil: any.
        var local: (begin: [UInt8], end: [UInt8], isWhole: Bool)?
        var rule: Rule

        func matches(_ part: [UInt8]) -> Bool {
            guard let local else { return true }
            if local.isWhole { return part == local.begin }
            return part.count >= local.begin.count + local.end.count && part.starts(with: local.begin)
                && part.suffix(local.end.count).elementsEqual(local.end)
        }
    }

    /// By domain, or by `.domain` for what is below it; addresses before whole domains.
    private var entries: [String: [Entry]] = [:]

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    /// - Parameter address: `example.org`, `.example.org`, `fbl@example.org` or `bounce+*@example.org`.
    package mutating func add(_ address: String, _ rule: Rule) {
        let parts = address.lowercased().split(separator: "@", omittingEmptySubsequences: false)
        let domain = String(parts.last ?? "")
        guard parts.count == 2 else {
            entries[domain, default: []].append(Entry(local: nil, rule: rule))
            return
        }
        let ends = parts[0].split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false).map { Array($0.utf8) }
        let entry = Entry(local: (ends[0], ends.count > 1 ? ends[1] : [], ends.count == 1), rule: rule)
        let known = entries[domain] ?? []
        let place = known.firstIndex { $0.local == nil } ?? known.count
        entries[domain, default: []].insert(entry, at: place)
    }

    /// Nil: the address is not for reports.
    package func rule(for address: MailAddress) -> Rule? {
        guard !entries.isEmpty, !address.domain.isEmpty else { return nil }
        let local = address.localPart.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        var name = String(decoding: address.domain, as: UTF8.self).lowercased()[...]
        if let found = entries[String(name)]?.first(where: { $0.matches(local) }) { return found.rule }
        while let dot = name.firstIndex(of: ".") {
            name = name[dot...]
            if let found = entries[String(name)]?.first(where: { $0.matches(local) }) { return found.rule }
            name = name.dropFirst()
        }
        return nil
    }

    /// Nobody would read a bounce that is sent there: what happened is in the log already.
    func dropsBounces(to address: MailAddress) -> Bool { rule(for: address)?.bounces == .logThenDrop }
}
