package import ResultStore
package import RunRecords

/// Everything that can be found wrong with a result from its own files: one run, or a comparison with its runs.
///
/// It shows that the files belong together and that the figures follow from the counts. It cannot show that the run took
/// place: who makes up all counts, seconds and ledgers so that they agree has made a result that passes.
package struct ResultCheck: Sendable {
    /// In order of the results; a comparison's own first.
    package private(set) var findings: [CheckFinding] = []
    /// What could be read, oldest first.
    package private(set) var records: [RunRecord] = []

    package init(_ bundle: ResultBundle) {
        if bundle.isRun {
            check(run: bundle)
        } else {
            check(comparison: bundle)
        }
    }

    /// A record alone, without its directory.
    package init(record bytes: [UInt8], name: String) {
        var own = Findings(name)
        if let run = RecordForm.read(bytes, &own) {
            Self.addRecordChecks(run, name, &own)
            records.append(run)
        }
        own.skip("manifest", "a record alone: nothing lies beside it")
        findings += own.list
    }

    package var failures: [CheckFinding] { findings.filter { $0.outcome == .fail } }
    package var passes: Bool { failures.isEmpty }

    // MARK: One run

    private mutating func check(run bundle: ResultBundle) {
        var own = Findings(bundle.name)
        let run = RecordForm.read(bundle.files[ResultBundle.recordName] ?? [], &own)
        // What cannot be read has no age: nobody may be spared the manifest by that.
        let isRequired = run.map { $0.schema == RunRecord.schema } ?? true
        FileChecks.addManifest(bundle, isRequired: isRequired, to: &own)
        if let run {
            Self.addRecordChecks(run, bundle.name, &own)
            FileChecks.add(run, bundle, to: &own)
            FileChecks.addEnvironment(run, bundle, to: &own)
            LedgerChecks.add(run, bundle, to: &own)
            ReportChecks.addReport(run, bundle, to: &own)
            records.append(run)
        }
        findings += own.list
    }

    /// What can be said from a record alone.
    private static func addRecordChecks(_ run: RunRecord, _ name: String, _ findings: inout Findings) {
        CountChecks.add(run, to: &findings)
        TimeChecks.add(run, name, to: &findings)
        PlausibilityChecks.add(run, to: &findings)
        PromiseChecks.add(run, to: &findings)
        DefinitionChecks.add(run, to: &findings)
        ScenarioChecks.add(run, to: &findings)
        findings.add("commit", commit(run.machine.commit), run.machine.commit)
    }

    private static func commit(_ text: String) -> [String] {
        let digits = text.hasSuffix("-dirty") ? text.dropLast("-dirty".count) : text[...]
        let isHash = (7...64).contains(digits.count) && digits.allSatisfy { $0.isHexDigit && !$0.isUppercase }
        return isHash || text == "unknown" ? [] : ["machine.commit is '\(text)': expected a commit's hash"]
    }

    // MARK: Several runs

    private mutating func check(comparison bundle: ResultBundle) {
        let checks = bundle.runs.map { ResultCheck($0) }
        var own = Findings(bundle.name)
        guard !bundle.runs.isEmpty else {
            own.add("schema", ["no \(ResultBundle.recordName) is in it, nor in a directory below"], "")
            return findings = own.list
        }
        records = checks.flatMap(\.records).sorted { $0.startedUnixSeconds < $1.startedUnixSeconds }
        // Directories of runs without anything in common are no comparison.
        if bundle.files.keys.contains(where: { $0.hasPrefix("comparison.") }) {
            let isRequired = records.contains { $0.schema == RunRecord.schema } || records.isEmpty
            FileChecks.addManifest(bundle, isRequired: isRequired, to: &own)
            let notRun = ComparisonChecks.notRun(bundle)
            own.add(
                "runs", ComparisonChecks.problems(records, notRun: notRun),
                "\(records.count) runs, none missing" + (notRun.isEmpty ? "" : " but \(notRun.count) that say why"))
            ReportChecks.addComparison(records, notRun, bundle, to: &own)
        }
        findings = own.list
        for finding in checks.flatMap(\.findings) {
            findings.append(
                CheckFinding(
                    result: bundle.name + "/" + finding.result, check: finding.check, outcome: finding.outcome,
                    detail: finding.detail))
        }
    }
}
