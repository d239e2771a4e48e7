import Foundation
import Glibc
import Measures

/// Measures what others do meanwhile: the same work again and again, and who used the processors during it.
enum NeighbourProbe {
    /// About two seconds of one core.
    private static let rounds = 100
    private static let roundNanoseconds: UInt64 = 20_000_000

    static func look(ports: [Int]) -> DoctorFacts.Neighbours {
        let before = (ProcessorTimes.now(), processes(), MonotonicInstant.now())
        let durations = calibrate()
        let elapsed = MonotonicInstant.now().seconds(since: before.2)
        let busy = busy(before.1, processes(), seconds: elapsed)
        return DoctorFacts.Neighbours(
            calibration: durations, stolen: ProcessorTimes.now().stolenShare(since: before.0), busy: busy,
            listeners: ListenerProbe.listeners(on: ports))
    }

    /// Durations of equal pieces of work, in nanoseconds; the first pieces find out how large one should be.
    private static func calibrate() -> [UInt64] {
        var size = 100_000
        var generator = SplitMix64(seed: 1)
        var sink: UInt64 = 0
        func work() -> UInt64 {
            let began = MonotonicInstant.now()
            for _ in 0..<size { sink ^= generator.next() }
            return MonotonicInstant.now().nanoseconds(since: began)
        }
        while true {
            let duration = work()
            if duration > roundNanoseconds / 2 { break }
            size *= 2
        }
        let durations = (0..<rounds).map { _ in work() }
        // The work has a result, so that it is not left out.
        return sink == 0 ? durations + [0] : durations
    }

    /// Processor time of each process so far, in ticks, and its name.
    private static func processes() -> [Int: (name: String, ticks: UInt64)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        var found: [Int: (name: String, ticks: UInt64)] = [:]
        for pid in names.compactMap({ Int($0) }) where pid != Int(getpid()) {
            if let process = readSmallFile("/proc/\(pid)/stat").flatMap(ProcessorTimes.ofProcess) {
                found[pid] = process
            }
        }
        return found
    }

    private static let leastShare = 0.02

    private static func busy(
        _ before: [Int: (name: String, ticks: UInt64)], _ after: [Int: (name: String, ticks: UInt64)], seconds: Double
    ) -> [BusyProcess] {
        let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        return after.compactMap { pid, process -> BusyProcess? in
            // One that has begun meanwhile had nothing before.
            let used = process.ticks - min(process.ticks, before[pid]?.ticks ?? 0)
            let cores = Double(used) / ticksPerSecond / max(0.001, seconds)
            return cores < leastShare ? nil : BusyProcess(pid: pid, name: process.name, cores: cores)
        }.sorted { $0.cores > $1.cores }
    }
}

/// Of all processors together since the start of the machine, in ticks.
package struct ProcessorTimes: Sendable, Equatable {
    package var total: UInt64
    package var stolen: UInt64

    /// - Parameter stat: text of /proc/stat.
    package init(stat: String) {
        let fields = (stat.split(separator: "\n").first { $0.hasPrefix("cpu ") } ?? "").split(separator: " ")
            .dropFirst().compactMap { UInt64($0) }
        // user nice system idle iowait irq softirq steal; guests are in user already.
        total = fields.prefix(8).reduce(0, +)
        stolen = fields.count > 7 ? fields[7] : 0
    }

    static func now() -> ProcessorTimes { ProcessorTimes(stat: readSmallFile("/proc/stat") ?? "") }

    /// Part of all time since then, 0 to 1.
    package func stolenShare(since earlier: ProcessorTimes) -> Double {
        guard total > earlier.total, stolen >= earlier.stolen else { return 0 }
        return Double(stolen - earlier.stolen) / Double(total - earlier.total)
    }

    /// - Parameter stat: text of /proc/PID/stat; the name may hold blanks and brackets.
    package static func ofProcess(_ stat: String) -> (name: String, ticks: UInt64)? {
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return nil }
        return (String(stat[stat.index(after: open)..<close]), user + system)
    }
}
