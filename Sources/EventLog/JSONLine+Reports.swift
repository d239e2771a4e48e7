import MailTypes
import ReportParsing

// Reports that came back. `feedback_report` has the fields of KumoMTA's; the rest is ours.
extension JSONLine {
    mutating func add(_ report: ReportDetails) {
        add("report_address", report.address)
        switch report.content {
        case .delivery(let whole, let recipient): add(whole, recipient, report)
        case .complaint(let complaint): add(complaint, report)
        case .other(let isAutomatic):
            open("unrecognized_report")
            add("kind", isAutomatic ? "automatic_reply" : "unknown")
            add("from", report.header["from"])
            add("subject", report.header["subject"])
            add("message_id", report.header["message-id"])
            close()
        }
        add(report.original)
    }

    private mutating func add(_ original: OriginalMessage) {
        guard original.id != nil || original.messageID != nil else { return }
        open("original")
        if let id = original.id { add("id", id) }
        add("found_by", original.evidence?.rawValue)
        add("message_id", original.messageID)
        close()
    }

    private mutating func add(_ whole: DeliveryReport, _ recipient: RecipientStatus, _ report: ReportDetails) {
        open("delivery_report")
        add("form", whole.form.rawValue)
        add("action", recipient.outcome?.rawValue)
        add("original_recipient", recipient.originalRecipient?.address)
        add("final_recipient", recipient.finalRecipient?.address)
        add("reporting_mta", whole.reportingMTA)
        add("remote_mta", recipient.remoteMTA)
        add("received_from_mta", whole.receivedFromMTA)
        add("dsn_gateway", whole.dsnGateway)
        add("original_envelope_id", whole.originalEnvelopeID)
        add("arrival_date", seconds: whole.arrivalSeconds)
        add("last_attempt_date", seconds: recipient.lastAttemptSeconds)
        add("will_retry_until", seconds: recipient.willRetryUntilSeconds)
        add("final_log_id", recipient.finalLogID)
        let further = whole.extensions + recipient.extensions
        if !further.isEmpty {
            open("extensions")
            let values = Dictionary(grouping: further, by: \.name)
            for name in values.keys.sorted() { add(named: name, list: values[name]!.map(\.value)) }
            close()
        }
        add("original_message", report.returned)
        add("supplemental_trace", json: report.supplementalTrace)
        close()
    }

    private mutating func add(_ complaint: FeedbackReport, _ report: ReportDetails) {
        open("feedback_report")
        add("feedback_type", complaint.feedbackType)
        add("user_agent", complaint.userAgent)
        add("version", complaint.version)
        add("arrival_date", seconds: complaint.arrivalSeconds)
        if let incidents = complaint.incidents { add("incidents", incidents) }
        add("original_envelope_id", complaint.originalEnvelopeID)
        add("original_mail_from", complaint.originalMailFrom)
        add("reporting_mta", complaint.reportingMTA)
        add("source_ip", complaint.sourceIP)
        add("authentication_results", list: complaint.authenticationResults)
        add("original_rcpt_to", list: complaint.originalRecipients)
        add("reported_domain", list: complaint.reportedDomains)
        add("reported_uri", list: complaint.reportedURIs)
        open("extensions")
        for (name, values) in complaint.extensions { add(named: name, list: values) }
        close()
        add("original_message", report.returned)
        add("supplemental_trace", json: report.supplementalTrace)
        close()
    }

    private mutating func add(_ name: StaticString, _ mta: TypedText?) {
        guard let mta else { return }
        open(name)
        add("mta_type", mta.type)
        add("name", mta.value)
        close()
    }

    private mutating func add(_ name: StaticString, seconds: Int?) {
        guard let seconds, seconds >= 0, seconds < 253_402_300_800 else { return }
        add(name, time: UInt64(seconds) * 1000)
    }
}
