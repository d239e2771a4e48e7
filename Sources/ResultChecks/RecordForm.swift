import Foundation
import ResultStore
import RunRecords

/// Whether `run.json` is a record at all: its schema, its keys, and numbers that can be numbers of a run.
enum RecordForm {
    /// No count of a run reaches this: 10^15 bytes are a petabyte.
    private static let largestWhole: UInt64 = 1_000_000_000_000_000
    /// Keys of whole numbers that mean 'unlimited' by the largest number there is.
    private static let unlimited = ["machine.descriptor_limit"]
    /// Not in records of schema 1.
    private static let youngerKeys = [
        "system", "resources", "evidence", "queued_at_end", "warm_up_messages", "phases", "conditions", "ledgers",
    ]
    /// 2001 to 2100: times of day of a run.
    private static let times = 978_307_200.0...4_102_444_800.0

    /// The record, unless it cannot be read or its numbers would be nonsense in any sum.
    static func read(_ bytes: [UInt8], _ findings: inout Findings) -> RunRecord? {
        guard let json = JSONValue(bytes) else {
            findings.add("schema", ["run.json is no JSON"], "")
            return nil
        }
        guard case .text(let schema)? = json["schema"], RunRecord.readableSchemas.contains(schema) else {
            let found = json["schema"]?.brief ?? "missing"
            let expected = RunRecord.readableSchemas.joined(separator: " or ")
            findings.add("schema", ["run.json: the schema is \(found), this version reads \(expected)"], "")
            return nil
        }
        let impossible = impossibleNumbers(json)
        guard impossible.isEmpty else {
            findings.add("schema", Array(impossible.prefix(10)), "")
            return nil
        }
        let record: RunRecord
        do {
            record = try RecordFile.decode(RunRecord.self, from: bytes, name: ResultBundle.recordName)
        } catch {
            findings.add("schema", ["\(error)"], "")
            return nil
        }
        findings.add("schema", formProblems(json, record), schema)
        findings.add("ranges", ranges(record), "all numbers are of the kind that they should be")
        return record
    }

    /// Negative, infinite or larger than anything that is counted here.
    private static func impossibleNumbers(_ json: JSONValue) -> [String] {
        var found: [String] = []
        json.forEachLeaf { path, value in
            switch value {
            case .whole(let whole) where whole >= largestWhole && !unlimited.contains(path):
                found.append("run.json: \(path) is \(whole): no count of a run is so large")
            // What a tree of processes used may shrink when one of them ends: a second of it alone may be below 0.
            case .number(let number) where path.hasPrefix("resources.samples[") && abs(number) < 1e6: break
            case .number(let number) where !(number >= 0 && number < Double(largestWhole)):
                found.append("run.json: \(path) is \(number): expected a number from 0")
            default: break
            }
        }
        return found
    }

    /// A record written again says the same: nothing in it is unknown, lost or in another form.
    private static func formProblems(_ json: JSONValue, _ record: RunRecord) -> [String] {
        guard let data = try? JSONEncoder().encode(record), let again = JSONValue([UInt8](data)) else {
            return ["run.json cannot be written again"]
        }
        let (unequal, extra, _) = JSONValue.differences(json, again)
        // Who claims an older schema to be spared its younger checks has to give up what came with the younger.
        let younger = record.schema == RunRecord.schema ? [] : youngerKeys.filter { json[$0] != nil }
        return younger.map { "run.json: key '\($0)' came with \(RunRecord.schema), the schema is \(record.schema)" }
            + unequal.prefix(10).map { "run.json: \($0), as it is read" }
            + extra.prefix(10).map { "run.json: key '\($0)' is unknown in \(record.schema)" }
    }

    private static func ranges(_ run: RunRecord) -> [String] {
        var problems = Problems()
        problems.expect(
            run.repeatIndex >= 1 && run.repeatIndex <= run.repeats,
            "repeat_index is \(run.repeatIndex), expected 1 to repeats \(run.repeats)")
        if let order = run.order {
            problems.expect(
                order.position >= 1 && order.position <= order.of,
                "order.position is \(order.position), expected 1 to \(order.of)")
        }
        problems.expect(run.machine.cores >= 1, "machine.cores is \(run.machine.cores)")
        for (name, header) in Self.headers(run) {
            problems.expect(header.threads >= 1, "\(name).header.threads is \(header.threads)")
            problems.expect(
                ["release", "debug"].contains(header.build), "\(name).header.build is '\(header.build)'")
            problems.expect(
                header.schema == "millrace.\(name)/1", "\(name).header.schema is '\(header.schema)'")
        }
        for (name, time) in [
            ("started_unix_s", run.startedUnixSeconds),
            ("generator.first_offered_unix_s", run.generator.firstOfferedUnixSeconds),
            ("generator.last_accepted_unix_s", run.generator.lastAcceptedUnixSeconds),
            ("sink.last_received_unix_s", run.sink.lastReceivedUnixSeconds),
        ] where time != 0 {
            problems.expect(times.contains(time), "\(name) is \(time): no time of a run")
        }
        return problems.list
    }

    /// The programs' records by their keys.
    static func headers(_ run: RunRecord) -> [(name: String, header: RecordHeader)] {
        [("generator", run.generator.header), ("mta", run.mta?.header), ("sink", run.sink.header)]
            .compactMap { name, header in header.map { (name, $0) } }
    }
}
