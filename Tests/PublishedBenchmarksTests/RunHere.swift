import Measures
import RunRecords

/// Runs as the harness would record them: round figures.
enum RunHere {
    /// 2 s for so many messages of 100,000 bytes, 100 µs of CPU each.
    static func run(
        _ name: String = "fixture", messages: Int = 2000, seconds: Double = 2, connections: Int = 2000,
        system: SystemFacts? = nil, repeatIndex: Int = 1, lost: UInt64 = 0, bytes: Int = 100_000
    ) throws -> RunRecord {
        let text =
            "question: What?\nmessages: \(messages)\nmessage_size: \(bytes)\nconnections: \(connections)\n"
        var sync = LatencyHistogram()
        sync.record(nanoseconds: 200_000, count: 1)
        let machine = MachineFacts(
            cpu: "Test CPU", cores: 2, memoryBytes: 8 << 30, kernel: "6.1.0", fileSystem: "ext4 on /dev/test",
            syncLatency: sync, commit: "0123456789", sysctls: [:], descriptorLimit: 20_000)
        var audit = LedgerAudit()
        (audit.acknowledged, audit.lost) = (UInt64(messages), lost)
        let profile = try BenchPlan(text: text, file: "profiles/\(name).yaml", cores: 2).systems[0]
        var run = RunRecord(
            profile: profile, profileText: text, repeatIndex: repeatIndex, repeats: 1,
            startedUnixSeconds: 1_764_115_200, machine: machine,
            generator: generator(messages, connections, bytes), mta: nil, sink: sink(messages, seconds), audit: audit)
        run.system =
            system
            ?? SystemFacts(
                name: "mta", variant: "rocksdb-os", title: "Millrace mta", version: "1", spool: "RocksDB", promise: .os)
        var resources = ResourceRecord(method: "cgroup")
        var usage = GroupUsage()
        (usage.cpuUserSeconds, usage.memoryPeakBytes) = (Double(messages) / 1e4, 256 << 20)
        resources[.system] = usage
        run.resources = resources
        return run
    }

    private static func header(_ schema: String) -> RecordHeader {
        var header = RecordHeader(
            schema: schema, arguments: [], threads: 1, startedUnixSeconds: 1000, endedUnixSeconds: 1002,
            usage: ProcessUsage(cpuUserSeconds: 0, cpuSystemSeconds: 0, memoryPeakBytes: 1 << 20, diskWriteBytes: 0))
        header.build = "release"
        return header
    }

    private static func generator(_ messages: Int, _ connections: Int, _ bytes: Int) -> GeneratorRecord {
        var record = GeneratorRecord(
            header: header(GeneratorRecord.schema), target: "127.0.0.1:2525", concurrency: connections,
            pipelining: true,
            chunking: false, bodySizeBytes: bytes, messageSizeBytes: bytes, runID: "0193a1b2c3d4e5f6")
        (record.offered, record.accepted) = (UInt64(messages), UInt64(messages))
        (record.firstOfferedUnixSeconds, record.lastAcceptedUnixSeconds) = (1000, 1001)
        return record
    }

    private static func sink(_ messages: Int, _ seconds: Double) -> SinkRecord {
        var record = SinkRecord(header: header(SinkRecord.schema), listen: "127.0.0.1:2526")
        (record.received, record.lastReceivedUnixSeconds) = (UInt64(messages), 1000 + seconds)
        record.ledger = SinkRecord.LedgerSummary(unique: UInt64(messages))
        return record
    }
}
