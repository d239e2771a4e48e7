import LoadGeneration
import Measures
import ProgramSupport
import RunRecords

/// `--threshold`: limits of the caller's, of which the exit code speaks.
struct Limits {
    private let limits: [Threshold]

    /// - Parameter isOpen: of an open load `p99` is that of the latency from the intended start.
    /// - Throws: ``UsageFault`` that names what may be limited.
    init(_ texts: [String], isOpen: Bool) throws {
        let figures = Self.known(isOpen).map { LimitedFigure($0.key, unit: $0.unit, names: $0.names) }
        limits = try texts.map { text in
            let limit: Threshold
            do { limit = try Threshold(parsing: text, figures: figures) } catch { throw UsageFault("--\(error)") }
            guard limit.change == nil else {
                throw UsageFault("--threshold '\(text)': there is no earlier result to compare with here")
            }
            return limit
        }
    }

    /// The figures of a run, without their values.
    private static func known(_ isOpen: Bool) -> [LoadFigures.Figure] {
        LoadFigures(.withEveryFigure(isOpen: isOpen)).all
    }

    var isEmpty: Bool { limits.isEmpty }

    /// A line for each limit that is broken.
    func broken(by record: GeneratorRecord) -> [String] {
        // Working out the figures takes longer than a thousand messages.
        guard !limits.isEmpty else { return [] }
        let values = LoadFigures(record).all
        return limits.compactMap { limit in
            let value = values.first { $0.key == limit.figure.key }?.value
            return limit.holds(value)
                ? nil : "threshold broken: " + limit.finding(value, reason: "nothing was measured")
        }
    }
}

extension GeneratorRecord {
    /// A record of nothing that has all parts a record may have.
    fileprivate static func withEveryFigure(isOpen: Bool) -> GeneratorRecord {
        let usage = ProcessUsage(cpuUserSeconds: 0, cpuSystemSeconds: 0, memoryPeakBytes: 0, diskWriteBytes: 0)
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: schema, arguments: [], threads: 1, startedUnixSeconds: 0, endedUnixSeconds: 0, usage: usage),
            target: "", concurrency: 1, pipelining: true, chunking: false, bodySizeBytes: 0, messageSizeBytes: 0,
            runID: "")
        if isOpen { (record.intendedLatency, record.waitLatency) = (LatencyHistogram(), LatencyHistogram()) }
        let stages = ["mail", "rcpt", "data", "final"].map { ($0, LatencyHistogram()) }
        record.stageLatency = Dictionary(uniqueKeysWithValues: stages)
        return record
    }
}
