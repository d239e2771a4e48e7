import RunRecords

/// How much of what a machine has a run used, as shares of what there was: the figures that ``LimitFinder`` weighs.
struct RunLoadFigures {
    /// First message to the last at the sink, seconds.
    let seconds: Double
    let cores: Int
    /// CPU seconds by group, in the time above; empty where that is not known.
    let cpu: [ResourceRecord.Group: Double]
    /// First to last second of the programs' lives.
    let lifeSeconds: Double
    let acceptedPerSecond: Double
    let deliveredPerSecond: Double

    init(_ run: RunRecord) {
        let first = run.generator.firstOfferedUnixSeconds
        let last = max(run.sink.lastReceivedUnixSeconds, run.generator.lastAcceptedUnixSeconds)
        seconds = max(0, last - first)
        cores = max(1, run.machine.cores)
        lifeSeconds = Self.life(run)
        cpu = Self.sampled(run, first, last) ?? Self.counted(run, seconds, lifeSeconds) ?? [:]
        let accepting = run.generator.lastAcceptedUnixSeconds - first
        acceptedPerSecond = accepting > 0 ? Double(run.generator.accepted) / accepting : 0
        deliveredPerSecond = seconds > 0 ? Double(run.sink.received) / seconds : 0
    }

    var isCPUKnown: Bool { !cpu.isEmpty }

    /// Share of all cores' time that somebody of the run used.
    var busy: Double { cpu.values.reduce(0, +) / max(1e-9, seconds * Double(cores)) }

    /// Share of the CPU used that went to a group.
    func share(_ group: ResourceRecord.Group) -> Double {
        let all = cpu.values.reduce(0, +)
        return all > 0 ? cpu[group, default: 0] / all : 0
    }

    /// Share of so many threads' time.
    func busy(_ group: ResourceRecord.Group, threads: Int) -> Double {
        cpu[group, default: 0] / max(1e-9, seconds * Double(max(1, threads)))
    }

    /// From the samples whose second lies in the run: what came before and after does not count.
    private static func sampled(_ run: RunRecord, _ first: Double, _ last: Double) -> [ResourceRecord.Group: Double]? {
        let samples = (run.resources?.samples ?? []).filter { $0.unixSeconds > first && $0.unixSeconds < last + 1 }
        guard samples.count > 1 else { return nil }
        var sums: [ResourceRecord.Group: Double] = [:]
        for (index, sample) in samples.enumerated() {
            // The first second began before the load, the last ended after it.
            let begin = index == 0 ? sample.unixSeconds - 1 : samples[index - 1].unixSeconds
            let length = max(1e-9, sample.unixSeconds - begin)
            let inside = max(0, min(last, sample.unixSeconds) - max(first, begin)) / length
            for group in ResourceRecord.Group.allCases {
                let used =
                    (sample.cpuUserSeconds[group.rawValue] ?? 0) + (sample.cpuSystemSeconds[group.rawValue] ?? 0)
                sums[group, default: 0] += used * inside
            }
        }
        return sums
    }

    /// Of the whole run, start and stop included. Nil where these may be most of it: where the programs lived half as
    /// long again as the load, or used more than all cores had in its time.
    private static func counted(
        _ run: RunRecord, _ seconds: Double, _ lifeSeconds: Double
    ) -> [ResourceRecord.Group: Double]? {
        let system = run.resources?[.system]?.cpuSeconds ?? run.mta?.header.usage.cpuSeconds ?? 0
        let used: [ResourceRecord.Group: Double] = [
            .generator: run.generator.header.usage.cpuSeconds, .system: system,
            .sink: run.sink.header.usage.cpuSeconds,
        ]
        let available = seconds * Double(max(1, run.machine.cores))
        return lifeSeconds > 1.5 * seconds || used.values.reduce(0, +) > available ? nil : used
    }

    private static func life(_ run: RunRecord) -> Double {
        let headers = [run.generator.header, run.sink.header] + (run.mta.map { [$0.header] } ?? [])
        let first = headers.map(\.startedUnixSeconds).min() ?? 0
        return max(0, (headers.map(\.endedUnixSeconds).max() ?? 0) - first)
    }
}
