import Measures
import RunRecords

/// A run of 1,000 messages in which everything balances; the tests bend one figure at a time.
enum RunFixture {
    static let profileText = """
        question: Does it balance?
        messages: 1000
        message_size: 10KB
        connections: 20
        threads: {generator: 1, mta: 1, sink: 1}
        mta: {spool: rocksdb}

        """

    static func profile() throws -> RunProfile {
        try BenchPlan(text: profileText, file: "profiles/fixture.yaml", cores: 2).systems[0]
    }

    static func header(_ schema: String) -> RecordHeader {
        var header = RecordHeader(
            schema: schema, arguments: ["program", "--flag"], threads: 1, startedUnixSeconds: 1000,
            endedUnixSeconds: 1003,
            usage: ProcessUsage(
                cpuUserSeconds: 0.1, cpuSystemSeconds: 0.05, memoryPeakBytes: 1 << 26, diskWriteBytes: 4096))
        // The record says how these tests were built; here it stands for a program of its own.
        header.build = "release"
        return header
    }

    static func generator() -> GeneratorRecord {
        var record = GeneratorRecord(
            header: header(GeneratorRecord.schema), target: "127.0.0.1:2525", concurrency: 20, pipelining: true,
            chunking: false, bodySizeBytes: 10_000, messageSizeBytes: 10_500, runID: "0193a1b2c3d4e5f6")
        (record.offered, record.accepted, record.acceptedBytes) = (1000, 1000, 10_500_000)
        (record.elapsedSeconds, record.firstOfferedUnixSeconds, record.lastAcceptedUnixSeconds) = (2, 1000, 1002)
        record.transactionLatency.record(nanoseconds: 2_000_000, count: 1000)
        record.replies = [ReplyCount(stage: "final", code: 250, count: 1000, firstText: "2.0.0 queued")]
        record.series = [
            IntervalSample(unixSeconds: 1001, messages: 1000, bytes: 10_500_000, failed: 0, connections: 20)
        ]
        return record
    }

    static func mta() -> MTARecord {
        var record = MTARecord(
            header: header(MTARecord.schema), listen: "127.0.0.1:2525", smartHost: "127.0.0.1:2526", spool: "rocksdb",
            durability: "fsync")
        (record.accepted, record.acceptedMessages, record.delivered) = (1000, 1000, 1000)
        (record.commits, record.commitMessages) = (100, 1000)
        return record
    }

    static func sink() -> SinkRecord {
        var record = SinkRecord(header: header(SinkRecord.schema), listen: "127.0.0.1:2526")
        record.received = 1000
        record.lastReceivedUnixSeconds = 1002.5
        record.ledger = SinkRecord.LedgerSummary(unique: 1000)
        return record
    }

    static func audit() -> LedgerAudit {
        var audit = LedgerAudit()
        audit.acknowledged = 1000
        return audit
    }

    static func machine() -> MachineFacts {
        var sync = LatencyHistogram()
        sync.record(nanoseconds: 200_000, count: 200)
        return MachineFacts(
            cpu: "Test CPU", cores: 2, memoryBytes: 1 << 34, kernel: "6.1.0", fileSystem: "ext4 on /dev/test",
            syncLatency: sync, commit: "0123456789", sysctls: ["net.core.somaxconn": "4096"], descriptorLimit: 20_000)
    }

    /// What bends the run before it is judged.
    struct Parts {
        var profile: RunProfile
        var generator = RunFixture.generator()
        var mta = RunFixture.mta()
        var sink = RunFixture.sink()
        var audit = RunFixture.audit()
    }

    static func run(_ bend: (inout Parts) -> Void = { _ in }) throws -> RunRecord {
        var parts = Parts(profile: try profile())
        bend(&parts)
        return RunRecord(
            profile: parts.profile, profileText: profileText, repeatIndex: 1, repeats: 1, startedUnixSeconds: 999,
            machine: machine(), generator: parts.generator, mta: parts.mta, sink: parts.sink, audit: parts.audit)
    }
}
