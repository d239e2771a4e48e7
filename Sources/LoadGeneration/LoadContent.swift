package import DKIMSigning
package import MessageBuilding

/// What the messages of a run are made of.
package struct LoadContent: Sendable {
    /// Text in each message, at least.
    package var size = SizeDistribution.fixed(1024)
    /// The text comes twice, plain and as HTML (RFC 2046 §5.1.4): a quarter of the size and the rest.
    package var hasHTML = false
    package var attachments = 0
    /// Bytes of each attachment before Base64.
    package var attachmentSize = SizeDistribution.fixed(50_000)
    /// Share of the messages that have attachments, 0 to 1.
    package var attachmentShare = 1.0
    /// No two messages have the same text.
    package var isUnique = false
    /// Whole messages to send in turn, instead of generated ones.
    package var replayed: [[UInt8]] = []
    /// A whole message with places to be filled.
    package var template: Template?
    /// Sender addresses, tenants and campaigns in rotation; 0: one sender a domain, no such field.
    package var senders = 0
    package var tenants = 0
    package var campaigns = 0
    /// What each message is signed with before it is sent; its domain is that of all senders.
    package var signature: DKIMSignature?

    package init() {}

    /// All messages have the same body.
    var isShared: Bool {
        if template != nil || isUnique || replayed.count > 1 { return false }
        if !replayed.isEmpty { return true }
        guard case .fixed = size else { return false }
        return !hasHTML && attachments == 0
    }

    /// Transactional or marketing mail as it often is: sizes and parts of our own choosing, not anybody's measurement.
    package mutating func apply(profile: String) -> Bool {
        switch profile {
        case "transactional":
            size = try! SizeDistribution(median: 15_000, p95: 60_000, most: 500_000)
            (hasHTML, attachments, attachmentShare) = (true, 1, 0.1)
            attachmentSize = try! SizeDistribution(median: 60_000, p95: 400_000, most: 5_000_000)
        case "marketing":
            size = try! SizeDistribution(median: 45_000, p95: 110_000, most: 500_000)
            (hasHTML, attachments) = (true, 0)
        default: return false
        }
        return true
    }
}
