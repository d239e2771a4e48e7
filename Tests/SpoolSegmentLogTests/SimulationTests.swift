import Foundation
import Synchronization
import Testing

/// The segment log on a disk that fails in every way a disk may. `make simulate SEEDS=1000000` runs many seeds,
/// `MILLRACE_SEED=123 make simulate` one with a trace.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let only = environment["MILLRACE_SEED"].flatMap { UInt64($0) }
    private static let seeds = environment["MILLRACE_SEEDS"].flatMap { UInt64($0) } ?? 20_000
    private static let failureLimit = environment["MILLRACE_FAILURES"].flatMap { Int($0) } ?? 5
    private static let workers = 2

    /// - Returns: what went wrong.
    private static func run(_ seed: UInt64, lie: SimulatedDisk.Lie? = nil, trace: ((String) -> Void)? = nil) -> String?
    {
        var run = SimulatedRun(seed: seed, lie: lie, trace: trace)
        do { try run.run() } catch { return "\(error)" }
        return nil
    }

    @Test(arguments: 0..<workers) func everySeedKeepsWhatWasPromised(worker: Int) {
        if let seed = Self.only {
            guard worker == 0 else { return }
            let fault = Self.run(seed) { print($0) }
            #expect(fault == nil, "seed \(seed): \(fault ?? "")")
            return
        }
        var failures = 0
        for seed in stride(from: UInt64(worker), to: Self.seeds, by: Self.workers) {
            guard let fault = Self.run(seed) else { continue }
            Issue.record("seed \(seed): \(fault); MILLRACE_SEED=\(seed) make simulate shows its course")
            failures += 1
            guard failures < Self.failureLimit else { return }
        }
    }

    /// The checks have teeth: a disk that lies is found out.
    @Test(arguments: SimulatedDisk.Lie.allCases) func aDiskThatLiesIsFoundOut(lie: SimulatedDisk.Lie) {
        #expect((0..<2000 as Range<UInt64>).contains { Self.run($0, lie: lie) != nil })
    }
}
