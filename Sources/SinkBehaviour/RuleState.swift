import MailTypes
import Measures

/// What a rule remembers: its share, its decks, its limits.
struct RuleState: Sendable {
    var hits: UInt64 = 0
    private var share: EvenShare?
    private var choice: ShuffledDeck?
    private var replies: [ShuffledDeck] = []
    private var random: SplitMix64
    private var gates: [LimitKey: RateGate] = [:]
    private var gatesKept = 4096
    /// Connections in a limit, those of now.
    var open: [LimitKey: Int] = [:]
    private var triplets = TripletTable()

    init(_ rule: SinkRule, seed: UInt64) {
        var seeds = SplitMix64(seed: seed)
        random = SplitMix64(seed: seeds.next())
        share = rule.match.shareBillionths.map { EvenShare(billionths: $0, seed: seeds.next()) }
        if case .mix(let outcomes) = rule.action {
            choice = ShuffledDeck(weights: outcomes.map(\.weight), seed: seeds.next())
            replies = outcomes.map { ShuffledDeck(weights: $0.action.replies.map(\.weight), seed: seeds.next()) }
        } else {
            replies = [ShuffledDeck(weights: rule.action.replies.map(\.weight), seed: seeds.next())]
        }
    }

    /// The next of what matches: is it in the share?
    mutating func isInShare() -> Bool { share?.next() ?? true }

    mutating func draw(_ delay: SinkDelay) -> UInt64 { delay.draw(&random) }

    /// One of a rule's replies, or of those of one outcome.
    mutating func reply(_ choices: [WeightedReply], outcome: Int = 0) -> SMTPReply? {
        choices.isEmpty ? nil : choices[replies[outcome].draw()].reply
    }

    mutating func outcome() -> Int { choice?.draw() ?? 0 }

    /// - Returns: whether one more fits the rate.
    mutating func take(_ limit: SinkLimit, _ key: LimitKey, now: UInt64) -> Bool {
        guard let rate = limit.rate else { return true }
        if gates.count >= gatesKept {
            // Buckets that are full again are as good as none.
            gates = gates.filter { !$0.value.isFull(rate, now: now) }
            gatesKept = max(4096, gates.count * 2)
        }
        return gates[key, default: RateGate()].take(rate, burst: limit.burst, now: now)
    }

    /// - Returns: whether one more may be open; it is then counted.
    mutating func occupy(_ most: Int, _ key: LimitKey) -> Bool {
        guard open[key, default: 0] < most else { return false }
        open[key, default: 0] += 1
        return true
    }

    mutating func release(_ key: LimitKey) {
        guard let count = open[key] else { return }
        open[key] = count > 1 ? count - 1 : nil
    }

    mutating func isKnown(_ triplet: Int, _ rule: Greylisting, now: UInt64) -> Bool {
        triplets.isKnown(triplet, rule, now: now)
    }
}

/// Who tried when, by the hash of client, sender and recipient: sixteen octets each.
private struct TripletTable: Sendable {
    private var first: [Int: UInt64] = [:]
    private var kept = 65_536

    mutating func isKnown(_ triplet: Int, _ rule: Greylisting, now: UInt64) -> Bool {
        if let since = first[triplet], now - min(since, now) < rule.forget { return now - min(since, now) >= rule.wait }
        if first.count >= kept {
            first = first.filter { now - min($0.value, now) < rule.forget }
            kept = max(65_536, first.count * 2)
        }
        first[triplet] = now
        return rule.wait == 0
    }
}

extension RuleAction {
    /// Those that the action may say, outside of a mix.
    var replies: [WeightedReply] {
        switch self {
        case .accept(let replies), .reply(let replies), .close(let replies), .limit(_, let replies),
            .greylist(_, let replies):
            replies
        case .report(let report): report.replies
        default: []
        }
    }
}
