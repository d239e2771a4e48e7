import ArgumentParser
import Foundation
import LoadGeneration
import Measures
import ProgramSupport

/// What the messages are.
struct ContentOptions: ParsableArguments {
    @Option(help: "Text in each message, at least: 100kb, 1kb..100kb (even), lognormal:MEDIAN:P95[:MOST].")
    var bodySize: String?
    @Option(help: "transactional or marketing (sizes, HTML and attachments), or a file of lines SIZE [WEIGHT].")
    var sizeProfile: String?
    @Flag(help: "Text and HTML (multipart/alternative).")
    var html = false
    @Option(help: "Attachments in each message (multipart/mixed, Base64).")
    var attachments: Int?
    @Option(help: "Bytes of each attachment before Base64, in the forms of --body-size.")
    var attachmentSize: String?
    @Flag(help: "No two messages have the same text; otherwise they share it where their size is fixed.")
    var uniqueBodies = false
    @Option(help: "Send this whole message (header and all) instead of generated text.")
    var bodyFile: String?
    @Option(help: "Send these in turn: an mbox, a Maildir, a folder of .eml files. Envelopes are generated.")
    var replay: String?
    @Option(
        help: """
            Send what this Jinja template makes: a whole message, with {{ sequence }}, {{ sender }}, {{ recipient }}, \
            {{ domain }}, {{ tenant }}, {{ campaign }}, {{ date }}.
            """)
    var template: String?
    @Option(help: "Sender addresses in rotation. Default: one for each domain.")
    var senders = 0
    @Option(help: "X-Tenant: tenant-1 to this many, in rotation.")
    var tenants = 0
    @Option(help: "X-Campaign: campaign-1 to this many, in rotation.")
    var campaigns = 0
    @Option(
        help: "Sign each message with this private key (PEM) before it is sent; an RSA signature takes 0.3 to 1 ms.")
    var dkimKey: String?
    @Option(help: "d= of the signature, and the domain of all senders.")
    var dkimDomain: String?
    @Option(help: "s= of the signature.")
    var dkimSelector = "load"
    @Option(help: "Destination domain with an optional weight, repeatable: name[:weight].")
    var domain: [String] = []
    @Option(help: "Appended to every domain, so that nothing can leak; '' leaves them as they are.")
    var domainSuffix = "test"
    @Option(help: "Generated destination domains instead: so many, up to 1,000,000,000.")
    var domainCount: Int?
    @Option(
        help: "The first generated domains come oftener: the k-th as often as 1/k to this power (Zipf); 0: all alike.")
    var domainSkew = 0.0
    @Option(help: "Recipients of each message, all in one domain.")
    var recipients = 1
    @Option(help: "Further header field, repeatable: 'Name: value'.")
    var header: [String] = []
    @Option(
        help: """
            Decides text, addresses, ids, dates and due times: the same seed sends the same bytes (but for the time in \
            each message's stamp). Without it text and addresses are those of seed 1, ids and dates of now.
            """)
    var seed: UInt64?
    @Option(help: "Date of all messages, seconds since 1970. Default: now, or from --seed.")
    var date: Int?

    func apply(to configuration: inout LoadConfiguration) throws {
        configuration.content = try ContentReader(options: self, kind: configuration.transport.kind).content()
        if !domain.isEmpty { configuration.domains = try domain.map(parseDomain) }
        guard LoadConfiguration.Domain.isSafe(domainSuffix) else {
            throw UsageFault("--domain-suffix '\(domainSuffix)': expected a domain, such as test, or nothing")
        }
        configuration.domainSuffix = domainSuffix
        try applyDomains(to: &configuration)
        configuration.headers = try header.map(checkHeader)
        configuration.seed = seed ?? 1
        configuration.hasFixedIDs = seed != nil
        if let date, !(0...253_402_300_799).contains(date) {
            throw UsageFault("--date \(date): expected seconds since 1970, up to the year 9999")
        }
        // Some day of 2025, by the seed.
        configuration.date = date ?? seed.map { 1_735_689_600 + Int($0 % 31_536_000) }
    }

    private func applyDomains(to configuration: inout LoadConfiguration) throws {
        guard domain.isEmpty || domainCount == nil else {
            throw UsageFault("--domain and --domain-count: expected one of them")
        }
        if let domainCount, !(1...1_000_000_000).contains(domainCount) {
            throw UsageFault("--domain-count \(domainCount): expected 1 to 1,000,000,000")
        }
        guard (0...10).contains(domainSkew), domainSkew == 0 || domainCount != nil else {
            throw UsageFault("--domain-skew \(domainSkew): expected 0 to 10, with --domain-count")
        }
        configuration.domainCount = domainCount
        configuration.domainSkew = domainSkew
        configuration.recipients = try positive(recipients, "--recipients")
        guard recipients == 1 || configuration.transport.kind != .http else {
            throw UsageFault("--recipients \(recipients): over HTTP each message has one; see --http-batch-size")
        }
    }

    private func parseDomain(_ text: String) throws -> LoadConfiguration.Domain {
        guard let domain = LoadConfiguration.Domain(parsing: text) else {
            throw UsageFault("--domain '\(text)': expected name or name:weight, such as gmail.com:67.4")
        }
        return domain
    }

    private func checkHeader(_ text: String) throws -> String {
        let name = text.prefix { $0 != ":" }
        let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        guard isName, name.count < text.count, text.utf8.allSatisfy({ $0 >= 32 || $0 == 9 }), text.utf8.count <= 998
        else {
            throw UsageFault("--header '\(text)': expected 'Name: value' on one line of at most 998 bytes")
        }
        return text
    }
}
