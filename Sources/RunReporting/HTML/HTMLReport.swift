import Foundation
import Measures
package import RunRecords

/// One page that explains a result to whoever has not seen it made: the answer first, then what is wrong with it, the
/// figures, what they rest on, and how to get them again. A rendering of ``ComparisonReport`` and of the runs' curves.
package struct HTMLReport {
    let report: ComparisonReport
    let groups: [RunGroup]
    private let notRun: [String]
    /// Addresses of the raw records from where the page will lie, by the generator's run id.
    let links: [String: String]
    private let home: String?

    /// One part of the page.
    struct Section {
        var id: String
        var title: String
        var content: [Markup]
    }

    /// - Parameters:
    ///   - runs: at least one.
    ///   - links: where the record of each lies, seen from the page, in the same order; nil: not told.
    ///   - notRun: systems that could not be run, with the reason.
    ///   - baseline: the system with which the others are compared; nil: the first.
    ///   - home: the page that lists all results, where there is one.
    /// - Throws: ``RecordFault`` if there are no runs, or no system is called `baseline`.
    package init(
        _ runs: [RunRecord], links: [String?] = [], notRun: [String] = [], baseline: String? = nil, home: String? = nil
    ) throws(RecordFault) {
        guard !runs.isEmpty else { throw RecordFault("a report needs at least one run") }
        report = try ComparisonReport(runs, baseline: baseline)
        groups = RunGroup.gather(runs)
        self.notRun = notRun
        self.home = home
        self.links = Dictionary(
            zip(runs, links).compactMap { run, link in
                link.flatMap { Self.isNear($0) ? (run.generator.runID, $0) : nil }
            },
            uniquingKeysWith: { first, _ in first })
    }

    /// An address below or beside the page, and none of another scheme or machine.
    private static func isNear(_ address: String) -> Bool {
        address.hasPrefix("./") || address.hasPrefix("../") || address.hasPrefix("/") && !address.hasPrefix("//")
    }

    package var page: HTMLPage { page(nonce: HTMLPage.randomNonce()) }

    package func page(nonce: String) -> HTMLPage {
        let headline = ReportHeadline(report, groups)
        let sections = sections.filter { !$0.content.isEmpty }
        return HTMLPage(
            title: headline.title, summary: headline.title,
            content: [header(headline)] + verdicts + [contents(sections)]
                + sections.map { section in
                    element(
                        "section", ["id": section.id, "aria-labelledby": "\(section.id)-title"],
                        [element("h2", ["id": "\(section.id)-title"], "\(section.title)")] + section.content)
                } + [figuresForPrograms],
            footer: footer, nonce: nonce)
    }

    private var sections: [Section] {
        [
            Section(
                id: "systems", title: groups.count > 1 ? "The systems at a glance" : "At a glance", content: [cards]),
            Section(id: "figures", title: "Figures", content: figureTables),
            Section(id: "compared", title: "Compared", content: bars),
            Section(id: "time", title: "Throughput over time", content: throughputCharts),
            Section(id: "latency", title: "Latency by percentile", content: latencyCharts),
            Section(id: "cpu", title: "CPU", content: cpuCharts),
            Section(id: "durability", title: "What a 250 means", content: durability),
            Section(id: "limits", title: "What limited it", content: limits),
            Section(id: "cost", title: "Cost", content: cost),
            Section(id: "replies", title: "Refused and failed", content: replies),
            Section(id: "conditions", title: "Conditions", content: conditions),
            Section(id: "method", title: "Method", content: method),
            Section(id: "machine", title: "Machine", content: machine),
            Section(id: "again", title: "How to run it again", content: again),
            Section(id: "records", title: "Raw records", content: records),
            Section(id: "glossary", title: "Words", content: [Glossary.markup]),
        ]
    }

    // MARK: What stands first

    private func header(_ headline: ReportHeadline) -> Markup {
        let dates = groups.flatMap(\.runs).map(\.startedUnixSeconds)
        let back: [Markup] = home.map { [element("a", ["href": $0], "All results"), " · "] } ?? []
        return element(
            "header", [:],
            [
                element(
                    "p", ["class": "over"],
                    back + [
                        "Millrace · measured \(Self.day(dates.min() ?? 0, dates.max() ?? 0)) · commit \(commits)"
                    ]),
                element("h1", [:], "\(headline.title)"),
            ]
                + report.questions.map {
                    element("p", ["class": "lead"], element("strong", [:], "Question: "), "\($0)")
                }
                + (headline.sentences.isEmpty
                    ? [] : [element("p", ["class": "lead"], "\(headline.sentences.joined(separator: " "))")])
                + [element("p", [:], "\(headline.measured)")])
    }

    private var commits: String { unique(\.machine.commit).joined(separator: ", ") }

    private var verdicts: [Markup] {
        let bad = report.invalid.map { "INVALID: \($0)" } + notRun.map { "NOT RUN: \($0)" }
        return [
            box("invalid", bad, "Not a result"),
            box("warning", report.warnings, report.warnings.count == 1 ? "A warning" : "Warnings"),
            box("next", report.advice, "To know more"),
        ].filter { !$0.isEmpty }
    }

    private func box(_ style: String, _ lines: [String], _ title: String) -> Markup {
        guard !lines.isEmpty else { return "" }
        let shown = 12
        var parts = [
            element("h2", ["id": "box-\(style)"], "\(title)"),
            element("ul", [:], lines.prefix(shown).map { element("li", [:], "\($0)") }),
        ]
        if lines.count > shown {
            parts.append(
                element(
                    "details", [:], element("summary", [:], "\(lines.count - shown) more"),
                    element("ul", [:], lines.dropFirst(shown).map { element("li", [:], "\($0)") })))
        }
        return element("section", ["class": "box \(style)", "aria-labelledby": "box-\(style)"], parts)
    }

    private func contents(_ sections: [Section]) -> Markup {
        element(
            "nav", ["class": "contents", "aria-label": "On this page"],
            element(
                "ul", [:], sections.map { element("li", [:], element("a", ["href": "#\($0.id)"], "\($0.title)")) }))
    }

    private var footer: Markup {
        element(
            "p", [:],
            "Made by Millrace’s bench-report from the raw records alone; no figure in it was written by hand. "
                + "MB is 10⁶ bytes, MiB 2²⁰. Medians of repeats; what stands in brackets is said under Method.")
    }

    /// What `table --format json` prints: who checks the page holds what it shows against this, and this against the
    /// records.
    private var figuresForPrograms: Markup {
        guard let json = try? ReportData(groups, report).json else { return "" }
        return element(
            "script", ["type": "application/json", "id": "millrace-figures"], Markup(json: json))
    }

    // MARK: Helpers of the parts

    /// Names a row's system, with a word in front if it is no result.
    func marked(_ row: ComparisonReport.Row) -> Markup {
        row.withheld == nil ? "\(row.name)" : element("span", ["class": "bad"], "INVALID ") + "\(row.name)"
    }

    /// What a text is in each run, without repetitions, in order.
    func unique(_ text: (RunRecord) -> String) -> [String] {
        var found: [String] = []
        for run in groups.flatMap(\.runs) {
            let value = text(run)
            if !value.isEmpty, !found.contains(value) { found.append(value) }
        }
        return found
    }

    /// `2026-11-02`, or both ends.
    static func day(_ first: Double, _ last: Double) -> String {
        let (from, to) = (moment(first).prefix(10), moment(last).prefix(10))
        return from == to ? String(from) : "\(from) to \(to)"
    }

    /// `2026-11-02 20:14:56 UTC`.
    package static func moment(_ unixSeconds: Double) -> String {
        guard unixSeconds.isFinite, unixSeconds.magnitude < 1e11 else { return "n/a" }
        let text = Date(timeIntervalSince1970: unixSeconds.rounded()).formatted(.iso8601)
        return text.replacingOccurrences(of: "T", with: " ").replacingOccurrences(of: "Z", with: " UTC")
    }
}
