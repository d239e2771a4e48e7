package import Measures
package import RunRecords

/// `classification`.
package struct ClassificationSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var files = [shippedRules]
    package var remembered = 1024

    package init() {}

    /// Stands for the file that comes with the program.
    package static let shippedRules = "default"

    package static var keys: [ConfigurationKey<ClassificationSection>] {
        [
            .list("files", \.files, "rules, asked in this order; `default`: those that come with the program"),
            .value(
                "remembered", \.remembered,
                "replies whose answer is remembered, for each event loop; 0: none", check: notNegative),
        ]
    }
}

/// What becomes of a report.
package enum ReportTreatment: String, ConfigurationChoice {
    case ignore
    case logThenDrop = "log_then_drop"
    case logThenRelay = "log_then_relay"
}

/// One entry of `reports`.
package struct ReportSection: ConfigurationSection {
    package enum Returned: String, ConfigurationChoice { case none, header, whole }

    package var mapping: StrictMapping?
    package var addresses: [ReportAddress] = []
    package var bounces = ReportTreatment.logThenDrop
    package var complaints = ReportTreatment.logThenDrop
    package var others: ReportTreatment?
    package var returned = Returned.header

    package init() {}

    package static var keys: [ConfigurationKey<ReportSection>] {
        [
            .list(
                "addresses", \.addresses,
                "where reports come to; their mail is taken from anyone, without being in `relay_domains`",
                shown: "required"),
            .value("log_oob", \.bounces, "bounces (RFC 3464 and older forms) → events `OOB`"),
            .value("log_arf", \.complaints, "complaints (RFC 5965) → events `Feedback`"),
            .optional(
                "others", \.others, "what is neither → events `UnrecognizedReport`", shown: "as `log_oob`"),
            .value("original_message", \.returned, "how much of the message that came back is put into the events"),
        ]
    }
}

/// `bounces.example.org`, `.example.org` for what is below it, `fbl@example.org`, `bounce+*@example.org`.
package struct ReportAddress: Hashable, Sendable, ConfigurationValue {
    /// Lower case.
    package let text: String
    package static var form: String { "domain or address" }

    package init(written text: String) throws(UnitFault) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let domain = parts.last.map { parts.count == 1 && $0.hasPrefix(".") ? $0.dropFirst() : $0 } ?? ""
        let local = parts.count == 2 ? parts[0] : ""
        let isLocal =
            local.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3C && $0 != 0x3E }
            && local.count(where: { $0 == "*" }) <= 1
        guard parts.count <= 2, parts.count == 1 || !local.isEmpty, isLocal, domain.contains(where: { $0 != "." }),
            (try? DomainName(written: String(domain))) != nil
        else {
            throw UnitFault("expected example.org, .example.org, fbl@example.org or bounce+*@example.org")
        }
        self.text = text.lowercased()
    }
    package var written: String { text }
}

extension MTASettings {
    static var reportKeys: [ConfigurationKey<MTASettings>] {
        [
            .optionalSection(
                "classification", \.classification,
                "what failures were about: a category in each event ([REPLIES.md](REPLIES.md))"),
            .sections(
                "reports", \.reports, "addresses that bounces and complaints come back to ([REPLIES.md](REPLIES.md))"),
        ]
    }

    func checkReports(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        if let section = classification {
            for (index, file) in section.files.enumerated() where file != ClassificationSection.shippedRules {
                guard probe.text(file) == nil else { continue }
                let text = "'\(file)' cannot be read"
                faults.append(section.mapping?.fault("files", item: index, text) ?? RecordFault(text))
            }
            if section.files.isEmpty { note(&faults, section.mapping, "files", "expected a file, or `default`") }
            if log == nil { note(&faults, section.mapping, "files", "categories go into events: needs `log`") }
        }
        for section in reports { check(section, &faults) }
    }

    private func check(_ section: ReportSection, _ faults: inout [RecordFault]) {
        if section.addresses.isEmpty { note(&faults, section.mapping, "addresses", "is missing") }
        let wanted: [(key: String, treatment: ReportTreatment, event: String)] = [
            ("log_oob", section.bounces, "OOB"), ("log_arf", section.complaints, "Feedback"),
            ("others", section.others ?? section.bounces, "UnrecognizedReport"),
        ]
        for (key, treatment, event) in wanted where treatment != .ignore {
            guard let log else {
                note(&faults, section.mapping, key, "reports go into the event log: needs `log`, or `ignore`")
                continue
            }
            // What is dropped has to be written somewhere.
            if treatment == .logThenDrop, !log.events.isEmpty, !log.events.contains(where: { $0.rawValue == event }) {
                note(&faults, section.mapping, key, "'\(event)' is not among the events of `log`")
            }
        }
    }
}
