/// Dollars a thousand messages (CPM), as mail is bought and sold.
package struct CostPerThousand: Hashable, Sendable {
    package var usd: Double

    package init(usd: Double) { self.usd = usd }

    /// - Parameters:
    ///   - usdPerHour: what runs while the messages are sent.
    ///   - messagesPerHour: more than 0.
    package init(usdPerHour: Double, messagesPerHour: Double) {
        precondition(messagesPerHour > 0)
        usd = usdPerHour / messagesPerHour * 1000
    }

    package var usdPerMillion: Double { usd * 1000 }
}
