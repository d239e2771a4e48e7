import MailTypes
import TrafficShaping

/// What the text of a field has to be like.
enum HeaderPattern: Sendable {
    case glob(PolicyGlob)
    case expression(ReplyPattern)

    func matches(_ text: String) -> Bool {
        switch self {
        case .glob(let glob): glob.matches(text.utf8)
        case .expression(let pattern): pattern.matches(ReplyText(text, most: PolicyHeader.longestValue))
        }
    }
}

/// One key of `when`.
enum PolicyCondition: Sendable {
    case listener([PolicyGlob])
    case client(NetworkSet)
    case channel([PolicyChannel])
    case user([PolicyGlob])
    case tls(Bool)
    case sender([PolicyGlob])
    case senderDomain([PolicyDomain])
    case recipient([PolicyGlob])
    case recipientDomain([PolicyDomain])
    case header(String, [HeaderPattern])
    case size(over: Int?, under: Int?)
    case verdict(PolicyMethod, [PolicyVerdicts.Word])
    case listed([PolicyGlob])

    /// When it is known whether it holds.
    var stage: PolicyStage {
        switch self {
        case .listener, .client, .channel: .connection
        case .user, .tls, .sender, .senderDomain, .listed: .sender
        case .recipient, .recipientDomain: .recipient
        case .header, .size: .content
        case .verdict(let method, _): method.stage
        }
    }

    /// Nil: not known yet.
    func holds(_ facts: PolicyFacts) -> Bool? {
        guard facts.stage >= stage else { return nil }
        switch self {
        case .listener(let names): return names.contains { $0.matches(facts.listener.utf8) }
        case .client(let networks): return facts.client.map(networks.contains) ?? false
        case .channel(let channels): return channels.contains(facts.channel)
        case .user(let names): return facts.user.map { user in names.contains { $0.matches(user.utf8) } } ?? false
        case .tls(let wanted): return facts.isTLS == wanted
        case .sender(let globs): return Self.matches(globs, facts.sender)
        case .senderDomain(let domains): return domains.contains { $0.matches(facts.sender.domain) }
        case .recipient(let globs): return Self.matches(globs, facts.recipient)
        case .recipientDomain(let domains): return domains.contains { $0.matches(facts.recipient.domain) }
        case .header(let name, let patterns):
            return facts.header.values(name).contains { text in patterns.contains { $0.matches(text) } }
        case .verdict(let method, let words): return facts.verdicts?[method].map(words.contains) ?? false
        case .listed(let zones):
            return facts.verdicts?.listed.contains { zone in zones.contains { $0.matches(zone.utf8) } } ?? false
        case .size(let over, let under):
            return facts.size > over ?? -1 && facts.size < under ?? .max
        }
    }

    /// The null sender is `<>`.
    private static func matches(_ globs: [PolicyGlob], _ address: MailAddress) -> Bool {
        let bytes = address.isNull ? Array("<>".utf8) : address.bytes
        return globs.contains { $0.matches(bytes) }
    }
}
