import DeliveryQueue
import MailTypes

// Where shaping has a say: when a connection is opened, when a message is begun, and when a next hop has answered. Without
// a shaping file nobody asks.
extension RelayShard {
    /// A shaping file is configured.
    var isShaping: Bool { false }

    /// What shaping says of one way to a destination, on top of what the configuration says.
    struct ShapedWay {
        /// The large mailbox provider that the destination belongs to.
        var provider: String?
        var limits = EgressLimits()
        /// Of the provider, over all of its destinations.
        var providerLimits = EgressLimits()
        /// Of the source, over all destinations.
        var sourceLimits = EgressLimits()
        /// Of the source to this destination.
        var pathLimits = EgressLimits()
        /// The way is closed for a while.
        var suspension: EgressBook.Suspension?
    }

    /// - Parameters:
    ///   - destination: without the pool.
    ///   - source: nil: none has a name.
    func shapedWay(to destination: String, from source: String?, now: UInt64) -> ShapedWay? { nil }

    /// The next hop said this: to a message, or where a connection was to be opened.
    /// - Parameter message: nil: it was about the connection.
    func observe(_ reply: SMTPReply, _ path: EgressPath, message: QueuedMessage?) {}
}
