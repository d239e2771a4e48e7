package import LoadPacing
import Measures
package import RunRecords

extension RateTrial {
    /// What a run did after its warm-up. What did not begin counts as not replied in time.
    /// - Parameter limit: nanoseconds from the due time in which the final reply is in time.
    package init(_ record: GeneratorRecord, _ rate: Double, _ limit: UInt64) {
        let latency = record.intendedLatency ?? LatencyHistogram()
        let inTime = latency.buckets.reduce(0) { $1.value <= limit ? $0 + $1.count : $0 }
        let offered = record.offered - (record.warmUp?.offered ?? 0)
        let accepted = record.accepted - (record.warmUp?.accepted ?? 0)
        self.init(
            ratePerSecond: rate, due: offered + (record.droppedStarts ?? 0), repliedInTime: inTime,
            deliveredInTime: 0, errors: offered - min(accepted, offered))
    }
}
