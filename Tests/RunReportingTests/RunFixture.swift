import Measures
import RunRecords

/// A run with round figures: 1,000 messages of 10,500 bytes, accepted in 2 s, all at the sink after 2.5 s.
enum RunFixture {
    static let profileText = """
        question: Is the table right?
        messages: 1000
        message_size: 10KB
        connections: 20
        threads: {generator: 1, mta: 2, sink: 1}
        mta: {spool: rocksdb}
        prices:
          - name: c5.2xlarge
            usd_per_hour: 0.36
            egress_usd_per_gb: 0.09
            source: a list of 2026-07

        """

    static func header(_ schema: String, user: Double, system: Double, memoryMiB: UInt64, written: UInt64)
        -> RecordHeader
    {
        var header = RecordHeader(
            schema: schema, arguments: [], threads: 1, startedUnixSeconds: 1000, endedUnixSeconds: 1003,
            usage: ProcessUsage(
                cpuUserSeconds: user, cpuSystemSeconds: system, memoryPeakBytes: memoryMiB << 20,
                diskWriteBytes: written))
        // The record says how these tests were built; here it stands for a program of its own.
        header.build = "release"
        return header
    }

    static func generator(lastAccepted: Double) -> GeneratorRecord {
        var record = GeneratorRecord(
            header: header(GeneratorRecord.schema, user: 0.1, system: 0.05, memoryMiB: 64, written: 0),
            target: "127.0.0.1:2525", concurrency: 20, pipelining: true, chunking: false, bodySizeBytes: 10_000,
            messageSizeBytes: 10_500, runID: "0193a1b2c3d4e5f6")
        (record.offered, record.accepted, record.acceptedBytes) = (1000, 1000, 10_500_000)
        (record.firstOfferedUnixSeconds, record.lastAcceptedUnixSeconds) = (1000, lastAccepted)
        // Two values so that most percentiles are the larger one, which is known exactly.
        record.transactionLatency.record(nanoseconds: 1_000_000, count: 400)
        record.transactionLatency.record(nanoseconds: 8_000_000, count: 600)
        record.series = [
            IntervalSample(unixSeconds: 1001, messages: 600, bytes: 6_300_000, failed: 0, connections: 20),
            IntervalSample(unixSeconds: lastAccepted, messages: 400, bytes: 4_200_000, failed: 0, connections: 20),
        ]
        return record
    }

    static func mta() -> MTARecord {
        var record = MTARecord(
            header: header(MTARecord.schema, user: 0.4, system: 0.2, memoryMiB: 256, written: 21_000_000),
            listen: "127.0.0.1:2525", smartHost: "127.0.0.1:2526", spool: "rocksdb", durability: "fsync")
        (record.accepted, record.acceptedMessages, record.delivered) = (1000, 1000, 1000)
        (record.commits, record.commitMessages) = (80, 1000)
        record.commitLatency.record(nanoseconds: 500_000, count: 80)
        record.deliveryLatency.record(nanoseconds: 4_000_000, count: 1000)
        return record
    }

    static func sink(lastReceived: Double) -> SinkRecord {
        var record = SinkRecord(
            header: header(SinkRecord.schema, user: 0.02, system: 0.03, memoryMiB: 32, written: 4096),
            listen: "127.0.0.1:2526")
        (record.received, record.receivedBytes, record.lastReceivedUnixSeconds) = (1000, 10_600_000, lastReceived)
        record.ledger = SinkRecord.LedgerSummary(unique: 1000)
        record.series = [
            IntervalSample(unixSeconds: 1001, messages: 500, bytes: 5_300_000, failed: 0, connections: 8),
            IntervalSample(unixSeconds: lastReceived, messages: 500, bytes: 5_300_000, failed: 0, connections: 8),
        ]
        return record
    }

    /// - Parameters:
    ///   - lastReceived: when the last message came to the sink; the first was offered at 1000.
    ///   - text: the profile.
    ///   - system: which of its variants.
    static func run(
        lastAccepted: Double = 1002, lastReceived: Double = 1002.5, repeatIndex: Int = 1, repeats: Int = 1,
        text: String = profileText, name: String = "fixture", system: Int = 0, commit: String = "0123456789",
        bend: (inout MTARecord, inout LedgerAudit) -> Void = { _, _ in }
    ) throws -> RunRecord {
        var sync = LatencyHistogram()
        sync.record(nanoseconds: 200_000, count: 200)
        let machine = MachineFacts(
            cpu: "Test CPU 9000", cores: 2, memoryBytes: 24 << 30, kernel: "6.1.0", fileSystem: "ext4 on /dev/test",
            syncLatency: sync, commit: commit, sysctls: [:], descriptorLimit: 20_000)
        var (mta, audit) = (mta(), LedgerAudit())
        audit.acknowledged = 1000
        let profile = try BenchPlan(text: text, file: "profiles/\(name).yaml", cores: 2).systems[system]
        (mta.spool, mta.durability) = (profile.spool, profile.durability)
        bend(&mta, &audit)
        return RunRecord(
            profile: profile, profileText: text,
            repeatIndex: repeatIndex, repeats: repeats, startedUnixSeconds: 999, machine: machine,
            generator: generator(lastAccepted: lastAccepted), mta: mta, sink: sink(lastReceived: lastReceived),
            audit: audit)
    }
}
