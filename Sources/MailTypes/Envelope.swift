/// What MAIL FROM's BODY parameter declared (RFC 6152, RFC 3030).
package enum BodyType: UInt8, Sendable, Hashable {
    case sevenBit = 0
    case eightBitMIME = 1
    case binaryMIME = 2
}

/// How content bytes are stored: as DATA carries them, or as BDAT does.
package enum WireForm: UInt8, Sendable, Hashable {
    /// Each line that starts with a dot has one more (RFC 5321 §4.5.2); the final `.` line is not included.
    case dotStuffed = 0
    /// The content itself (RFC 3030).
    case raw = 1
}

/// The SMTP envelope of one message (RFC 5321 §2.3.1).
package struct Envelope: Hashable, Sendable {
    package var reversePath: MailAddress
    package var recipients: [MailAddress]
    package var bodyType: BodyType
    package var smtpUTF8: Bool
    /// One or none: most mail has no options, and an envelope is copied often.
    private var box: [EnvelopeOptions]
    /// Nil for most mail.
    package var options: EnvelopeOptions? {
        get { box.first }
        set { box = newValue.map { [$0] } ?? [] }
    }

    package init(
        reversePath: MailAddress, recipients: [MailAddress],
        bodyType: BodyType = .sevenBit, smtpUTF8: Bool = false, options: EnvelopeOptions? = nil
    ) {
        self.reversePath = reversePath
        self.recipients = recipients
        self.bodyType = bodyType
        self.smtpUTF8 = smtpUTF8
        box = options.map { [$0] } ?? []
    }
}
