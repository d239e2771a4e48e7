import Measures
import RunRecords

/// What a run was held to on purpose: a profile whose conditions cannot be made is not run.
struct RunLimits {
    let diskWritesPerSecond: Double?
    let diskBytesPerSecond: Double?
    let memoryBytes: UInt64?
    /// Says how the network was made slow.
    let network: String?

    init(_ run: RunRecord) {
        let profile = run.profile
        diskWritesPerSecond = profile.disk?.writesPerSecond.map { Double($0) }
        diskBytesPerSecond = profile.disk?.megabytesPerSecond.map { $0 * 1e6 }
        memoryBytes = profile.memoryBytes.map { UInt64(max(0, $0)) }
        network = profile.network.map { limit in
            (run.conditions ?? []).first { $0.hasPrefix("receiver") }
                ?? "receiver \(fixed(limit.delaySeconds * 1000, 1)) ms away each way, \(fixed(limit.loss * 100, 2)) % lost"
        }
    }
}
