import Foundation
import Measures
package import RunRecords

/// What `bench-report compare` was told about each run.
package struct CompareSettings: Sendable {
    /// Messages before each run that are not counted.
    package var warmUpMessages = 0
    /// Nil: the profile's.
    package var messages: Int?
    /// Seconds in which the connections are opened; nil: the profile's.
    package var rampUpSeconds: Double?
    /// Seconds that a system's load should take; nil: the number of messages is the same for all.
    package var budgetSeconds: Double?
    package var dropsPageCache = true
    package var gathersEvidence = true
    package var countsSyncs = true
    package init() {}
}

/// Makes the runs of a comparison ready: what each system is given to do, and what is known of it beforehand.
package struct BenchSchedule {
    private let settings: CompareSettings
    private let paths: HarnessPaths
    private let say: (String) -> Void

    /// - Parameter say: told what goes on.
    package init(_ settings: CompareSettings, paths: HarnessPaths, say: @escaping (String) -> Void) {
        (self.settings, self.paths, self.say) = (settings, paths, say)
    }

    /// - Throws: ``RecordFault``: this system cannot be run.
    package func setup(
        _ choice: SystemChoice, profile: RunProfile, profileText: String
    ) throws(RecordFault) -> RunSetup {
        var choice = choice
        choice.take(profile)
        let inspection = SystemInspection(choice.definition, systems: paths.systems, programs: paths.programs)
        if let missing = inspection.missing { throw RecordFault(missing) }
        var setup = RunSetup(
            profile: choice.profile(profile), profileText: profileText, choice: choice, version: inspection.version)
        setup.warmUpMessages = settings.warmUpMessages
        setup.dropsPageCache = settings.dropsPageCache
        setup.countsSyncs = settings.countsSyncs
        if let messages = settings.messages { setup.profile.messages = messages }
        if let seconds = settings.rampUpSeconds { setup.profile.rampUpSeconds = seconds }
        if let refusal = setup.refusal { throw RecordFault(refusal) }
        if settings.gathersEvidence {
            say("\(choice.label): counting its syncs")
            setup.evidence = try EvidenceRun(choice, paths: paths).gather()
        }
        if let budget = settings.budgetSeconds { try calibrate(&setup, budget) }
        return setup
    }

    /// Fewest messages of a calibration: a start must not be all of it.
    private static let fewest = 500
    /// A calibration this long, in seconds, is believed; at most a tenth of the budget.
    private static let longEnough = 3.0

    /// Finds how many messages fit into the budget: runs that are thrown away, each four times as large as the one before
    /// until one takes long enough to tell a rate.
    private func calibrate(_ setup: inout RunSetup, _ budget: Double) throws(RecordFault) {
        guard setup.profile.messages > 0, setup.profile.load?.seconds == nil else { return }
        let wanted = setup.profile.messages
        var trial = setup
        (trial.dropsPageCache, trial.warmUpMessages, trial.countsSyncs) = (false, 0, false)
        trial.profile.messages = min(wanted, max(Self.fewest, setup.profile.connections))
        var trialPaths = paths
        trialPaths.results = paths.spools + "/calibration-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: trialPaths.results) }
        while true {
            say("\(setup.choice.label): calibrating with \(grouped(trial.profile.messages)) messages")
            let record: RunRecord
            do {
                record = try BenchRun(trial, paths: trialPaths) { _ in }.perform(repeatIndex: 0, repeats: 0, order: nil)
                    .record
            } catch let fault as RecordFault { throw fault } catch { throw RecordFault("\(error)") }
            let seconds = record.sink.lastReceivedUnixSeconds - record.generator.firstOfferedUnixSeconds
            guard record.sink.received > 0, seconds > 0 else {
                throw RecordFault("\(setup.choice.label): nothing was delivered in the calibration run")
            }
            let rate = Double(record.sink.received) / seconds
            guard seconds >= min(Self.longEnough, budget / 10) || trial.profile.messages >= wanted else {
                trial.profile.messages = min(wanted, trial.profile.messages * 4)
                continue
            }
            setup.profile.messages = Self.fitting(rate: rate, budget: budget, wanted: wanted)
            let text = setup.profile.messages < wanted ? "fit into" : "(all of the profile's) take less than"
            setup.notes.append(
                "\(grouped(setup.profile.messages)) messages \(text) the budget of \(fixed(budget, 0)) s: "
                    + "\(fixed(rate, 0)) msg/s in a calibration run of \(grouped(trial.profile.messages))")
            return
        }
    }

    /// Messages a budget is enough for, rounded down to two digits.
    package static func fitting(rate: Double, budget: Double, wanted: Int) -> Int {
        let fitting = Int(min(rate * budget, 1e12))
        guard fitting < wanted else { return wanted }
        var step = 1
        while fitting / step >= 100 { step *= 10 }
        return min(wanted, max(fitting / step * step, min(wanted, fewest)))
    }
}
