import Foundation

/// What stands beside an exported message (`ID.eml`) in `ID.json`: everything the spool knows besides the content.
package struct ExportedEnvelope: Codable, Hashable, Sendable {
    package static let schema = "millrace.envelope/1"

    package struct Recipient: Codable, Hashable, Sendable {
        package var address: String
        /// `waiting`, `delivered` or `failed`.
        package var state: String
        /// NOTIFY of RFC 3461 §4.1: `SUCCESS,FAILURE,DELAY` or `NEVER`; absent: not said.
        package var notify: String?
        /// ORCPT of RFC 3461 §4.2 as it came; absent: none.
        package var originalRecipient: String?
        /// Header fields in front of the content for this recipient alone, CRLF ended; absent: none.
        package var header: String?
        package init(address: String, state: String) {
            self.address = address
            self.state = state
        }

        enum CodingKeys: String, CodingKey {
            case address, state, notify, header
            case originalRecipient = "original_recipient"
        }
    }

    /// When it may go and by when it has to be there.
    package struct Terms: Codable, Hashable, Sendable {
        /// Milliseconds since 1970; absent: at once.
        package var notBeforeUnixMilliseconds: UInt64?
        package var expiresUnixMilliseconds: UInt64?
        /// HOLDFOR or HOLDUNTIL of RFC 4865: `for;3600`, `until;2026-12-01T09:00:00Z`.
        package var release: String?
        /// BY of RFC 2852: `120;R`, counted from ``deliverBySinceUnixMilliseconds``.
        package var deliverBy: String?
        package var deliverBySinceUnixMilliseconds: UInt64?
        package var window: Window?
        package init() {}

        enum CodingKeys: String, CodingKey {
            case release, window
            case notBeforeUnixMilliseconds = "not_before_unix_ms"
            case expiresUnixMilliseconds = "expires_unix_ms"
            case deliverBy = "deliver_by"
            case deliverBySinceUnixMilliseconds = "deliver_by_since_unix_ms"
        }
    }

    package struct Window: Codable, Hashable, Sendable {
        /// Bit 0 is Monday.
        package var days: UInt8
        package var timeZone: String
        /// Seconds of the day.
        package var start: Int
        package var end: Int
        package init(days: UInt8, timeZone: String, start: Int, end: Int) {
            (self.days, self.timeZone, self.start, self.end) = (days, timeZone, start, end)
        }

        enum CodingKeys: String, CodingKey {
            case days, start, end
            case timeZone = "time_zone"
        }
    }

    /// What its operator calls the message by.
    package struct Labels: Codable, Hashable, Sendable {
        package var tenant: String?
        package var campaign: String?
        package var pool: String?
        package var routingDomain: String?
        package var metadata: [String: String]?
        package init() {}

        enum CodingKeys: String, CodingKey {
            case tenant, campaign, pool, metadata
            case routingDomain = "routing_domain"
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
    /// REQUIRETLS (RFC 8689); absent: no.
    package var requiresTLS: Bool?
    /// RET of RFC 3461 §4.3: `FULL` or `HDRS`; absent: not said.
    package var returnedContent: String?
    /// ENVID of RFC 3461 §4.4 as it came; absent: none.
    package var envelopeID: String?
    /// Absent: as usual.
    package var terms: Terms?
    /// Absent: none.
    package var labels: Labels?
    /// The sender was told that it is not there by the time that it said; absent: no.
    package var isDeadlineReported: Bool?

    enum CodingKeys: String, CodingKey {
        case schema, id, recipients, attempts, terms, labels
        case reversePath = "reverse_path"
        case bodyType = "body_type"
        case smtpUTF8 = "smtputf8"
        case acceptedUnixMilliseconds = "accepted_unix_ms"
        case nextDueUnixMilliseconds = "next_due_unix_ms"
        case lastReply = "last_reply"
        case isHeld = "held"
        case isDelayReported = "delay_reported"
        case requiresTLS = "requires_tls"
        case returnedContent = "returned_content"
        case envelopeID = "envelope_id"
        case isDeadlineReported = "deadline_reported"
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
