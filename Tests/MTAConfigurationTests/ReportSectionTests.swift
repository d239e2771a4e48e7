import MTAConfiguration
import RunRecords
import Testing

/// `classification` and `reports`.
@Suite struct ReportSectionTests {
    @Test func sectionsAreRead() throws {
        let settings = try load(
            """
            smart_host: 127.0.0.1:25
            log: {directory: /tmp}
            classification: {}
            reports:
              - {addresses: [Bounces.example.org, "bounce+*@example.org"]}
              - {addresses: [.fbl.test], log_oob: ignore, log_arf: log_then_relay, others: log_then_drop, original_message: whole}
            """)
        #expect(settings.classification?.files == ["default"] && settings.classification?.remembered == 1024)
        let (first, second) = (settings.reports[0], settings.reports[1])
        #expect(first.addresses.map(\.text) == ["bounces.example.org", "bounce+*@example.org"])
        #expect(first.bounces == .logThenDrop && first.complaints == .logThenDrop && first.others == nil)
        #expect(first.returned == .header && second.returned == .whole)
        #expect(second.bounces == .ignore && second.complaints == .logThenRelay && second.others == .logThenDrop)
    }

    @Test(arguments: [
        ("classification: {}", "key 'classification.files': categories go into events: needs `log`"),
        ("log: {directory: /tmp}\nclassification: {files: []}", "expected a file, or `default`"),
        ("log: {directory: /tmp}\nclassification: {files: [/nowhere]}", "'/nowhere' cannot be read"),
        ("log: {directory: /tmp}\nclassification: {remembered: -1}", "expected 0 or more"),
        ("log: {directory: /tmp}\nreports: [{}]", "key 'reports[0].addresses': is missing"),
        ("reports: [{addresses: [b.test]}]", "needs `log`, or `ignore`"),
        ("log: {directory: /tmp, events: [OOB]}\nreports: [{addresses: [b.test]}]", "'Feedback' is not among"),
        ("log: {directory: /tmp}\nreports: [{addresses: ['a@b@c.test']}]", "expected example.org, .example.org"),
        ("log: {directory: /tmp}\nreports: [{addresses: ['*a*@c.test']}]", "expected example.org, .example.org"),
        ("log: {directory: /tmp}\nreports: [{addresses: ['@c.test']}]", "expected example.org, .example.org"),
        ("log: {directory: /tmp}\nreports: [{addresses: [b.test], log_oob: drop}]", "expected ignore or log_then_drop"),
    ])
    func mistakesInReportsAreNamed(text: String, fault: String) {
        let found = faults("smart_host: 127.0.0.1:25\n" + text)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }
}
