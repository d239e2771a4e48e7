package import RunRecords

/// What the live view shows.
package struct LoadStatus: Sendable {
    package var sample: IntervalSample
    package var offered: UInt64
    package var accepted: UInt64
    package var notAccepted: UInt64
    package var connections: Int
    package var lateStarts: UInt64
    /// Of the messages acknowledged since the status before; of an open load from when they were due.
    package var latencyP50: UInt64
    package var latencyP99: UInt64
    /// Since the first message might begin; less than 0 is 0.
    package var elapsedSeconds: Double
    package var replies: [ReplyCount]
    package var isFinished: Bool
}
