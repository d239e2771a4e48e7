package import MailTypes

extension SMTPReply {
    /// Said wherever a client is let go because we stop (RFC 5321 §3.8: 421 may answer any command).
    package static let serviceClosing = SMTPReply(421, .init(4, 3, 2), "Service closing, try again later")
}
