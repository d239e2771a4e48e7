import Measures

/// What recipients are counted by besides their outcome, where that is wanted.
package enum RecipientDimension: String, Sendable, CaseIterable {
    case tenant, campaign
    /// The large mailbox provider that shaping says the destination belongs to.
    case provider
}

/// Recipients of one event loop by tenant, campaign and provider. Names are bounded: who makes up campaigns by the million
/// gets them counted together.
struct RecipientBreakdown: Sendable {
    enum Outcome: Int, CaseIterable {
        case accepted, delivered, bounced, deferred, removed, quarantined
        var name: String { "\(self)" }
    }

    /// What is counted of a dimension: whose provider a message is for is decided later than that it is taken.
    static func outcomes(of dimension: RecipientDimension) -> [Outcome] {
        dimension == .provider ? [.delivered, .bounced, .deferred, .removed] : Outcome.allCases
    }

    /// Names of one dimension that are counted each for itself on one event loop.
    static let most = 10_000

    struct Table: Sendable {
        private(set) var counts: [String: [UInt64]] = [:]

        /// - Parameter name: nil: the message has none; counted as an empty text.
        mutating func add(_ name: String?, _ outcome: Outcome, _ recipients: UInt64) {
            var name = name ?? ""
            if counts[name] == nil, counts.count >= RecipientBreakdown.most { name = LargestCounters.others }
            counts[name, default: Array(repeating: 0, count: Outcome.allCases.count)][outcome.rawValue] += recipients
        }

        mutating func merge(_ other: Table) {
            counts.merge(other.counts) { zip($0, $1).map { $0 + $1 } }
        }
    }

    private(set) var tables: [RecipientDimension: Table]

    /// - Parameter dimensions: not empty.
    init(_ dimensions: Set<RecipientDimension>) {
        tables = Dictionary(uniqueKeysWithValues: dimensions.map { ($0, Table()) })
    }

    mutating func merge(_ other: RecipientBreakdown) {
        for (dimension, table) in other.tables { tables[dimension, default: Table()].merge(table) }
    }

    func counts(_ dimension: RecipientDimension) -> Bool { tables[dimension] != nil }

    /// - Parameter provider: asked where providers are counted; nil: it is not known whose recipients they are.
    mutating func add(
        _ outcome: Outcome, _ recipients: Int, tenant: String?, campaign: String?, provider: () -> String?
    ) {
        guard recipients > 0 else { return }
        let count = UInt64(recipients)
        tables[.tenant]?.add(tenant, outcome, count)
        tables[.campaign]?.add(campaign, outcome, count)
        guard counts(.provider), Self.outcomes(of: .provider).contains(outcome) else { return }
        tables[.provider]!.add(provider(), outcome, count)
    }
}
