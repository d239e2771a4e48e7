import Measures
import RunRecords
import Statistics

/// What a reader has to know of runs that are results all the same; one line for a kind, with the systems' names.
enum ReportWarnings {
    private static let shortestSeconds = 60.0

    static func lines(_ systems: [(name: String, group: RunGroup)]) -> [String] {
        [
            shortRuns(systems), cached(systems), unsteady(systems), warmUp(systems), few(systems), dirty(systems),
        ].compactMap { $0 }
    }

    /// First message to the last at the sink.
    static func seconds(_ run: RunRecord) -> Double {
        max(run.sink.lastReceivedUnixSeconds, run.generator.lastAcceptedUnixSeconds)
            - run.generator.firstOfferedUnixSeconds
    }

    private static func shortRuns(_ systems: [(name: String, group: RunGroup)]) -> String? {
        let short = systems.filter { $0.group.runs.contains { seconds($0) < shortestSeconds } }
        guard let shortest = short.flatMap({ $0.group.runs.map(seconds) }).min() else { return nil }
        return
            "runs under \(fixed(shortestSeconds, 0)) s (the shortest took \(fixed(max(0, shortest), 1)) s): begin and end,"
            + " caches and bursts weigh too much" + of(short, systems)
    }

    /// What fits into memory twice may never have had to wait for the disk.
    private static func cached(_ systems: [(name: String, group: RunGroup)]) -> String? {
        let small = systems.filter { system in
            system.group.runs.contains { bytes($0) < 2 * memory($0) && $0.promise != .none }
        }
        guard let run = small.first?.group.runs[0] else { return nil }
        return
            "\(size(bytes(run))) were sent, less than twice the memory (\(size(memory(run)))):"
            + " the page cache may hide the disk" + of(small, systems)
    }

    private static func bytes(_ run: RunRecord) -> Double {
        Double(run.generator.accepted) * Double(run.generator.messageSizeBytes)
    }

    private static func size(_ bytes: Double) -> String { ByteCount(bytes: Int(min(bytes, 9e18))).description }

    private static func memory(_ run: RunRecord) -> Double {
        Double(RunLimits(run).memoryBytes ?? run.machine.memoryBytes)
    }

    /// A whole second that is neither the first nor the last; fewer of them say nothing of a trend.
    private static let fewestSeconds = 10
    private static let largeChange = 0.2

    private static func unsteady(_ systems: [(name: String, group: RunGroup)]) -> String? {
        let changing = systems.filter { $0.group.runs.contains { abs(change($0)) > largeChange } }
        guard let most = changing.flatMap({ $0.group.runs.map(change) }).max(by: { abs($0) < abs($1) }) else {
            return nil
        }
        return
            "throughput is not steady within a run, it \(most < 0 ? "falls" : "rises") by \(fixed(abs(most) * 100, 0)) %"
            + " from begin to end: its mean is that of no one state" + of(changing, systems)
    }

    /// From begin to end as a share of the median second, by Theil and Sen's slope; 0 where it may be chance, or where
    /// the run was to change.
    private static func change(_ run: RunRecord) -> Double {
        guard (run.phases ?? []).isEmpty, run.generator.load?.stages.isEmpty ?? true else { return 0 }
        let (first, last) = (run.generator.firstOfferedUnixSeconds, run.sink.lastReceivedUnixSeconds)
        let inner = run.sink.series.filter { $0.unixSeconds >= first + 2 && $0.unixSeconds <= last - 1 }
        let rates = inner.map { Double($0.messages) }
        guard rates.count >= fewestSeconds else { return 0 }
        let (drift, median) = (Drift(rates), Sample(rates).median)
        return drift.isShown(level: 0.01) && median > 0 ? drift.slope * Double(rates.count - 1) / median : 0
    }

    private static func warmUp(_ systems: [(name: String, group: RunGroup)]) -> String? {
        let mixed = systems.filter { $0.group.runs.contains(where: \.latenciesHoldWarmUp) }
        guard !mixed.isEmpty else { return nil }
        return
            "the load's warm-up is in what is counted a message (CPU, bytes, syncs), not in rates and latencies"
            + of(mixed, systems)
    }

    private static func few(_ systems: [(name: String, group: RunGroup)]) -> String? {
        let enough = OrderStatistics.fewest(confidence: 0.95)
        let few = systems.filter { $0.group.runs.count < enough }
        guard let least = few.map(\.group.runs.count).min() else { return nil }
        let differences =
            systems.count > 1
            ? ", \(RunSum.repeats(RankSum.fewestRepeats(level: 0.05))) of each to show a difference" : ""
        return "\(RunSum.repeats(least)): it takes \(enough) for a 95 % interval of a median\(differences)"
            + of(few, systems)
    }

    private static func dirty(_ systems: [(name: String, group: RunGroup)]) -> String? {
        let dirty = systems.filter { $0.group.runs.contains { $0.machine.commit.hasSuffix("-dirty") } }
        guard !dirty.isEmpty else { return nil }
        return "the working tree had changes that are in no commit: nobody can build the same again"
            + of(dirty, systems)
    }

    /// As a budget of time gives a fast system more: caches fill, files grow and starts weigh otherwise.
    private static let unequalWork = 3.0

    /// Of systems that are compared; none or one line.
    static func unequal(_ systems: [(name: String, group: RunGroup)]) -> [String] {
        let counts = systems.map { (name: $0.name, count: $0.group.runs.map(\.generator.accepted).max() ?? 0) }
            .filter { $0.count > 0 }
        guard let most = counts.max(by: { $0.count < $1.count }), let least = counts.min(by: { $0.count < $1.count }),
            Double(most.count) > unequalWork * Double(least.count)
        else { return [] }
        return [
            "not the same work: \(grouped(most.count)) messages a run of \(most.name), \(grouped(least.count)) of"
                + " \(least.name): caches, files and starts weigh otherwise"
        ]
    }

    /// Which, unless it is all of them.
    private static func of(
        _ some: [(name: String, group: RunGroup)], _ all: [(name: String, group: RunGroup)]
    ) -> String {
        some.count == all.count ? "" : " (\(some.map(\.name).joined(separator: ", ")))"
    }
}

/// Words for counts.
enum RunSum {
    static func repeats(_ count: Int) -> String { count == 1 ? "1 repeat" : "\(count) repeats" }
}
