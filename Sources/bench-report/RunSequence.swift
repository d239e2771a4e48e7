import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords
import RunReporting

/// All runs of one `bench-report run` or `compare`: the repeats, and in each of them the systems.
struct RunSequence {
    var setups: [RunSetup]
    /// Several systems that are compared: one that cannot be run is named, and the others go on.
    var isComparison: Bool
    var paths: HarnessPaths
    var repeats: Int
    var rest: HumanDuration
    /// Whether somebody asked to stop.
    var isInterrupted: () -> Bool
    /// Runs of a comparison that could not be done, a line each.
    var notRun: [String] = []

    /// - Throws: ``RunInterrupted``, or ``RunFault`` if the only system could not be run.
    mutating func perform() throws -> [RunRecord] {
        var records: [RunRecord] = []
        for index in 1...repeats {
            let systems = BenchPlan.order(setups, repeatIndex: index, repeats: repeats)
            for (place, setup) in systems.enumerated() {
                if index > 1 || place > 0 { Thread.sleep(forTimeInterval: rest.seconds) }
                guard !isInterrupted() else { throw RunInterrupted() }
                let order = isComparison ? RunPosition(place + 1, of: systems.count) : nil
                do {
                    records.append(try perform(setup, index, order))
                } catch let fault as RecordFault {
                    Children.killAll()
                    guard !isInterrupted() else { throw RunInterrupted() }
                    guard isComparison else { throw RunFault(fault.description) }
                    note("\(setup.profile.name) \(setup.choice.label), run \(index): \(fault.description)")
                }
            }
        }
        return records
    }

    mutating func note(_ line: String) {
        notRun.append(line)
        writeError("bench-report: \(line)\n")
    }

    private func perform(_ setup: RunSetup, _ index: Int, _ order: RunPosition?) throws -> RunRecord {
        let line = ProgressLine()
        defer { line.clear() }
        let place = order.map { "repeat \(index) of \(repeats), \($0.position) of \($0.of): " } ?? ""
        let run = BenchRun(setup, paths: paths) { line.show(place + $0) }
        let (record, directory) = try run.perform(repeatIndex: index, repeats: repeats, order: order)
        let report = try ReportTable([record]).render(.markdown)
        try report.write(toFile: directory + "/report.md", atomically: true, encoding: .utf8)
        try ReportPage.write([record], to: directory + "/report.html")
        try ResultDirectory.seal(directory)
        line.clear()
        writeError("\(directory)\n")
        return record
    }
}

struct RunInterrupted: Error {}

/// What stands beside the results of a comparison, so that they are one thing to look at.
enum ComparisonFiles {
    /// - Parameters:
    ///   - notRun: stands first in what people read.
    ///   - directory: that of the comparison, with the runs below it.
    static func write(_ records: [RunRecord], notRun: [String], to directory: String) throws {
        for (format, suffix) in [(TableFormat.text, "txt"), (.markdown, "md"), (.csv, "csv"), (.json, "json")] {
            let table = try ReportTable(records, layout: .comparison).render(format)
            let head = [.text, .markdown].contains(format) ? notRun.map { "NOT RUN: \($0)\n" }.joined() : ""
            try (head + table).write(toFile: "\(directory)/comparison.\(suffix)", atomically: true, encoding: .utf8)
        }
        do throws(RecordFault) { try ComparisonChart(records).write(to: directory + "/comparison.svg") } catch {
            // The measurements are worth more than their picture.
            writeError("bench-report: \(error.description)\n")
        }
        try ReportPage.write(records, notRun: notRun, to: directory + "/comparison.html")
        try ResultDirectory.seal(directory)
    }
}
