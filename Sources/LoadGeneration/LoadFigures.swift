import Measures
package import RunRecords

/// The figures of one run under flat names with their units in them: what limits may name and what CSV has a column for.
package struct LoadFigures {
    package struct Figure: Sendable {
        package var key: String
        /// As tables write it; empty of a plain number.
        package var unit: String
        /// Short names.
        package var names: [String]
        /// Nil where there is none to show: no message was acknowledged.
        package var value: Double?
    }

    private let record: GeneratorRecord
    package private(set) var all: [Figure] = []

    package init(_ record: GeneratorRecord) {
        self.record = record
        addCounts()
        addRates()
        let main = record.intendedLatency == nil ? "transaction" : "intended"
        addLatency("transaction", record.transactionLatency, isMain: main == "transaction")
        // Of a closed loop there is no intended start: nothing to correct afterwards.
        if let intended = record.intendedLatency { addLatency("intended", intended, isMain: true) }
        if let wait = record.waitLatency { addLatency("wait", wait, isMain: false) }
        addLatency("connect", record.connectLatency, isMain: false)
        addLatency("ready", record.readyLatency, isMain: false)
        for stage in ["mail", "rcpt", "data", "final"] {
            if let latency = record.stageLatency?[stage] { addLatency(stage, latency, isMain: false) }
        }
    }

    private mutating func add(_ key: String, _ unit: String, _ names: [String] = [], _ value: Double?) {
        all.append(Figure(key: key, unit: unit, names: names, value: value))
    }

    private mutating func addCounts() {
        let counts: [(String, [String], UInt64)] = [
            ("offered_messages", ["offered"], record.offered), ("accepted_messages", ["accepted"], record.accepted),
            ("refused_messages", ["refused"], record.refused), ("failed_messages", ["failed"], record.failed),
            ("in_doubt_messages", ["in_doubt"], record.inDoubt),
            ("lost_messages", ["lost"], record.failed + record.inDoubt),
            ("late_starts", ["late"], record.lateStarts ?? 0),
            ("dropped_starts", ["dropped"], record.droppedStarts ?? 0),
            ("offered_again", [], record.offeredAgain ?? 0),
            ("connections_failed", [], record.connectionsFailed),
            ("connections_closed", [], record.connectionsClosed ?? 0),
        ]
        for (key, names, value) in counts { add(key, "", names, Double(value)) }
        let wrong = record.refused + record.failed + record.inDoubt
        let percent = record.offered == 0 ? nil : Double(wrong) / Double(record.offered) * 100
        add("errors_percent", "%", ["errors"], percent)
    }

    private mutating func addRates() {
        let measured = MeasuredPart(record)
        add("elapsed_s", "s", ["elapsed"], measured.seconds)
        add("accepted_per_s", "msg/s", ["rate"], measured.perSecond)
        add("accepted_mmh", "MMH", ["mmh"], measured.perSecond.map { $0 * 0.0036 })
        add("accepted_mb_per_s", "MB/s", [], measured.bytesPerSecond.map { $0 / 1e6 })
        let cpu = record.accepted == 0 ? nil : record.header.usage.cpuSeconds / Double(record.accepted) * 1e6
        add("generator_cpu_us_per_message", "µs/msg", [], cpu)
        add("generator_memory_peak_mb", "MB", [], Double(record.header.usage.memoryPeakBytes) / 1e6)
    }

    private mutating func addLatency(_ name: String, _ latency: LatencyHistogram, isMain: Bool) {
        let isKnown = latency.count > 0
        for (label, percentile) in [("p50", 50.0), ("p90", 90), ("p95", 95), ("p99", 99), ("p99.9", 99.9)] {
            let key = "\(name)_latency_ms_" + label.replacing(".", with: "_")
            let value = isKnown ? Double(latency.percentile(percentile)) / 1e6 : nil
            add(key, "ms", isMain ? [label] : ["\(name)_\(label)"], value)
        }
        add("\(name)_latency_ms_mean", "ms", isMain ? ["mean"] : [], isKnown ? latency.mean_ns / 1e6 : nil)
        add("\(name)_latency_ms_max", "ms", isMain ? ["max"] : [], isKnown ? Double(latency.max_ns) / 1e6 : nil)
    }
}

/// The run without its warm-up: until the last acknowledgement, and of an open load at least as long as messages were
/// due. Its last message is due before its end, and without what is behind that the rate would come out too high.
package struct MeasuredPart {
    package let seconds: Double
    package let accepted: UInt64
    package let perSecond: Double?
    package let bytesPerSecond: Double?

    package init(_ record: GeneratorRecord) {
        seconds = max(0, max(record.elapsedSeconds, record.windowSeconds ?? 0) - (record.warmUp?.seconds ?? 0))
        accepted = record.accepted - (record.warmUp?.accepted ?? 0)
        perSecond = seconds > 0 ? Double(accepted) / seconds : nil
        let share = record.accepted == 0 ? 0 : Double(accepted) / Double(record.accepted)
        bytesPerSecond = seconds > 0 ? Double(record.acceptedBytes) * share / seconds : nil
    }
}
