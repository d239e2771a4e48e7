extension MailEvent {
    /// What became of an automatic rule of shaping.
    package struct Automation: Sendable, Hashable {
        /// 0 of what only notifies.
        package var id: UInt64
        /// `provider:google/rate`.
        package var rule: String
        /// `suspend`, `limit connections=2`.
        package var action: String
        /// `warm-1>example.org`.
        package var scope: String
        /// `triggered`, `extended`, `recovering`, `ended`, `cancelled`, `withdrawn`, `evicted`.
        package var change: String
        package var untilMilliseconds: UInt64?
        package var triggers: Int
        /// What was said to the last trigger.
        package var cause: String

        package init(
            id: UInt64, rule: String, action: String, scope: String, change: String, untilMilliseconds: UInt64?,
            triggers: Int, cause: String
        ) {
            self.id = id
            self.rule = rule
            self.action = action
            self.scope = scope
            self.change = change
            self.untilMilliseconds = untilMilliseconds
            self.triggers = triggers
            self.cause = cause
        }
    }
}

extension JSONLine {
    /// The fields of an automation.
    mutating func add(_ automation: MailEvent.Automation) {
        add("rule", automation.rule)
        add("scope", automation.scope)
        add("action", automation.action)
        add("change", automation.change)
        if automation.id > 0 { add("automation", Int(automation.id)) }
        if let until = automation.untilMilliseconds {
            add("until", Int(until / 1000))
            add("until_time", time: until)
        }
        add("triggers", automation.triggers)
        add("cause", automation.cause)
    }
}
