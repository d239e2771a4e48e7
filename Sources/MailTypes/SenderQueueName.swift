/// KumoMTA's name of a scheduled queue, `campaign:tenant@domain!routing_domain`, of which all but the domain may be left
/// out.
package struct SenderQueueName: Hashable, Sendable {
    package var domain: String?
    package var tenant: String?
    package var campaign: String?
    package var routingDomain: String?

    package init(_ text: String) {
        var rest = text[...]
        if let mark = rest.lastIndex(of: "!") {
            routingDomain = rest[rest.index(after: mark)...].lowercased()
            rest = rest[..<mark]
        }
        if let at = rest.lastIndex(of: "@") {
            let owner = rest[..<at]
            rest = rest[rest.index(after: at)...]
            if let colon = owner.firstIndex(of: ":") {
                campaign = String(owner[..<colon])
                tenant = String(owner[owner.index(after: colon)...])
            } else {
                tenant = String(owner)
            }
        } else if let colon = rest.firstIndex(of: ":") {
            campaign = String(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
        }
        domain = rest.isEmpty ? nil : rest.lowercased()
    }

    /// The name of the queue in which KumoMTA would have such mail.
    package init(_ label: DeliveryLabel) {
        (domain, tenant) = (label.domain, label.tenant)
        (campaign, routingDomain) = (label.campaign, label.routingDomain)
    }

    package var text: String {
        var owner = campaign.map { $0 + ":" } ?? ""
        if let tenant { owner += tenant + "@" }
        return owner + (domain ?? "") + (routingDomain.map { "!" + $0 } ?? "")
    }

    /// Deliveries that have what is said; what is not said may be anything.
    package var selection: MailSelection {
        MailSelection(domain: domain, tenant: tenant, campaign: campaign, routingDomain: routingDomain)
    }
}
