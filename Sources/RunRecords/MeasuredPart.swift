package import Measures

/// The part of a run that its rates are made of: all of it, or what came after the load's own warm-up.
package struct MeasuredPart: Sendable {
    /// When its first message was due, Unix seconds.
    package let beginUnixSeconds: Double
    /// Messages that were due in it and were answered 250.
    package let accepted: UInt64
    /// Messages that were due in it and arrived, each counted once. What of the warm-up came in later is not among them.
    package let delivered: UInt64
    private let lastAccepted: Double
    private let lastReceived: Double

    fileprivate init(_ run: RunRecord) {
        let warmUp = run.generator.warmUp
        beginUnixSeconds = run.generator.firstOfferedUnixSeconds + (warmUp?.seconds ?? 0)
        let before = warmUp?.accepted ?? 0
        accepted = run.generator.accepted - min(before, run.generator.accepted)
        delivered = run.deliveredMessages - min(before, run.deliveredMessages)
        (lastAccepted, lastReceived) = (run.generator.lastAcceptedUnixSeconds, run.sink.lastReceivedUnixSeconds)
    }

    /// Messages a second up to the last acknowledgement; 0 if nothing was measured.
    package var acceptedPerSecond: Double { rate(accepted, until: lastAccepted) }

    /// Messages a second up to the last message at the sink; 0 if nothing was measured.
    package var deliveredPerSecond: Double { rate(delivered, until: lastReceived) }

    private func rate(_ count: UInt64, until end: Double) -> Double {
        end > beginUnixSeconds ? Double(count) / (end - beginUnixSeconds) : 0
    }
}

extension RunRecord {
    package var measured: MeasuredPart { MeasuredPart(self) }

    /// Messages of the generator that arrived, those that came twice counted once; without a ledger all that came, which
    /// then may have notifications and repetitions in it.
    package var deliveredMessages: UInt64 { sink.ledger?.unique ?? sink.received }

    /// The sink's and the MTA's own latencies have those of the load's warm-up in them.
    package var latenciesHoldWarmUp: Bool { (generator.warmUp?.offered ?? 0) > 0 }

    /// Due to received, of what was measured; nil where it is not known, or only together with the load's warm-up.
    package var endToEndLatency: LatencyHistogram? {
        latenciesHoldWarmUp ? measuredEndToEndLatency : sink.endToEndLatency
    }

    /// The MTA's record, if it is of this run's messages and of all of them: nothing else can be divided by them.
    package var ownAccount: MTARecord? { mtaAccountsForRun ? mta : nil }

    /// Accepted to delivered by the MTA's own account; nil where that has other mail in it, or the load's warm-up.
    package var ownDeliveryLatency: LatencyHistogram? { latenciesHoldWarmUp ? nil : ownAccount?.deliveryLatency }
}
