import Foundation
import MailTypes
package import RunRecords
import TOMLKit

// `responses.toml` of KumoMTA's smart sink (examples/smart-sink-docker), read as it is: chances of a bounce and a
// deferral by domain, and the replies to choose from. What a domain does not say comes from `default`; without replies
// of its own a domain says `550 boing!` and `451 later!`. All is decided at the end of the content, as there.
extension SinkRules {
    /// - Throws: ``RecordFault`` with the file and the line, or the key, that is wrong.
    package init(kumoResponses text: String, file: String) throws(RecordFault) {
        self.init()
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw RecordFault("\(file):\(error.source.begin.line): this is not TOML: \(error.description)")
        } catch {
            throw RecordFault("\(file): this is not TOML: \(error)")
        }
        let reader = ResponsesReader(file: file, root: root)
        localParts = .end
        rules = try reader.rules()
    }

    /// By the file's name: `.toml` is KumoMTA's format, anything else is YAML.
    package init(path: String) throws(RecordFault) {
        guard path.lowercased().hasSuffix(".toml") else {
            try self.init(file: path)
            return
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RecordFault("\(path): cannot be read")
        }
        try self.init(kumoResponses: String(decoding: data, as: UTF8.self), file: path)
    }
}

private struct ResponsesReader {
    let file: String
    let root: TOMLTable

    /// Hundredths of a percent.
    private struct Chances {
        var bounce = 0
        var deferral = 0
    }

    func rules() throws(RecordFault) -> [SinkRule] {
        try check(root, ["default", "domain", "bounce", "defer"], "")
        let bounces = try replies("bounce")
        let deferrals = try replies("defer")
        guard let common = root["default"]?.table else {
            throw fault("default", "is missing: [default] with bounce and defer")
        }
        let standard = try chances(common, "default")
        var special: [String: Chances] = [:]
        for (name, table) in try tables("domain") { special[name] = try chances(table, "domain.\"\(name)\"") }
        let names = Set(special.keys).union(bounces.keys).union(deferrals.keys)
        let rules = names.sorted().map { name in
            rule(special[name] ?? standard, bounces[name] ?? [], deferrals[name] ?? [], name)
        }
        return rules + [rule(standard, [], [], nil)]
    }

    private func rule(
        _ chances: Chances, _ bounces: [WeightedReply], _ deferrals: [WeightedReply], _ domain: String?
    ) -> SinkRule {
        let boing = [WeightedReply(SMTPReply(550, nil, "boing!"))]
        let later = [WeightedReply(SMTPReply(451, nil, "later!"))]
        // The chances are thrown one after the other: together they are never above all there is.
        let bounce = min(chances.bounce, 10_000)
        let deferral = min(chances.deferral, 10_000 - bounce)
        let scale = Self.divisor(Self.divisor(bounce, deferral), 10_000)
        let outcomes = [
            MixedOutcome(weight: (10_000 - bounce - deferral) / scale, .accept([])),
            MixedOutcome(weight: bounce / scale, .reply(bounces.isEmpty ? boing : bounces)),
            MixedOutcome(weight: deferral / scale, .reply(deferrals.isEmpty ? later : deferrals)),
        ]
        var match = RuleMatch()
        if let domain { match.domains = [GlobPattern(domain)] }
        return SinkRule(name: domain ?? "default", match: match, stage: .end, action: .mix(outcomes))
    }

    private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? max(a, 1) : divisor(b, a % b) }

    // MARK: Values

    private func chances(_ table: TOMLTable, _ path: String) throws(RecordFault) -> Chances {
        try check(table, ["bounce", "defer"], path + ".")
        return Chances(
            bounce: try percentage(table, "bounce", path), deferral: try percentage(table, "defer", path))
    }

    private func percentage(_ table: TOMLTable, _ key: String, _ path: String) throws(RecordFault) -> Int {
        guard let value = table[key] else { throw fault("\(path).\(key)", "is missing") }
        let number = value.type == .int ? value.int.map(Double.init) : value.type == .double ? value.double : nil
        guard let number, (0...100).contains(number) else {
            throw fault("\(path).\(key)", "expected a percentage from 0 to 100")
        }
        let hundredths = (number * 100).rounded()
        guard abs(number * 100 - hundredths) < 1e-6 else {
            throw fault("\(path).\(key)", "\(number): expected two decimals at most")
        }
        return Int(hundredths)
    }

    /// `[[bounce."DOMAIN"]]` with `code` and `msg`.
    private func replies(_ key: String) throws(RecordFault) -> [String: [WeightedReply]] {
        guard let table = root[key] else { return [:] }
        guard let domains = table.table else { throw fault(key, "expected [[\(key).\"DOMAIN\"]] entries") }
        var found: [String: [WeightedReply]] = [:]
        for domain in domains.keys {
            let path = "\(key).\"\(domain)\""
            guard let list = domains[domain]?.array else { throw fault(path, "expected [[\(path)]] entries") }
            for index in 0..<list.count {
                guard let entry = list[index].table else { throw fault(path, "expected code and msg") }
                found[domain, default: []].append(WeightedReply(try reply(entry, "\(path)[\(index)]")))
            }
        }
        return found
    }

    private func reply(_ entry: TOMLTable, _ path: String) throws(RecordFault) -> SMTPReply {
        try check(entry, ["code", "msg"], path + ".")
        guard let value = entry["code"], value.type == .int, let code = value.int, (400...599).contains(code) else {
            throw fault("\(path).code", "expected a code from 400 to 599")
        }
        guard let message = entry["msg"], message.type == .string, let text = message.string else {
            throw fault("\(path).msg", "expected a text")
        }
        do throws(ReplyText.Fault) {
            return try ReplyText.reply(code: UInt16(code), text: text)
        } catch {
            throw fault("\(path).msg", error.description)
        }
    }

    private func tables(_ key: String) throws(RecordFault) -> [(String, TOMLTable)] {
        guard let value = root[key] else { return [] }
        guard let table = value.table else { throw fault(key, "expected [\(key).\"NAME\"] tables") }
        var found: [(String, TOMLTable)] = []
        for name in table.keys {
            guard let inner = table[name]?.table else { throw fault("\(key).\"\(name)\"", "expected a table") }
            found.append((name, inner))
        }
        return found
    }

    private func check(_ table: TOMLTable, _ allowed: [String], _ path: String) throws(RecordFault) {
        for key in table.keys.sorted() where !allowed.contains(key) {
            throw fault(
                path + key,
                "is unknown\(StrictMapping.suggestion(key, allowed)); allowed: \(allowed.joined(separator: ", "))")
        }
    }

    private func fault(_ key: String, _ text: String) -> RecordFault { RecordFault("\(file): key '\(key)': \(text)") }
}
