package import Measures
package import RunRecords

/// The latencies of a record by the names that their files have.
package enum RecordHistograms {
    package struct Named: Sendable {
        /// `transaction`, `end_to_end`, `stage_final`: the file's name without its ending.
        package var name: String
        /// From what to what, for people.
        package var meaning: String
        package var histogram: LatencyHistogram
    }

    /// All that were recorded, in a fixed order; the empty ones too.
    package static func all(_ record: RunRecord) -> [Named] {
        let (generator, sink) = (record.generator, record.sink)
        var found: [Named] = [
            Named(name: "connect", meaning: "connection asked for to made", histogram: generator.connectLatency),
            Named(name: "ready", meaning: "connection made to EHLO answered", histogram: generator.readyLatency),
            Named(
                name: "transaction", meaning: "MAIL written to final reply", histogram: generator.transactionLatency),
        ]
        func add(_ name: String, _ meaning: String, _ histogram: LatencyHistogram?) {
            if let histogram { found.append(Named(name: name, meaning: meaning, histogram: histogram)) }
        }
        add("intended", "due to final reply", generator.intendedLatency)
        add("wait", "due to MAIL written", generator.waitLatency)
        for (stage, histogram) in (generator.stageLatency ?? [:]).sorted(by: { $0.key < $1.key }) {
            add("stage_" + stage, "asked for to the reply to \(stage)", histogram)
        }
        add("warm_up_transaction", "the same while warming up", generator.warmUp?.transactionLatency)
        add("end_to_end", "due to received by the sink", sink.endToEndLatency)
        add("delivery", "250 sent to 250 received, inside the MTA", record.mta?.deliveryLatency)
        add("commit", "one group commit of the MTA", record.mta?.commitLatency)
        add("sync", "4 KiB written and synced, before the run", record.machine.syncLatency)
        return found
    }

    /// The name as a command takes it: `end-to-end` for `end_to_end`.
    package static func find(_ name: String, in record: RunRecord) -> Named? {
        let wanted = String(name.map { $0 == "-" ? "_" : $0 })
        return all(record).first { $0.name == wanted }
    }
}
