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
            guard has else { return findings.skip("ledgers", "were not kept: \(facts.reason ?? "for no reason")") }
        }
        guard let generator = packed.0, let sink = packed.1 else {
            return findings.skip("ledgers", "results of this age keep none")
        }
        do throws(RecordFault) {
            let reading = try LedgerReading(
                generator: ZstdFrame.decompress(generator, limit: LedgerStore.textLimit),
                sink: ZstdFrame.decompress(sink, limit: LedgerStore.textLimit))
            findings.add(
                "ledgers", problems(run, reading),
                "\(reading.audit.acknowledged) acknowledged messages, each found again")
        } catch {
            findings.add("ledgers", [error.description], "")
        }
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
}
