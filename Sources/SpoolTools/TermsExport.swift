import MailTypes
import RunRecords

// Terms and labels, exported and back.
extension ExportedEnvelope.Terms {
    init(_ terms: DeliveryTerms) {
        self.init()
        notBeforeUnixMilliseconds = terms.notBefore > 0 ? terms.notBefore : nil
        expiresUnixMilliseconds = terms.expires
        release = terms.release?.field
        deliverBy = terms.deliverBy?.parameter
        deliverBySinceUnixMilliseconds = terms.deliverBy?.since
        window = terms.window.map { .init(days: $0.days, timeZone: $0.timeZone, start: $0.start, end: $0.end) }
    }

    func terms(_ file: String) throws(RecordFault) -> DeliveryTerms? {
        var terms = DeliveryTerms()
        terms.notBefore = notBeforeUnixMilliseconds ?? 0
        terms.expires = expiresUnixMilliseconds
        if let text = release {
            guard let known = FutureRelease(field: text) else {
                throw RecordFault("\(file): key 'release': '\(text)': expected for;SECONDS or until;DATE")
            }
            terms.release = known
        }
        if let text = deliverBy {
            guard var by = DeliverBy(parameter: text), let since = deliverBySinceUnixMilliseconds, since < 1 << 62
            else {
                throw RecordFault("\(file): key 'deliver_by': '\(text)': expected SECONDS;R or SECONDS;N, and since")
            }
            by.since = since
            terms.deliverBy = by
        }
        if let window {
            guard (1...127).contains(window.days), (0..<86_400).contains(window.start),
                (0..<86_400).contains(window.end), window.timeZone.utf8.count < 256
            else { throw RecordFault("\(file): key 'window': expected days 1 to 127 and seconds of a day") }
            terms.window = DeliveryWindow(
                days: window.days, timeZone: window.timeZone, start: window.start, end: window.end)
        }
        return terms.isEmpty ? nil : terms
    }
}

extension ExportedEnvelope.Labels {
    init(_ labels: MessageLabels) {
        self.init()
        (tenant, campaign, pool) = (labels.tenant, labels.campaign, labels.pool)
        routingDomain = labels.routingDomain
        metadata = labels.metadata.isEmpty ? nil : labels.metadata
    }

    /// Nil: there are none after all.
    var labels: MessageLabels? {
        let known = MessageLabels(
            tenant: tenant, campaign: campaign, pool: pool, routingDomain: routingDomain, metadata: metadata ?? [:])
        return known.isEmpty ? nil : known
    }
}
