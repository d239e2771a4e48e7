import Foundation

/// What stands beside an exported message (`ID.eml`) in `ID.json`: everything the spool knows besides the content.
package struct ExportedEnvelope: Codable, Hashable, Sendable {
    package static let schema = "millrace.envelope/1"

    package struct Recipient: Codable, Hashable, Sendable {
        package var address: String
        /// `waiting`, `delivered` or `failed`.
        package var state: String
        package init(address: String, state: String) {
            self.address = address
            self.state = state
        }
    }

    package var schema: String
    /// 32 hexadecimal digits.
    package var id: String
    /// Empty: the null reverse-path.
    package var reversePath: String
    package var recipients: [Recipient]
    /// `7BIT`, `8BITMIME` or `BINARYMIME`.
    package var bodyType: String
    package var smtpUTF8: Bool
    package var acceptedUnixMilliseconds: UInt64
    package var attempts: UInt32
    package var nextDueUnixMilliseconds: UInt64
    package var lastReply: String
    package var isHeld: Bool
    package var isDelayReported: Bool

    enum CodingKeys: String, CodingKey {
        case schema, id, recipients, attempts
        case reversePath = "reverse_path"
        case bodyType = "body_type"
        case smtpUTF8 = "smtputf8"
        case acceptedUnixMilliseconds = "accepted_unix_ms"
        case nextDueUnixMilliseconds = "next_due_unix_ms"
        case lastReply = "last_reply"
        case isHeld = "held"
        case isDelayReported = "delay_reported"
    }

    package init(
        id: String, reversePath: String, recipients: [Recipient], bodyType: String, smtpUTF8: Bool,
        acceptedUnixMilliseconds: UInt64
    ) {
        schema = Self.schema
        self.id = id
        self.reversePath = reversePath
        self.recipients = recipients
        self.bodyType = bodyType
        self.smtpUTF8 = smtpUTF8
        self.acceptedUnixMilliseconds = acceptedUnixMilliseconds
        (attempts, nextDueUnixMilliseconds, lastReply) = (0, 0, "")
        (isHeld, isDelayReported) = (false, false)
    }
}
