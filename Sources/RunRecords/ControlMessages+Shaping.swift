extension ControlResponse {
    /// An automatic rule of shaping at work.
    package struct Automation: Codable, Hashable, Sendable {
        package var id: UInt64
        package var rule: String
        package var scope: String
        package var action: String
        /// Its time is over and it is on the way back to what is usual.
        package var isRecovering: Bool
        package var sinceUnixMilliseconds: UInt64
        package var untilUnixMilliseconds: UInt64
        /// The end, with the way back.
        package var endUnixMilliseconds: UInt64
        package var triggers: Int
        package var cause: String

        enum CodingKeys: String, CodingKey {
            case id, rule, scope, action, triggers, cause
            case isRecovering = "recovering"
            case sinceUnixMilliseconds = "since_unix_ms"
            case untilUnixMilliseconds = "until_unix_ms"
            case endUnixMilliseconds = "end_unix_ms"
        }

        package init(
            id: UInt64, rule: String, scope: String, action: String, isRecovering: Bool,
            sinceUnixMilliseconds: UInt64, untilUnixMilliseconds: UInt64, endUnixMilliseconds: UInt64, triggers: Int,
            cause: String
        ) {
            self.id = id
            self.rule = rule
            self.scope = scope
            self.action = action
            self.isRecovering = isRecovering
            self.sinceUnixMilliseconds = sinceUnixMilliseconds
            self.untilUnixMilliseconds = untilUnixMilliseconds
            self.endUnixMilliseconds = endUnixMilliseconds
            self.triggers = triggers
            self.cause = cause
        }
    }
}
