import MailTypes
import Measures
import RunRecords

extension RuleReader {
    func action() throws(RecordFault) -> RuleAction {
        switch actionName {
        case "accept": .accept(try replies(in: 200..<300, usual: nil))
        case "defer": .reply(try replies(in: 400..<500, usual: Self.later))
        case "reject": .reply(try replies(in: 500..<600, usual: Self.never))
        case "delay": .delay
        case "stall": .stall(try mapping.seconds("for", in: 0...86_400).map(Self.nanoseconds))
        case "drop": try drop()
        case "close": .close(try replies(in: 400..<600, usual: Self.closing))
        case "half_close": .halfClose
        case "refuse": .refuse
        case "bandwidth":
            .bandwidth(try mapping.required("rate", mapping.bytes("rate", in: 1...1_000_000_000_000)))
        case "limit": try limit()
        case "greylist": try greylist()
        case "bounce", "complaint": try report()
        case "extensions": try withhold()
        case "tls": try breakTLS()
        default: try mix()
        }
    }

    private static let later = SMTPReply(451, .init(4, 3, 0), "Try again later")
    private static let never = SMTPReply(550, .init(5, 7, 1), "Not accepted")
    private static let closing = SMTPReply(421, .init(4, 3, 2), "Closing the connection, try again later")
    private static let tooMany = SMTPReply(421, .init(4, 7, 0), "Too much from you for now, try again later")
    private static let grey = SMTPReply(450, .init(4, 2, 0), "Greylisted, try again later")

    // MARK: Replies

    /// `reply: "451 4.7.1 Later"`, or `replies` with weights.
    private func replies(in codes: Range<UInt16>, usual: SMTPReply?) throws(RecordFault) -> [WeightedReply] {
        if mapping.has("reply"), mapping.has("replies") { throw mapping.fault("replies", "'reply' is there, too") }
        if let text = try mapping.text("reply") { return [WeightedReply(try reply(text, "reply", mapping, codes))] }
        guard mapping.has("replies") else { return usual.map { [WeightedReply($0)] } ?? [] }
        if let texts = (try? mapping.list("replies")) ?? nil {
            var found: [WeightedReply] = []
            for text in texts { found.append(WeightedReply(try reply(text, "replies", mapping, codes))) }
            return found
        }
        var found: [WeightedReply] = []
        for entry in try mapping.mappings("replies", keys: ["reply", "weight"]) ?? [] {
            let text = try entry.required("reply", entry.text("reply"))
            let weight = try entry.integer("weight", in: 1...1000) ?? 1
            found.append(WeightedReply(try reply(text, "reply", entry, codes), weight: weight))
        }
        guard !found.isEmpty else { throw mapping.fault("replies", "expected at least one") }
        try keepDeckSmall(found.map(\.weight), "replies")
        return found
    }

    private func reply(
        _ text: String, _ key: String, _ mapping: StrictMapping, _ codes: Range<UInt16>
    ) throws(RecordFault) -> SMTPReply {
        let reply: SMTPReply
        do throws(ReplyText.Fault) { reply = try ReplyText.parse(text) } catch {
            throw mapping.fault(key, error.description)
        }
        guard codes.contains(reply.code) else {
            throw mapping.fault(
                key,
                "code \(reply.code): action '\(actionName)' takes \(codes.lowerBound) to \(codes.upperBound - 1)")
        }
        return reply
    }

    private func keepDeckSmall(_ weights: [Int], _ key: String) throws(RecordFault) {
        guard weights.reduce(0, +) <= ShuffledDeck.mostCards else {
            throw mapping.fault(key, "the weights add up to more than \(ShuffledDeck.mostCards)")
        }
    }

    // MARK: Actions with settings

    private func drop() throws(RecordFault) -> RuleAction {
        let bytes = try mapping.bytes("after_bytes", in: 0...1_000_000_000_000)
        if bytes != nil, try mapping.text("at") != "data" {
            throw mapping.fault("after_bytes", "octets of content: needs 'at: data'")
        }
        return .drop(afterBytes: bytes ?? 0, withReset: try mapping.flag("reset") ?? false)
    }

