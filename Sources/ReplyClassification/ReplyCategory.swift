/// What a failure was about, in a word that stays the same whatever a server's text says. The predefined ones have the
/// names of KumoMTA's bounce classes, so that rules, reports and habits can be brought along; files of rules may declare
/// more.
package struct ReplyCategory: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    init(_ name: String) { self.name = name }

    package var description: String { name }

    /// Nothing fits.
    package static let uncategorized = ReplyCategory("Uncategorized")
    /// An answer by a machine or a vacation notice, which no server's reply is: reports that come back can be one.
    package static let autoReply = ReplyCategory("AutoReply")

    /// Name and meaning.
    package static let meanings: [(category: ReplyCategory, meaning: String)] = [
        ("InvalidRecipient", "there is no such mailbox"),
        ("BadDomain", "there is no such domain, or it takes no mail"),
        ("InactiveMailbox", "the mailbox exists and is disabled, expired or moved away"),
        ("QuotaIssues", "the mailbox or the system has no room"),
        ("InvalidSender", "the sender's address or domain is not acceptable"),
        ("DNSFailure", "names could not be looked up"),
        ("RoutingErrors", "there is no way to the recipient's host, or a loop"),
        ("NoAnswerFromHost", "nobody answered"),
        ("BadConnection", "the connection was refused in general, broke or was too slow"),
        ("BadConfiguration", "the receiving system is not set up for it"),
        ("ProtocolErrors", "a command or its order was not understood"),
        ("RelayDenied", "the server does not relay for this sender and recipient"),
        ("RelayingIssues", "the server's own way on does not work"),
        ("AuthenticationFailed", "SPF, DKIM, DMARC, reverse DNS or a login did not pass"),
        ("PolicyRelated", "a rule of the receiver forbids it, rates among them"),
        ("SpamBlock", "the sending address, network or domain is listed or has a bad name"),
        ("SpamContent", "the content looks like spam or phishing"),
        ("SpamRelated", "spam, and it is not said whether source or content"),
        ("ContentRelated", "the content is refused for another reason"),
        ("ProhibitedAttachment", "an attachment is refused"),
        ("VirusRelated", "a virus was found"),
        ("TooManyRecipients", "more recipients than a message may have"),
        ("MessageExpired", "tried for as long as the schedule says"),
        ("TransientFailure", "put off, and it is not said why; greylisting among them"),
        ("ChallengeResponse", "the recipient wants the sender to confirm first"),
        ("AutoReply", "an automatic answer, not a failure"),
        ("Subscribe", "somebody wants to subscribe"),
        ("Unsubscribe", "somebody wants to unsubscribe"),
        ("Uncategorized", "nothing of these fits"),
    ].map { (ReplyCategory($0.0), $0.1) }

    package static let predefined = meanings.map(\.category)
}
