import MailTypes
import Measures
package import RunRecords

extension SinkRules {
    static let keys = ["rules", "seed", "local_parts", "reports_to"]

    /// Reads rules from YAML.
    /// - Throws: ``RecordFault`` that names file, line, key and the allowed form.
    package init(file: String) throws(RecordFault) {
        try self.init(StrictMapping(file: file, keys: Self.keys))
    }

    package init(text: String, file: String) throws(RecordFault) {
        try self.init(StrictMapping(text: text, file: file, keys: Self.keys))
    }

    /// The same mapping inside of another file.
    package init(_ mapping: StrictMapping) throws(RecordFault) {
        self.init()
        if let seed = try mapping.integer("seed", in: 0...Int.max) { self.seed = UInt64(seed) }
        switch try mapping.choice("local_parts", of: ["rcpt", "end", "true", "false"]) {
        case "rcpt", "true": localParts = .rcpt
        case "end": localParts = .end
        default: localParts = nil
        }
        reportsTo = try mapping.text("reports_to")
        for (index, entry) in (try mapping.mappings("rules", keys: nil) ?? []).enumerated() {
            rules.append(try RuleReader(entry, number: index + 1).rule())
        }
        if let text = reportsTo {
            do throws(UnitFault) { _ = try Endpoint(parsing: text, flag: "reports_to") } catch {
                throw mapping.fault("reports_to", error.description)
            }
        } else if makesReports {
            throw mapping.fault("rules", "bounces and complaints need 'reports_to: HOST:PORT', where they are sent")
        }
    }
}

/// Reads one rule; actions are in `RuleReader+Actions`.
struct RuleReader {
    let mapping: StrictMapping
    let number: Int
    let actionName: String

    /// What every rule may have.
    static let commonKeys = ["name", "match", "at", "action", "delay"]
    /// What an action has of its own.
    static let ownKeys: [String: [String]] = [
        "accept": ["reply", "replies"], "defer": ["reply", "replies"], "reject": ["reply", "replies"],
        "delay": [], "stall": ["for"], "drop": ["after_bytes", "reset"], "close": ["reply", "replies"],
        "half_close": [], "refuse": [], "bandwidth": ["rate"],
        "limit": ["per", "messages", "burst", "connections", "reply", "replies"],
        "greylist": ["wait", "forget", "reply", "replies"], "bounce": ["after", "to", "reply", "replies"],
        "complaint": ["after", "to"], "extensions": ["without"], "tls": ["fault"], "mix": ["outcomes"],
    ]

    init(_ mapping: StrictMapping, number: Int) throws(RecordFault) {
        self.mapping = mapping
        self.number = number
        actionName = try mapping.required("action", mapping.choice("action", of: Self.ownKeys.keys.sorted()))
        if let fault = mapping.unknownKeys(Self.commonKeys + Self.ownKeys[actionName]!).first { throw fault }
    }

    func rule() throws(RecordFault) -> SinkRule {
        let action = try action()
        let stage = try stage(of: action)
        let name = try mapping.text("name") ?? "rule \(number) (\(actionName))"
        let match = try match(at: stage)
        if case .refuse = action {
            guard match.clients == nil, match.shareBillionths == nil else {
                throw mapping.fault("match", "with action 'refuse' only 'during' and 'listener': nobody was seen yet")
            }
        }
        let delay = try delay("delay")
        if case .delay = action, delay == nil { throw mapping.fault("delay", "is missing") }
        return SinkRule(name: name, match: match, stage: stage, action: action, delay: delay)
    }

    // MARK: Stage

    private func stage(of action: RuleAction) throws(RecordFault) -> SinkStage {
        let allowed = Self.stages(of: action)
        guard let text = try mapping.choice("at", of: SinkStage.allCases.map(\.rawValue)) else { return allowed[0] }
        let stage = SinkStage(rawValue: text)!
        guard allowed.contains(stage) else {
            throw mapping.fault(
                "at",
                "'\(text)': action '\(actionName)' is for \(allowed.map(\.rawValue).joined(separator: ", "))")
        }
        return stage
    }

    /// Where an action makes sense; the first is what it means without `at`.
    private static func stages(of action: RuleAction) -> [SinkStage] {
        switch action {
        case .refuse: [.connect]
        case .bandwidth: [.data, .connect]
        case .withhold: [.ehlo]
        case .breakTLS: [.tls]
        case .report: [.end]
        case .greylist: [.rcpt]
        case .limit(let limit, _):
            if limit.connections != nil {
                [.connect]
            } else if limit.scope == .domain {
                [.rcpt, .data, .end]
            } else {
                [.mail, .connect, .ehlo, .rcpt, .data, .end]
            }
        default: [.end, .data, .rcpt, .mail, .ehlo, .connect]
        }
    }

    // MARK: Match