    private func limit() throws(RecordFault) -> RuleAction {
        let scopes = SinkLimit.Scope.allCases.map(\.rawValue)
        let scope = SinkLimit.Scope(rawValue: try mapping.choice("per", of: scopes) ?? "all")!
        let rate = try mapping.text("messages").map { text throws(RecordFault) in try self.rate(text) }
        let connections = try mapping.integer("connections", in: 0...1_000_000)
        guard (rate == nil) != (connections == nil) else {
            throw mapping.fault("action", "a limit has either 'messages: 100/m' or 'connections: 10'")
        }
        if connections != nil, scope == .domain {
            throw mapping.fault("per", "a connection belongs to no domain: per client, listener or all")
        }
        let burst = try mapping.integer("burst", in: 1...1_000_000_000) ?? rate?.quantity ?? 1
        let limit = SinkLimit(scope: scope, rate: rate, burst: burst, connections: connections)
        return .limit(limit, try replies(in: 400..<600, usual: Self.tooMany))
    }

    /// `100/m`, `5/s`, `1000/h`, `20/30s`.
    private func rate(_ text: String) throws(RecordFault) -> SinkRate {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let quantity = Int(parts[0].filter { $0 != "," && $0 != "_" }),
            (1...1_000_000_000).contains(quantity)
        else { throw mapping.fault("messages", "'\(text)': expected a rate such as 100/m, 5/s or 20/30s") }
        let unit = parts[1].first?.isNumber == true ? String(parts[1]) : "1" + parts[1]
        do throws(UnitFault) {
            let period = try HumanDuration(parsing: unit).nanoseconds
            guard (1...UInt64(86_400_000_000_000)).contains(period), parts[1].last?.isNumber == false else {
                throw UnitFault("")
            }
            return SinkRate(quantity, each: period)
        } catch {
            throw mapping.fault("messages", "'\(text)': expected a rate such as 100/m, 5/s or 20/30s")
        }
    }

    private func greylist() throws(RecordFault) -> RuleAction {
        let day = 0.0...31_536_000.0
        var rule = Greylisting(wait: Self.nanoseconds(try mapping.required("wait", mapping.seconds("wait", in: day))))
        if let forget = try mapping.seconds("forget", in: day) { rule.forget = Self.nanoseconds(forget) }
        guard rule.forget > rule.wait else { throw mapping.fault("forget", "is not longer than 'wait'") }
        return .greylist(rule, try replies(in: 400..<500, usual: Self.grey))
    }

    private func report() throws(RecordFault) -> RuleAction {
        let kind: ReportRule.Kind = actionName == "bounce" ? .bounce : .complaint
        let delay = try delay("after") ?? SinkDelay(.fixed(0))
        let replies = kind == .bounce ? try replies(in: 400..<600, usual: ReportRule.usualReply) : []
        let to = try mapping.text("to")
        if let to, !HostText.isMailbox(to) {
            throw mapping.fault("to", "\(to.debugDescription): expected an address such as feedback@example.test")
        }
        return .report(ReportRule(kind: kind, replies: replies, delay: delay, to: to.map { MailAddress($0) }))
    }

    /// Keywords of EHLO that can be left out.
    static let keywords = [
        "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "ENHANCEDSTATUSCODES", "LIMITS",
        "STARTTLS",
    ]

    private func withhold() throws(RecordFault) -> RuleAction {
        let names = try Self.texts(mapping, "without").map { $0.uppercased() }
        guard !names.isEmpty else { throw mapping.fault("without", "is missing") }
        for name in names where !Self.keywords.contains(name) {
            throw mapping.fault("without", "'\(name)': expected some of \(Self.keywords.joined(separator: ", "))")
        }
        return .withhold(names)
    }

    private func breakTLS() throws(RecordFault) -> RuleAction {
        let names = TLSFailure.allCases.map(\.rawValue)
        return .breakTLS(TLSFailure(rawValue: try mapping.required("fault", mapping.choice("fault", of: names)))!)
    }

    private func mix() throws(RecordFault) -> RuleAction {
        var outcomes: [MixedOutcome] = []
        for entry in try mapping.mappings("outcomes", keys: nil) ?? [] {
            let reader = try RuleReader(entry, number: number, insideOfMix: true)
            let weight = try entry.required("weight", entry.integer("weight", in: 1...10_000))
            outcomes.append(MixedOutcome(weight: weight, try reader.action()))
        }
        guard !outcomes.isEmpty else { throw mapping.fault("outcomes", "expected at least one") }
        try keepDeckSmall(outcomes.map(\.weight), "outcomes")
        return .mix(outcomes)
    }

    private init(_ mapping: StrictMapping, number: Int, insideOfMix: Bool) throws(RecordFault) {
        let allowed = ["accept", "defer", "reject", "close", "drop", "stall", "half_close"]
        let action = try mapping.required("action", mapping.choice("action", of: allowed))
        if let fault = mapping.unknownKeys(["weight", "action"] + Self.ownKeys[action]!).first { throw fault }
        self.mapping = mapping
        self.number = number
        actionName = action
    }
}
