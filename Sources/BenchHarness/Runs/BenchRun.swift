import Foundation
import Glibc
import Measures
package import RunRecords

/// Runs a profile once over one system: starts sink, system and generator, waits for the last message, gathers and
/// judges.
package struct BenchRun {
    private let setup: RunSetup
    private let paths: HarnessPaths
    private let progress: (String) -> Void

    /// - Parameter progress: told what goes on, about once a second.
    package init(_ setup: RunSetup, paths: HarnessPaths, progress: @escaping (String) -> Void) {
        (self.setup, self.paths, self.progress) = (setup, paths, progress)
    }

    /// - Parameters:
    ///   - repeatIndex: 1-based.
    ///   - order: the run's place among the systems of the repeat.
    /// - Returns: the record, and the directory it was written to.
    package func perform(
        repeatIndex: Int, repeats: Int, order: RunPosition?
    ) throws -> (record: RunRecord, directory: String) {
        let started = WallInstant.now()
        if let refusal = setup.refusal { throw RecordFault(refusal) }
        try HarnessPaths.make(paths.spools)
        let machine = try MachineProbe.facts(spoolDirectory: paths.spools, repository: paths.repository)
        let work = Self.absolute(paths.spools + "/" + Self.workPrefix + "\(repeatIndex)-\(setup.choice.label)")
        try? FileManager.default.removeItem(atPath: work)
        defer { try? FileManager.default.removeItem(atPath: work) }
        try HarnessPaths.make(work)
        let group = AccountingGroup.make("system")
        defer { group?.remove() }
        let conditions = try setup.conditions(
            RunScene(profile: setup.profile, work: work, accountingGroup: group?.directory))
        try conditions.prepare()
        defer { conditions.remove() }
        let directory = Self.absolute(
            try paths.newDirectory("\(setup.profile.name)_\(setup.choice.label)_\(machine.commit)", started))
        // What earlier runs left to the kernel is written now, and not at the expense of this one.
        sync()
        var lines = setup.notes + conditions.lines
        if setup.dropsPageCache { lines.append(Self.dropPageCache()) }
        let programs = RunPrograms(
            setup, paths: paths, directory: directory, work: work, conditions: conditions, accounting: group,
            progress: progress)
        defer { programs.end() }
        let outcome = try programs.run()
        var record = try gather(directory, started, machine, repeatIndex, repeats, outcome)
        record.order = order
        record.conditions = lines.isEmpty ? nil : lines
        record = try ResultDirectory(directory, paths: paths).write(record)
        programs.removeOutput(keepErrors: true)
        return (record, directory)
    }

    private static var workPrefix: String { "spool-\(getpid())-" }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// Removes what an interrupted run of this process would leave: gigabytes, perhaps.
    package static func removeSpools(_ paths: HarnessPaths) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: paths.spools)) ?? []
        for name in names where name.hasPrefix(workPrefix) {
            try? FileManager.default.removeItem(atPath: paths.spools + "/" + name)
        }
        for group in ResourceRecord.Group.allCases { AccountingGroup.removeLeftOver(group.rawValue) }
    }

    /// - Returns: what came of it, for the record.
    private static func dropPageCache() -> String {
        guard geteuid() == 0, let file = FileHandle(forWritingAtPath: "/proc/sys/vm/drop_caches") else {
            return "page cache not dropped before the run: only root may"
        }
        do {
            try file.write(contentsOf: Data("3\n".utf8))
            return "page cache dropped before the run"
        } catch { return "page cache not dropped before the run: \(error.localizedDescription)" }
    }

    private func gather(
        _ directory: String, _ started: WallInstant, _ machine: MachineFacts, _ repeatIndex: Int, _ repeats: Int,
        _ outcome: RunPrograms.Outcome
    ) throws -> RunRecord {
        let mta = try setup.choice.definition.record.map {
            try RecordFile.read(MTARecord.self, from: "\(directory)/\($0)")
        }
        let before = UInt64(setup.warmUpMessages) + outcome.before
        var record = RunRecord(
            profile: setup.profile, profileText: setup.profileText, repeatIndex: repeatIndex, repeats: repeats,
            startedUnixSeconds: started.seconds, machine: machine,
            generator: try RecordFile.read(GeneratorRecord.self, from: directory + "/generator.json"), mta: mta,
            sink: try RecordFile.read(SinkRecord.self, from: directory + "/sink.json"),
            audit: try LedgerComparison.audit(
                generator: directory + "/generator.ledger", sink: directory + "/sink.ledger"),
            system: setup.choice.facts(version: setup.version, files: outcome.files),
            queuedAtEnd: outcome.queued ?? mta?.queued,
            warmUpMessages: before > 0 ? before : nil, evidence: setup.evidence)
        if let warmUp = record.generator.warmUp, record.latenciesHoldWarmUp {
            record.measuredEndToEndLatency = try LedgerTimes(
                generatorFile: directory + "/generator.ledger", sinkFile: directory + "/sink.ledger"
            ).endToEnd(afterFirst: warmUp.offered)
        }
        record.scenario = outcome.scenario
        record.warnings += outcome.warnings
        record.resources = outcome.resources
        record.phases = outcome.phases
        if let written = outcome.resources.deviceWriteBytes { record.takeDeviceWrites(bytes: written) }
        return record
    }
}
