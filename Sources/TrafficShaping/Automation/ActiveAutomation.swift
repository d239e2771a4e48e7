package import DeliveryQueue
package import MailTypes

/// What a rule has begun and what has not ended yet.
package struct ActiveAutomation: Sendable, Hashable, Codable {
    package let id: UInt64
    /// ``ShapingRule/id``.
    package let rule: String
    package let scope: ShapingScope
    /// Milliseconds since 1970.
    package let since: UInt64
    package internal(set) var until: UInt64
    /// The end with the way back.
    package internal(set) var end: UInt64
    package internal(set) var triggers: Int
    package internal(set) var triggered: UInt64
    /// When the log was last told of it.
    var told: UInt64
    /// The log knows that the way back has begun.
    var isRecovering: Bool
    /// What was said to the last trigger.
    package internal(set) var cause: String

    var key: TriggerKey { TriggerKey(rule: rule, scope: scope) }

    /// Steps of the way back.
    static let steps = 10

    /// 0 until the way back begins, then in ten steps towards 1.
    func recovered(_ now: UInt64) -> Double {
        guard now >= until, end > until else { return 0 }
        let step = min(UInt64(Self.steps) - 1, (now - until) * UInt64(Self.steps) / (end - until))
        return Double(step + 1) / Double(Self.steps + 1)
    }
}

/// What automatic rules make of a path at the moment, besides what the files say.
package struct ShapingOverlay: Sendable, Hashable {
    /// Nothing is sent until then, milliseconds since 1970.
    package var suspendedUntil: UInt64?
    /// The rule that says so; of several the one that lasts longest.
    package var suspendedBy = ""
    /// Of the path.
    package var limits = EgressLimits()
    /// What waits is returned with this; nothing is sent then, either.
    package var bounce: SMTPReply?

    package init() {}
    package var isEmpty: Bool { suspendedUntil == nil && limits.isEmpty && bounce == nil }
}

/// Something that became of a rule.
package struct ShapingEvent: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case triggered
        /// It was triggered again while it was active.
        case extended
        /// Its time is over and the way back has begun.
        case recovering
        case ended
        /// By an operator.
        case cancelled
        /// The rule is not in the files any more.
        case withdrawn
        /// There was no room: the one triggered longest ago.
        case evicted
    }
    package var kind: Kind
    /// 0 of what only notifies.
    package var id: UInt64
    package var rule: String
    /// ``ShapingRule/Deed/text``.
    package var action: String
    package var scope: ShapingScope
    /// When, milliseconds since 1970.
    package var milliseconds: UInt64
    package var until: UInt64?
    package var triggers: Int
    package var cause: String
}

/// How much is remembered.
package struct ShapingBounds: Sendable, Hashable {
    /// Windows of counting.
    package var windows = 10_000
    /// Times in all windows together.
    package var times = 500_000
    /// Active automations.
    package var active = 10_000
    package init() {}
}
