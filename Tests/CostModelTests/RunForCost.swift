import Measures
import RunRecords

/// A run with round figures: 1,000 messages of 100,000 bytes in 2 s; 200 µs a message of the MTA, 250 µs of all three.
enum RunForCost {
    static func run(
        system: Bool = true, resources: Bool = false, lost: UInt64 = 0, seconds: Double = 2, repeatIndex: Int = 1
    ) throws -> RunRecord {
        let text = "question: What?\nmessages: 1000\nmessage_size: 100KB\nconnections: 50\n"
        var sync = LatencyHistogram()
        sync.record(nanoseconds: 200_000, count: 1)
        let machine = MachineFacts(
            cpu: "Test CPU", cores: 2, memoryBytes: 8 << 30, kernel: "6.1.0", fileSystem: "ext4 on /dev/test",
            syncLatency: sync, commit: "0123456789", sysctls: [:], descriptorLimit: 20_000)
        var audit = LedgerAudit()
        (audit.acknowledged, audit.lost) = (1000, lost)
        var run = RunRecord(
            profile: try BenchPlan(text: text, file: "profiles/fixture.yaml", cores: 2).systems[0], profileText: text,
            repeatIndex: repeatIndex, repeats: 1, startedUnixSeconds: 1_764_115_200, machine: machine,
            generator: generator, mta: system ? mta : nil, sink: sink(seconds), audit: audit)
        if resources { run.resources = usage }
        return run
    }

    private static func header(_ schema: String, cpu: Double, memoryMiB: UInt64, written: UInt64) -> RecordHeader {
        var header = RecordHeader(
            schema: schema, arguments: [], threads: 1, startedUnixSeconds: 1000, endedUnixSeconds: 1002,
            usage: ProcessUsage(
                cpuUserSeconds: cpu, cpuSystemSeconds: 0, memoryPeakBytes: memoryMiB << 20, diskWriteBytes: written))
        header.build = "release"
        return header
    }

    private static var generator: GeneratorRecord {
        var record = GeneratorRecord(
            header: header(GeneratorRecord.schema, cpu: 0.03, memoryMiB: 64, written: 0), target: "127.0.0.1:2525",
            concurrency: 50, pipelining: true, chunking: false, bodySizeBytes: 100_000, messageSizeBytes: 100_000,
            runID: "0193a1b2c3d4e5f6")
        (record.offered, record.accepted, record.acceptedBytes) = (1000, 1000, 100_000_000)
        (record.firstOfferedUnixSeconds, record.lastAcceptedUnixSeconds) = (1000, 1001)
        return record
    }

    private static var mta: MTARecord {
        var record = MTARecord(
            header: header(MTARecord.schema, cpu: 0.2, memoryMiB: 512, written: 200_000_000), listen: "127.0.0.1:2525",
            smartHost: "127.0.0.1:2526", spool: "segment", durability: "fsync")
        (record.accepted, record.acceptedMessages, record.delivered) = (1000, 1000, 1000)
        return record
    }

    private static func sink(_ seconds: Double) -> SinkRecord {
        var record = SinkRecord(
            header: header(SinkRecord.schema, cpu: 0.02, memoryMiB: 32, written: 0), listen: "127.0.0.1:2526")
        (record.received, record.lastReceivedUnixSeconds) = (1000, 1000 + seconds)
        record.ledger = SinkRecord.LedgerSummary(unique: 1000)
        return record
    }

    /// Twice the CPU and half the bytes of what the programs say of themselves.
    private static var usage: ResourceRecord {
        var record = ResourceRecord(method: "cgroup")
        for (group, cpu) in [(ResourceRecord.Group.generator, 0.06), (.system, 0.4), (.sink, 0.04)] {
            var usage = GroupUsage()
            usage.cpuUserSeconds = cpu
            record[group] = usage
        }
        record[.system]?.memoryPeakBytes = 256 << 20
        record[.system]?.diskWriteBytes = 100_000_000
        record[.system]?.syncs = SyncCounts(calls: ["fdatasync": 100])
        return record
    }
}
