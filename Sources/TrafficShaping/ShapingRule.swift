import DeliveryQueue
import MTAConfiguration
package import MailTypes

/// What an automatic rule is asked about: a failure on one path.
package enum ShapingSignal: Sendable, Hashable {
    /// To whatever was sent, or instead of a greeting.
    case reply(SMTPReply)
    /// - Parameter text: why, for those who read the event.
    case connection(ConnectionFailure, text: String)

    var text: String {
        switch self {
        case .reply(let reply): String(reply.description.prefix(ReplyText.most))
        case .connection(_, let text): String(text.prefix(ReplyText.most))
        }
    }
}

/// One automatic rule: what counts, how often in how long a time, what is done, for how long.
package struct ShapingRule: Sendable, Hashable {
    package enum Deed: Sendable, Hashable {
        case suspend
        case limit(LimitChanges)
        case bounce(SMTPReply)
        case notify
        /// Takes a rule of the same name from a wider place away.
        case nothing

        package var text: String {
            switch self {
            case .suspend: "suspend"
            case .limit(let changes): "limit \(changes.text)"
            case .bounce(let reply): "bounce \(reply)"
            case .notify: "notify"
            case .nothing: "nothing"
            }
        }

        /// A word, for the labels of metrics.
        package var word: String { String(text.prefix { $0 != " " }) }
    }

    /// `provider:google/rate`: the place and the name; the same as long as the files are.
    package internal(set) var id: String
    package let name: String
    let when: Condition
    package let count: OccurrenceCount
    package let scope: RuleScope
    package let deed: Deed
    /// 0 only of ``Deed/notify``, which then tells each time.
    package let milliseconds: UInt64
    /// 0: back at once.
    package let recoveryMilliseconds: UInt64
    /// `FILE:LINE`.
    package let origin: String

    struct Condition: Sendable, Hashable {
        var replies: [ReplyPattern] = []
        var exceptions: [ReplyPattern] = []
        var codes: [CodePattern] = []
        var enhanced: [EnhancedPattern] = []
        var replyClass: ReplyClass?
        var connection: [ConnectionFailure] = []
    }

    /// - Parameter text: the reply as ``ReplyText`` has it, so that it is made once for all rules.
    package func matches(_ signal: ShapingSignal, _ text: ReplyText) -> Bool {
        switch signal {
        case .connection(let failure, _): when.connection.contains { $0 == .any || $0 == failure }
        case .reply(let reply): when.connection.isEmpty && matches(reply, text)
        }
    }

    private func matches(_ reply: SMTPReply, _ text: ReplyText) -> Bool {
        guard reply.isTransient || reply.isPermanent else { return false }
        // What costs least is asked first.
        if let wanted = when.replyClass, (wanted == .transient) != reply.isTransient { return false }
        if !when.codes.isEmpty, !when.codes.contains(where: { $0.matches(reply.code) }) { return false }
        if !when.enhanced.isEmpty {
            guard let code = reply.enhanced, when.enhanced.contains(where: { $0.matches(code) }) else { return false }
        }
        if !when.replies.isEmpty, !when.replies.contains(where: { $0.matches(text) }) { return false }
        return !when.exceptions.contains { $0.matches(text) }
    }
}

/// What `set` makes of the limits of a path.
package struct LimitChanges: Sendable, Hashable {
    var connections: LimitChange<Int>?
    var connectionRate: LimitChange<DeliveryRate>?
    var messageRate: LimitChange<DeliveryRate>?
    var messagesPerConnection: LimitChange<Int>?
    var recipientsPerTransaction: LimitChange<Int>?

    var text: String {
        let all: [(String, String?)] = [
            ("connections", connections?.written), ("connection_rate", connectionRate?.written),
            ("rate", messageRate?.written), ("messages_per_connection", messagesPerConnection?.written),
            ("recipients_per_transaction", recipientsPerTransaction?.written),
        ]
        return all.compactMap { name, value in value.map { "\(name)=\($0)" } }.joined(separator: " ")
    }

    /// - Parameters:
    ///   - usual: what the files say of the path; a factor of what is not limited is nothing.
    ///   - recovered: 0: all of the change, 1: none of it.
    func applied(to usual: EgressLimits, recovered: Double) -> EgressLimits {
        var limits = EgressLimits()
        limits.connections = Self.whole(connections, usual.connections, recovered)
        limits.messagesPerConnection = Self.whole(messagesPerConnection, usual.messagesPerConnection, recovered)
        limits.recipientsPerTransaction = Self.whole(
            recipientsPerTransaction, usual.recipientsPerTransaction, recovered)
        limits.connectionRate = Self.rate(connectionRate, usual.connectionRate, recovered)
        limits.messageRate = Self.rate(messageRate, usual.messageRate, recovered)
        return limits
    }

    private static func whole(_ change: LimitChange<Int>?, _ usual: Int?, _ recovered: Double) -> Int? {
        let least: Double
        switch change {
        case nil: return nil
        case .to(let value): least = Double(value)
        case .by(let factor):
            guard let usual else { return nil }
            least = Double(usual) * factor
        }
        guard let usual else { return Int(least) }
        return max(1, Int(least + max(0, Double(usual) - least) * recovered))
    }

    private static func rate(
        _ change: LimitChange<DeliveryRate>?, _ usual: DeliveryRate?, _ recovered: Double
    ) -> DeliveryRate? {
        var least: DeliveryRate
        switch change {
        case nil: return nil
        case .to(let value): least = value
        case .by(let factor):
            guard let usual else { return nil }
            least = DeliveryRate(messages: usual.messages * factor, milliseconds: usual.milliseconds, burst: 1)
        }
        guard let usual, recovered > 0 else { return least }
        let most = usual.messages / usual.milliseconds * least.milliseconds
        least.messages += max(0, most - least.messages) * recovered
        return least
    }
}
