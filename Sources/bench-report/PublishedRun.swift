import ArgumentParser
import BenchHarness
import CostModel
import Foundation
import Measures
import ProgramSupport
import PublishedBenchmarks
import RunRecords
import RunReporting

/// A published procedure done here: by `bench-report published ID --run`, and with `--limits` under the memory and disk of
/// each published machine.
struct PublishedRun {
    let work: Reproduction
    let recipe: PublishedRecipe
    let systems: [String]
    let repeats: Int
    let rest: HumanDuration
    let harness: HarnessOptions

    /// Runs everything and leaves its files beside the results.
    /// - Returns: what it comes to, and whether all runs are results.
    func perform(limited: Bool) async throws -> (sheet: Sheet, isWhole: Bool) {
        ignoreBrokenPipes()
        var paths = harness.paths
        let library = try harness.library()
        let (limits, leftOut) = limited ? try self.limits() : ([], [])
        let choices = try systems.map { try choose($0, library) }
        paths.results = try paths.comparisonDirectory(recipe.profileName() + (limited ? "-limits" : ""))
        let interruption = await Interruption(paths)
        defer { interruption.end() }
        var sequence = RunSequence(
            setups: [], isComparison: true, paths: paths, repeats: repeats, rest: rest,
            isInterrupted: { Interruption.isRequested })
        for choice in choices {
            for limit in limited ? limits.map(Optional.some) : [nil] {
                prepare(choice, limit, &sequence)
            }
        }
        do {
            let records = try sequence.perform()
            guard !records.isEmpty else { throw RunFault("no run could be done") }
            try ComparisonFiles.write(records, notRun: sequence.notRun, to: paths.results)
            let sheet = try limited ? limitedSheet(records, limits, leftOut) : plainSheet(records, sequence.notRun)
            try write(sheet, to: paths.results)
            return (sheet, sequence.notRun.isEmpty && records.allSatisfy { $0.invalid.isEmpty })
        } catch is RunInterrupted {
            writeError(Interruption.text)
            throw ExitCode(130)
        }
    }

    private func choose(_ name: String, _ library: SystemLibrary) throws -> SystemChoice {
        do { return try library.choose(name) } catch { throw UsageFault("--systems \(error.description)") }
    }

    private func limits() throws -> (limits: [PublishedRecipe.Limit], leftOut: [String]) {
        guard let volume = work.volume else { throw UsageFault("--limits: the prices have no volume gp3") }
        let found = recipe.limits(
            volume: volume, machineBytes: Double(ProcessInfo.processInfo.physicalMemory))
        guard !found.limits.isEmpty else { throw UsageFault("--limits: \(found.leftOut.joined(separator: "; "))") }
        return found
    }

    /// One system more, or the reason why not.
    private func prepare(_ choice: SystemChoice, _ limit: PublishedRecipe.Limit?, _ sequence: inout RunSequence) {
        let line = ProgressLine()
        defer { line.clear() }
        var settings = CompareSettings()
        // One small run says it for all limits.
        settings.gathersEvidence = limit == nil
        let schedule = BenchSchedule(settings, paths: sequence.paths) { line.show($0) }
        // What cannot sign is run without: the table of differences says so.
        let isSigned = choice.definition.capabilities.contains(.dkim)
        let text = recipe.profileText(limit, isSigned: isSigned)
        do throws(RecordFault) {
            let plan = try BenchPlan(
                text: text, file: recipe.profileName(limit) + ".yaml", cores: processorCount())
            sequence.setups.append(try schedule.setup(choice, profile: plan.systems[0], profileText: text))
        } catch {
            line.clear()
            sequence.note("\(recipe.profileName(limit)) \(choice.label): \(error.description)")
        }
    }

    // MARK: What comes of it

    private func plainSheet(_ records: [RunRecord], _ notRun: [String]) throws -> Sheet {
        do throws(RecordFault) { return try MeasuredBeside(work, records, notRun: notRun).sheet } catch {
            throw RunFault(error.description)
        }
    }

    private func limitedSheet(
        _ records: [RunRecord], _ limits: [PublishedRecipe.Limit], _ leftOut: [String]
    ) throws -> Sheet {
        do throws(RecordFault) {
            return try LimitedRuns(work, recipe, limits, records, leftOut: leftOut).sheet
        } catch { throw RunFault(error.description) }
    }

    private func write(_ sheet: Sheet, to directory: String) throws {
        for (format, suffix) in [(SheetFormat.text, "txt"), (.markdown, "md"), (.csv, "csv"), (.json, "json")] {
            try sheet.render(format).write(
                toFile: "\(directory)/published.\(suffix)", atomically: true, encoding: .utf8)
        }
    }
}
