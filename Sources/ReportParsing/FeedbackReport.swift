/// A complaint of a mailbox provider (RFC 5965), or a report of failed authentication (RFC 6591).
package struct FeedbackReport: Sendable, Hashable {
    package enum Form: String, Sendable, Hashable, CaseIterable {
        /// message/feedback-report.
        case arf
        /// Hotmail's and Outlook.com's (JMRP): the message as it was, the complainer in a field of it.
        case jmrp
    }

    package var form = Form.arf
    /// `abuse`, `fraud`, `virus`, `other`, `not-spam`, `auth-failure` …, lower case.
    package var feedbackType: String
    package var userAgent = ""
    package var version = ""
    /// Seconds since 1970.
    package var arrivalSeconds: Int?
    package var incidents: Int?
    package var originalEnvelopeID: String?
    /// Without `<>`; empty: the null sender.
    package var originalMailFrom: String?
    package var reportingMTA: TypedText?
    package var sourceIP: String?
    package var authenticationResults: [String] = []
    /// Without `<>`.
    package var originalRecipients: [String] = []
    package var reportedDomains: [String] = []
    package var reportedURIs: [String] = []
    /// All others, those of RFC 6591 among them: name in lower case, values in their order.
    package var extensions: [(name: String, values: [String])] { names.map { ($0, values[$0]!) } }

    private var names: [String] = []
    private var values: [String: [String]] = [:]

    init(form: Form, feedbackType: String) {
        self.form = form
        self.feedbackType = feedbackType
    }

    /// - Returns: nil without a Feedback-Type (RFC 5965 §3.1).
    init?(_ fields: HeaderFields) {
        guard let type = fields["feedback-type"], !type.isEmpty else { return nil }
        feedbackType = type.lowercased()
        for field in fields.fields { take(field.name, field.value) }
    }

    package func all(_ name: String) -> [String] { values[name] ?? [] }

    private mutating func take(_ name: String, _ value: String) {
        switch name {
        case "feedback-type": break
        case "user-agent": userAgent = value
        case "version": version = value
        case "arrival-date", "received-date": arrivalSeconds = arrivalSeconds ?? MailDateReading.seconds(value)
        case "incidents": incidents = Int(value).flatMap { $0 > 0 ? $0 : nil }
        case "original-envelope-id": originalEnvelopeID = value
        case "original-mail-from": originalMailFrom = Self.path(value)
        case "reporting-mta": reportingMTA = TypedText(value)
        case "source-ip": sourceIP = value
        case "authentication-results": Self.add(value, to: &authenticationResults)
        case "original-rcpt-to": Self.add(Self.path(value), to: &originalRecipients)
        case "reported-domain": Self.add(value, to: &reportedDomains)
        case "reported-uri": Self.add(value, to: &reportedURIs)
        default:
            guard names.count < ReportLimits.extensions || values[name] != nil else { return }
            if values[name] == nil { names.append(name) }
            Self.add(value, to: &values[name, default: []])
        }
    }

    private static func add(_ value: String, to list: inout [String]) {
        if list.count < ReportLimits.extensions { list.append(value) }
    }

    /// `<a@x.test>`, also with a comment or a name around it.
    static func path(_ value: String) -> String {
        guard let open = value.firstIndex(of: "<"), let close = value[open...].firstIndex(of: ">") else {
            return value
        }
        return String(value[value.index(after: open)..<close])
    }

    mutating func add(recipient: String) { Self.add(recipient, to: &originalRecipients) }
}
