import ResultStore
import RunRecords
import RunReporting

/// Whether what people read, and what their programs read, says what the records give.
enum ReportChecks {
    /// `report.md` beside a run.
    static func addReport(_ run: RunRecord, _ bundle: ResultBundle, to findings: inout Findings) {
        guard let written = bundle.text(DerivedFiles.reportName) else {
            if run.schema == RunRecord.schema {
                return findings.add("report", ["\(DerivedFiles.reportName) is missing"], "")
            }
            return findings.skip("report", "\(DerivedFiles.reportName) is not there")
        }
        guard let again = try? ReportTable([run]).render(.markdown) else {
            return findings.add("report", ["the report cannot be made again"], "")
        }
        add(
            "report",
            TextComparison.compare(
                written, again, name: DerivedFiles.reportName, mayHaveMore: hadOtherFigures([run])), to: &findings)
        addPages([run], bundle, to: &findings)
    }

    /// `comparison.*` beside the runs that are compared.
    /// - Parameter notRun: lines of what could not be run, as the texts have them first.
    static func addComparison(
        _ runs: [RunRecord], _ notRun: [String], _ bundle: ResultBundle, to findings: inout Findings
    ) {
        var seen = TextComparison.Outcome()
        let head = notRun.map { $0 + "\n" }.joined()
        for (format, name) in [(TableFormat.text, "comparison.txt"), (.markdown, "comparison.md")] {
            guard let written = bundle.text(name) else {
                seen.problems.append("\(name) is missing")
                continue
            }
            let again = (try? ReportTable(runs, layout: .comparison).render(format)) ?? ""
            let outcome = TextComparison.compare(
                written, head + again, name: name, mayHaveMore: hadOtherFigures(runs))
            seen.problems += outcome.problems
            seen.unknownLines += outcome.unknownLines
        }
        add("comparison", seen, to: &findings)
        addTables(runs, bundle, to: &findings)
        addPages(runs, bundle, to: &findings)
    }

    /// Runs of which versions before this one gave figures that this one leaves out.
    private static func hadOtherFigures(_ runs: [RunRecord]) -> Bool {
        runs.contains { run in
            run.schema != RunRecord.schema || (run.warmUpMessages ?? 0) > 0 || run.generator.warmUp != nil
                || run.profile.findMax != nil || run.profile.crashAfterSeconds != nil
        }
    }

    private static func add(_ check: String, _ outcome: TextComparison.Outcome, to findings: inout Findings) {
        guard outcome.problems.isEmpty, outcome.unknownLines > 0 else {
            return findings.add(check, outcome.problems, "says what the records give")
        }
        findings.skip(
            check, "\(outcome.unknownLines) lines are worded by another version; the numbers of all others agree")
    }

    // MARK: For programs

    private static func addTables(_ runs: [RunRecord], _ bundle: ResultBundle, to findings: inout Findings) {
        guard let table = try? ReportTable(runs, layout: .comparison) else {
            return findings.add("comparison.csv", ["the tables cannot be made again"], "")
        }
        if let written = bundle.text("comparison.csv"), let again = try? table.render(.csv) {
            findings.add(
                "comparison.csv", FigureTable(written).problems(against: FigureTable(again)),
                "its figures follow from the records")
        } else {
            findings.add("comparison.csv", ["comparison.csv is missing"], "")
        }
        guard let bytes = bundle.files["comparison.json"] else {
            return findings.add("comparison.json", ["comparison.json is missing"], "")
        }
        addFigures("comparison.json", bytes, table, to: &findings)
    }

    private static func addFigures(
        _ name: String, _ bytes: [UInt8], _ table: ReportTable, to findings: inout Findings
    ) {
        guard let written = JSONValue(bytes) else { return findings.add(name, ["\(name) is no JSON"], "") }
        guard let text = try? table.render(.json), let again = JSONValue(Array(text.utf8)) else {
            return findings.add(name, ["\(name) cannot be made again"], "")
        }
        let (unequal, extra, missing) = JSONValue.differences(written, again)
        let problems = unequal.prefix(10).map { "\(name): \($0)" }
        guard problems.isEmpty, extra.count + missing.count > 0 else {
            return findings.add(name, Array(problems), "its figures follow from the records")
        }
        findings.skip(
            name,
            "made by another version (\((extra + missing).prefix(3).joined(separator: ", ")), …); all others agree")
    }

    // MARK: Pages

    /// The figures that each page carries for programs, and those that it shows.
    private static func addPages(_ runs: [RunRecord], _ bundle: ResultBundle, to findings: inout Findings) {
        for path in bundle.files.keys.sorted() where path.hasSuffix(".html") {
            let page = PageFigures(bundle.text(path) ?? "")
            guard let embedded = page.embedded else {
                findings.skip("page", "\(path) carries no figures for programs ('\(PageFigures.identifier)')")
                continue
            }
            guard let table = try? ReportTable(runs, layout: .comparison, baseline: page.baseline) else {
                findings.add("page", ["the figures of \(path) cannot be made again"], "")
                continue
            }
            addFigures(path, embedded, table, to: &findings)
            findings.add("page", page.problems(path), "\(page.shown.count) figures are shown as they are embedded")
        }
    }
}