    private func match(at stage: SinkStage) throws(RecordFault) -> RuleMatch {
        var match = RuleMatch()
        let keys = ["domain", "recipient", "sender", "client", "listener", "share", "during"]
        guard let mapping = try mapping.mapping("match", keys: keys) else { return match }
        match.domains = try Self.patterns(mapping, "domain")
        match.recipients = try Self.patterns(mapping, "recipient")
        match.senders = try Self.patterns(mapping, "sender")
        match.listeners = try Self.patterns(mapping, "listener")
        for (key, isThere) in [("domain", match.domains), ("recipient", match.recipients)]
        where !isThere.isEmpty && ![.rcpt, .data, .end].contains(stage) {
            throw mapping.fault(key, "no recipient is known at '\(stage.rawValue)', only at rcpt, data and end")
        }
        if !match.senders.isEmpty, ![.mail, .rcpt, .data, .end].contains(stage) {
            throw mapping.fault("sender", "no sender is known at '\(stage.rawValue)', only from mail on")
        }
        let networks = try Self.texts(mapping, "client")
        if !networks.isEmpty {
            var prefixes: [NetworkPrefix] = []
            for text in networks {
                guard let prefix = NetworkPrefix(text) else {
                    throw mapping.fault("client", "'\(text)': expected an address or a network such as 127.0.0.0/8")
                }
                prefixes.append(prefix)
            }
            match.clients = NetworkSet(prefixes)
        }
        match.shareBillionths = try Self.share(mapping)
        match.window = try Self.window(mapping)
        return match
    }

    /// Neither none nor all by rounding.
    private static func share(_ mapping: StrictMapping) throws(RecordFault) -> Int? {
        guard let share = try mapping.number("share", in: 0...1) else { return nil }
        let billionths = Int((share * 1e9).rounded())
        guard (billionths == 0) == (share == 0), (billionths == 1_000_000_000) == (share == 1) else {
            throw mapping.fault("share", "\(share): a share is counted in thousand-millionths, at least 0.000000001")
        }
        return billionths
    }

    private static func window(_ mapping: StrictMapping) throws(RecordFault) -> TimeWindow? {
        guard let during = try mapping.mapping("during", keys: ["after", "for", "every"]) else { return nil }
        let range = 0.0...31_536_000.0
        let window = TimeWindow(
            after: try during.seconds("after", in: range).map(nanoseconds) ?? 0,
            length: try during.seconds("for", in: range).map(nanoseconds),
            every: try during.seconds("every", in: 0.001...31_536_000).map(nanoseconds))
        if let every = window.every {
            guard let length = window.length else { throw during.fault("every", "needs 'for', a length") }
            guard length <= every else { throw during.fault("for", "is longer than 'every'") }
        }
        return window
    }

    static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64((seconds * 1e9).rounded()) }

    private static func patterns(_ mapping: StrictMapping, _ key: String) throws(RecordFault) -> [GlobPattern] {
        try texts(mapping, key).map { GlobPattern($0) }
    }

    /// One text, or a list of them.
    static func texts(_ mapping: StrictMapping, _ key: String) throws(RecordFault) -> [String] {
        guard mapping.has(key) else { return [] }
        if let text = (try? mapping.text(key)) ?? nil { return [text] }
        let found = try mapping.list(key) ?? []
        guard !found.isEmpty else { throw mapping.fault(key, "expected a text or a list of texts") }
        return found
    }

    // MARK: Delay

    /// `200ms`, `{uniform: [10ms, 50ms]}`, `{median: 20ms, sigma: 0.8}` (log-normal), `{mean: 50ms}` (exponential).
    func delay(_ key: String) throws(RecordFault) -> SinkDelay? {
        guard mapping.has(key) else { return nil }
        let range = 0.0...3600.0
        if ((try? mapping.text(key)) ?? nil) != nil {
            return try mapping.seconds(key, in: range).map { SinkDelay(.fixed(Self.nanoseconds($0))) }
        }
        guard let shape = try mapping.mapping(key, keys: ["uniform", "median", "sigma", "mean", "at_most"]) else {
            return nil
        }
        let most = try shape.seconds("at_most", in: range).map(Self.nanoseconds) ?? SinkDelay.longest
        let given = ["uniform", "median", "mean"].filter { shape.has($0) }
        guard given.count == 1 else {
            throw mapping.fault(
                key, "expected a duration, or one of uniform: [10ms, 50ms], median: 20ms with sigma: 0.8, mean: 50ms")
        }
        if given == ["uniform"] { return SinkDelay(try Self.uniform(shape), most: most) }
        let value = Self.nanoseconds(try shape.required(given[0], shape.seconds(given[0], in: range)))
        if given == ["mean"] { return SinkDelay(.exponential(mean: value), most: most) }
        let sigma = try shape.number("sigma", in: 0...10) ?? 1
        return SinkDelay(.logNormal(median: value, sigma: sigma), most: most)
    }

    private static func uniform(_ shape: StrictMapping) throws(RecordFault) -> SinkDelay.Shape {
        let texts = try shape.list("uniform") ?? []
        var bounds: [UInt64] = []
        for text in texts {
            do throws(UnitFault) { bounds.append(try HumanDuration(parsing: text).nanoseconds) } catch {
                throw shape.fault("uniform", error.description)
            }
        }
        guard bounds.count == 2, bounds[0] <= bounds[1], bounds[1] <= SinkDelay.longest else {
            throw shape.fault("uniform", "expected the least and the most, such as [10ms, 50ms]")
        }
        return .uniform(bounds[0], bounds[1])
    }
}
