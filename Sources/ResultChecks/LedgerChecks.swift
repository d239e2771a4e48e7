import Measures
import ResultStore
import RunRecords

/// Lost, doubled and changed messages, found again in the ledgers.
enum LedgerChecks {
    static func add(_ run: RunRecord, _ bundle: ResultBundle, to findings: inout Findings) {
        let packed = (bundle.files[LedgerStore.generatorName], bundle.files[LedgerStore.sinkName])
        if let facts = run.ledgers {
            let (states, has) = (facts.kept, packed.0 != nil && packed.1 != nil)
            guard states == has else {
                let problem =
                    "the record says that the ledgers were \(states ? "" : "not ")kept; they are \(has ? "" : "not ")here"
                return findings.add("ledgers", [problem], "")
            }
            guard has else { return addMissing(run, facts, to: &findings) }
        }
        guard let generator = packed.0, let sink = packed.1 else {
            if run.schema == RunRecord.schema {
                return findings.add("ledgers", ["the record says nothing of them"], "")
            }
            return findings.skip("ledgers", "results of this age keep none")
        }
        do throws(RecordFault) {
            let reading = try LedgerReading(
                generator: ZstdFrame.decompress(generator, limit: LedgerStore.textLimit),
                sink: ZstdFrame.decompress(sink, limit: LedgerStore.textLimit))
            findings.add(
                "ledgers", problems(run, reading),
                "\(reading.audit.acknowledged) acknowledged messages, each found again")
            guard let times = reading.times else {
                return findings.skip("latencies", "the ledgers of this result have no times")
            }
            findings.add(
                "latencies", latencies(run, times), "made again from the times of \(times.transaction.count) messages")
        } catch {
            findings.add("ledgers", [error.description], "")
        }
    }

    /// Only what is too large is not kept.
    private static func addMissing(_ run: RunRecord, _ facts: LedgerFacts, to findings: inout Findings) {
        let objection = LedgerStore.objection(
            facts, offered: run.generator.offered, received: run.sink.received, isValid: run.invalid.isEmpty)
        if let objection { return findings.add("ledgers", [objection], "") }
        findings.skip("ledgers", "were not kept: \(facts.reason ?? "for no reason")")
    }

    private static func problems(_ run: RunRecord, _ reading: LedgerReading) -> [String] {
        var problems = Problems()
        let (audit, generator) = (run.audit, run.generator)
        func equal<Value: Equatable>(_ name: String, _ written: Value, _ follows: Value) {
            problems.expectEqual(name, written, follows, "the ledgers give")
        }
        equal("audit.acknowledged", audit.acknowledged, reading.audit.acknowledged)
        equal("audit.lost", audit.lost, reading.audit.lost)
        equal("audit.doubled", audit.doubled, reading.audit.doubled)
        equal("audit.changed", audit.changed, reading.audit.changed)
        if audit.named != reading.audit.named {
            problems.expect(false, "audit.named names other messages than the ledgers")
        }
        equal("generator.accepted", generator.accepted, reading.fates["accepted"] ?? 0)
        equal("generator.refused", generator.refused, reading.fates["refused"] ?? 0)
        equal("generator.failed", generator.failed, reading.fates["failed"] ?? 0)
        equal("generator.in_doubt", generator.inDoubt, reading.fates["in_doubt"] ?? 0)
        if let ledger = run.sink.ledger {
            equal("sink.ledger.unique", ledger.unique, reading.sink.unique)
            equal("sink.ledger.duplicates", ledger.duplicates, reading.sink.duplicates)
            equal("sink.ledger.changed", ledger.changed, reading.sink.changed)
            equal("sink.ledger.unidentified", ledger.unidentified, reading.sink.unidentified)
        }
        equal("sink.received_bytes", run.sink.receivedBytes, reading.receivedBytes)
        problems.expect(
            reading.runs.isSubset(of: [generator.runID]),
            "generator.run_id is \(generator.runID), the ledger's ids begin with \(reading.runs.sorted().joined(separator: ", "))"
        )
        problems.expect(
            reading.repeated.isEmpty,
            "the generator's ledger has ids twice: \(reading.repeated.joined(separator: ", "))")
        return problems.list
    }

    // MARK: Times

    /// Seconds by which the day's clock may have been moved between two readings.
    private static let slack = 0.05

    /// Whether two latencies are the same message by message, but for the rounding of a wall clock: the value of each rank
    /// differs by a microsecond or by one bucket of a histogram (a thousandth) at most.
    private static func agree(_ a: LatencyHistogram, _ b: LatencyHistogram) -> Bool {
        guard a != b else { return true }
        guard a.count == b.count else { return false }
        func near(_ x: UInt64, _ y: UInt64) -> Bool {
            let difference = x > y ? x - y : y - x
            return difference <= max(1_000, max(x, y) / 500)
        }
        guard near(a.min_ns, b.min_ns), near(a.max_ns, b.max_ns) else { return false }
        var (left, right) = (a.buckets[...], b.buckets[...])
        while let x = left.first, let y = right.first {
            guard near(x.value, y.value) else { return false }
            let both = min(x.count, y.count)
            if x.count == both { left.removeFirst() } else { left[left.startIndex].count -= both }
            if y.count == both { right.removeFirst() } else { right[right.startIndex].count -= both }
        }
        return true
    }

    /// Latencies and ends of the record, made again from each message's own times.
    private static func latencies(_ run: RunRecord, _ times: LedgerTimes) -> [String] {
        var problems = Problems()
        let generator = run.generator
        func same(_ name: String, _ written: LatencyHistogram, _ follows: LatencyHistogram) {
            problems.expect(
                agree(written, follows),
                "\(name) has \(written.count) values up to \(written.max_ns) ns, p99 \(written.percentile(99)) ns; the "
                    + "ledgers give \(follows.count) up to \(follows.max_ns) ns, p99 \(follows.percentile(99)) ns")
        }
        var all = generator.transactionLatency
        if let warmUp = generator.warmUp { all.merge(warmUp.transactionLatency) }
        same("generator.transaction_latency", all, times.transaction)
        if let intended = generator.intendedLatency, generator.warmUp == nil {
            same("generator.intended_latency", intended, times.intended)
        }
        // A sink that wrote down when messages came knew how long they took.
        if run.schema == RunRecord.schema || run.sink.endToEndLatency != nil {
            same("sink.end_to_end_latency", run.sink.endToEndLatency ?? LatencyHistogram(), times.endToEnd)
        }
        func near(_ name: String, _ written: Double, _ follows: UInt64?) {
            guard let follows else { return }
            problems.expect(
                abs(written - Double(follows) / 1e9) < slack,
                "\(name) is \(fixed(written, 3)), the ledgers give \(fixed(Double(follows) / 1e9, 3))")
        }
        near("generator.first_offered_unix_s", generator.firstOfferedUnixSeconds, times.firstBegunUnixNanoseconds)
        near("generator.last_accepted_unix_s", generator.lastAcceptedUnixSeconds, times.lastAcceptedUnixNanoseconds)
        near("sink.last_received_unix_s", run.sink.lastReceivedUnixSeconds, times.lastReceivedUnixNanoseconds)
        return problems.list
    }
}
