import Measures
import RunRecords

/// Whether the resources of a run are all there, and not less than what the programs say of themselves.
enum ResourceChecks {
    private static let (slackSeconds, slackShare) = (0.2, 1.05)
    /// What starting and stopping a program may take, which is not watched, and the share of its CPU that is.
    private static let (unwatchedSeconds, watchedShare) = (0.5, 0.7)

    static func problems(_ run: RunRecord, _ resources: ResourceRecord) -> [String] {
        presence(run, resources) + programs(run, resources) + all(run, resources)
    }

    /// Every run is watched from its first message to its last.
    private static func presence(_ run: RunRecord, _ resources: ResourceRecord) -> [String] {
        var problems = Problems()
        for group in ResourceRecord.Group.allCases {
            problems.expect(resources[group] != nil, "resources.usage has no '\(group.rawValue)'")
        }
        let end = resources.samples.last?.unixSeconds ?? 0
        problems.expect(
            end + 0.5 >= run.generator.lastAcceptedUnixSeconds,
            "\(resources.samples.count) samples end before the last message was accepted")
        return problems.list
    }

    /// What a program used by its own account was seen from outside, too, but for its start and its end. What went
    /// through it before the measured part only its own account has; of one that was killed that is of its second life.
    private static func programs(_ run: RunRecord, _ resources: ResourceRecord) -> [String] {
        guard (run.warmUpMessages ?? 0) == 0, run.profile.findMax == nil, run.profile.crashAfterSeconds == nil else {
            return []
        }
        var problems = Problems()
        let own: [(ResourceRecord.Group, ProcessUsage?)] = [
            (.generator, run.generator.header.usage), (.sink, run.sink.header.usage), (.system, run.mta?.header.usage),
        ]
        for (group, usage) in own {
            guard let usage, let watched = resources[group] else { continue }
            let least = (usage.cpuSeconds - unwatchedSeconds) * watchedShare
            problems.expect(
                watched.cpuSeconds >= least,
                "\(group.rawValue) reports \(fixed(usage.cpuSeconds, 2)) s of CPU, only "
                    + "\(fixed(watched.cpuSeconds, 2)) s were seen from outside")
        }
        return problems.list
    }

    /// All groups together have no more than the cores, and each as much as its samples.
    private static func all(_ run: RunRecord, _ resources: ResourceRecord) -> [String] {
        var problems = Problems()
        let headers = RecordForm.headers(run).map(\.header)
        let begin = headers.map(\.startedUnixSeconds).min() ?? 0
        let end = headers.map(\.endedUnixSeconds).max() ?? 0
        let possible = Double(run.machine.cores) * (end - begin) * slackShare + slackSeconds
        let used = resources.usage.values.map(\.cpuSeconds).reduce(0, +)
        problems.expect(
            used <= possible,
            "all groups used \(fixed(used, 2)) s of CPU, \(run.machine.cores) cores had \(fixed(possible, 2)) s")
        for group in ResourceRecord.Group.allCases {
            guard let usage = resources[group] else { continue }
            let name = group.rawValue
            let sampled = resources.samples.map { ($0.cpuUserSeconds[name] ?? 0) + ($0.cpuSystemSeconds[name] ?? 0) }
                .reduce(0, +)
            problems.expect(
                usage.cpuSeconds <= sampled * slackShare + slackSeconds,
                "\(name): all of the run is \(fixed(usage.cpuSeconds, 2)) s of CPU, the samples sum to "
                    + "\(fixed(sampled, 2)) s")
        }
        return problems.list
    }
}

extension ResourceChecks {
    /// A commit has what is under way at most, and half of that will do.
    static func commits(_ run: RunRecord) -> [String] {
        guard let mta = run.mta, [.fsync, .os].contains(run.promise), run.profile.crashAfterSeconds == nil,
            run.invalid.isEmpty
        else { return [] }
        let least = UInt64(Double(mta.acceptedMessages) / (2 * run.messagesUnderWay))
        guard mta.commits < least else { return [] }
        return [
            "mta.commits is \(mta.commits): \(mta.acceptedMessages) messages, \(fixed(run.messagesUnderWay, 0)) under way "
                + "at once, need \(least) at least"
        ]
    }
}
