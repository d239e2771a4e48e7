import Foundation
import MailTypes
import Measures
import ResultStore
import RunRecords
import RunReporting

/// A result of 1,000 messages with everything that one can have, in which all agrees; the tests tamper with copies.
enum GoodResult {
    /// 2026-11-20 12:00:00 UTC.
    static let started = 1_795_176_000.0
    static let messages: UInt64 = 1000
    static let profileText = """
        question: Is all of it as it was?
        messages: 1000
        message_size: 10KB
        connections: 20
        threads: {generator: 1, mta: 1, sink: 1}
        mta: {spool: rocksdb}
        variants:
          - {spool: rocksdb}
          - {name: loose, durability: os}

        """

    static let definition = """
        title: Millrace
        about: a relay
        executables: [mta]
        parameters: {spool: segment, durability: fsync}
        files:
          etc/mta.yaml: |
            hostname: mta.test
            spool: {{ spool }}
            {% if durability != "none" %}durability: {{ durability }}
            {% endif %}
        start: [mta, serve]
        record: mta.json
        variants:
          - {name: rocksdb-fsync, spool: rocksdb, promise: fsync, parameters: {spool: rocksdb, durability: fsync}}
          - {name: rocksdb-os, spool: rocksdb, promise: os, parameters: {spool: rocksdb, durability: os}}
          - {name: memory, spool: memory, promise: none, parameters: {spool: memory, durability: none}}

        """

    // MARK: The record

    /// - Parameters:
    ///   - variant: 0 is on disk before its 250, 1 is not.
    ///   - repeatIndex: a run begins 100 s after the one before it.
    static func record(variant: Int = 0, repeatIndex: Int = 1, repeats: Int = 1) throws -> RunRecord {
        let begin = started + Double((repeatIndex - 1) * 2 + variant) * 100
        let profile = try BenchPlan(text: profileText, file: "good.yaml", cores: 2).systems[variant]
        var audit = LedgerAudit()
        audit.acknowledged = messages
        var record = RunRecord(
            profile: profile, profileText: profileText, repeatIndex: repeatIndex, repeats: repeats,
            startedUnixSeconds: begin, machine: machine(), generator: generator(begin),
            mta: mta(begin, profile.durability), sink: sink(begin), audit: audit)
        record.order = RunPosition(variant + 1, of: 2)
        record.system = SystemFacts(
            name: "mta", variant: profile.variant ?? "", title: "Millrace", version: "1", spool: "rocksdb",
            promise: variant == 0 ? .fsync : .os, definition: definition,
            files: [
                "etc/mta.yaml": "hostname: mta.test\nspool: rocksdb\ndurability: \(profile.durability)\n"
            ])
        record.resources = resources(begin)
        record.evidence = DurabilityEvidence(
            method: "strace", messages: 20, syncs: SyncCounts(calls: variant == 0 ? ["fdatasync": 21] : [:]),
            verdict: variant == 0 ? .syncsEachMessage : .doesNotSync)
        record.phases = [RunPhase("drained", unixSeconds: begin + 3.4)]
        record.conditions = []
        record.deviceWriteBytes = 21_000_000
        record.ledgers = LedgerFacts(kept: true, reason: nil)
        return record
    }

    static func machine() -> MachineFacts {
        MachineFacts(
            cpu: "Test CPU 9000", cores: 2, memoryBytes: 24 << 30, kernel: "6.1.0", fileSystem: "ext4 on /dev/test",
            syncLatency: histogram([(180_000, 150), (240_000, 50)]), commit: "0123456789",
            sysctls: ["net.core.somaxconn": "4096"], descriptorLimit: 20_000)
    }

    static func histogram(_ values: [(UInt64, UInt64)]) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for (value, count) in values { histogram.record(nanoseconds: value, count: count) }
        return histogram
    }

    private static func header(_ schema: String, _ begin: Double, cpu: (Double, Double), _ words: [String])
        -> RecordHeader
    {
        var header = RecordHeader(
            schema: schema, arguments: words, threads: 1, startedUnixSeconds: begin + 0.2, endedUnixSeconds: begin + 4,
            usage: ProcessUsage(
                cpuUserSeconds: cpu.0, cpuSystemSeconds: cpu.1, memoryPeakBytes: 64 << 20, diskWriteBytes: 4096))
        // The record says how these tests were built; here it stands for a program of its own.
        header.build = "release"
        return header
    }

    private static func generator(_ begin: Double) -> GeneratorRecord {
        var record = GeneratorRecord(
            header: header(
                GeneratorRecord.schema, begin, cpu: (0.5, 0.3),
                ["traffic-gen", "--concurrency", "20", "--message-count", "1000", "--body-size", "10000"]),
            target: "127.0.0.1:2525", concurrency: 20, pipelining: true, chunking: false, bodySizeBytes: 10_000,
            messageSizeBytes: 10_500, runID: String(MessageID(high: runHigh, low: 0).description.prefix(16)))
        (record.offered, record.accepted, record.acceptedBytes) = (messages, messages, messages * 10_500)
        record.firstOfferedUnixSeconds = begin + 0.5
        record.lastAcceptedUnixSeconds = begin + 2.9
        record.elapsedSeconds = 2.7
        record.firstOfferedSeconds = 0.3
        record.connectLatency = histogram([(100_000, 20)])
        record.readyLatency = histogram([(300_000, 20)])
        record.transactionLatency = histogram([
            (12_345_678, 400), (20_123_456, 300), (37_654_321, 290), (45_111_222, 10),
        ])
        record.replies = [
            reply("final", 250, "2.0.0 queued"), reply("data", 354), reply("mail", 250), reply("rcpt", 250),
        ]
        (record.refusedAt, record.unansweredAt) = ([:], [:])
        record.series = [
            IntervalSample(unixSeconds: begin + 1.2, messages: 300, bytes: 3_150_000, failed: 0, connections: 20),
            IntervalSample(unixSeconds: begin + 2.2, messages: 450, bytes: 4_725_000, failed: 0, connections: 20),
            IntervalSample(unixSeconds: begin + 3.2, messages: 250, bytes: 2_625_000, failed: 0, connections: 0),
        ]
        return record
    }

    private static func reply(
        _ stage: String, _ code: Int, _ text: String = "", count: UInt64 = messages
    ) -> ReplyCount { ReplyCount(stage: stage, code: code, count: count, firstText: text) }

    private static func mta(_ begin: Double, _ durability: String) -> MTARecord {
        var record = MTARecord(
            header: header(
                MTARecord.schema, begin, cpu: (0.9, 0.6),
                ["mta", "serve", "--spool", "rocksdb", "--durability", durability]),
            listen: "127.0.0.1:2525", smartHost: "127.0.0.1:2526", spool: "rocksdb", durability: durability)
        (record.accepted, record.acceptedMessages, record.delivered) = (messages, messages, messages)
        record.acceptedBytes = messages * 10_500
        (record.commits, record.commitMessages) = (80, messages)
        record.commitLatency = histogram([(500_000, 70), (900_000, 30)])
        record.deliveryLatency = histogram([(4_000_000, 900), (8_000_000, 100)])
        record.series = [
            IntervalSample(unixSeconds: begin + 1.2, messages: 290, bytes: 3_150_000, failed: 0, connections: 20),
            IntervalSample(unixSeconds: begin + 2.2, messages: 450, bytes: 4_725_000, failed: 0, connections: 20),
            IntervalSample(unixSeconds: begin + 3.2, messages: 260, bytes: 2_625_000, failed: 0, connections: 0),
        ]
        return record
    }

    private static func sink(_ begin: Double) -> SinkRecord {
        var record = SinkRecord(
            header: header(SinkRecord.schema, begin, cpu: (0.1, 0.1), ["sink-mta"]), listen: "127.0.0.1:2526")
        (record.received, record.receivedBytes) = (messages, messages * 10_600)
        record.begun = messages
        record.replies = [
            reply("greeting", 220, count: 8), reply("ehlo", 250, count: 8), reply("mail", 250), reply("rcpt", 250),
            reply("data", 354), reply("final", 250),
        ]
        (record.connections, record.connectionsPeak) = (8, 8)
        (record.firstReceivedUnixSeconds, record.lastReceivedUnixSeconds) = (begin + 0.52, begin + 3)
        record.ledger = SinkRecord.LedgerSummary(unique: messages)
        record.endToEndLatency = histogram([(21_000_000, 800), (52_000_000, 199), (145_111_222, 1)])
        record.series = [
            IntervalSample(unixSeconds: begin + 1.2, messages: 280, bytes: 2_968_000, failed: 0, connections: 8),
            IntervalSample(unixSeconds: begin + 2.2, messages: 450, bytes: 4_770_000, failed: 0, connections: 8),
            IntervalSample(unixSeconds: begin + 3.2, messages: 270, bytes: 2_862_000, failed: 0, connections: 8),
        ]
        return record
    }

    private static func resources(_ begin: Double) -> ResourceRecord {
        var record = ResourceRecord(method: "/proc, by tree of processes")
        let used: [(ResourceRecord.Group, Double, Double)] = [
            (.generator, 0.5, 0.3), (.system, 0.9, 0.6), (.sink, 0.1, 0.1),
        ]
        for (group, user, system) in used {
            var usage = GroupUsage()
            (usage.cpuUserSeconds, usage.cpuSystemSeconds, usage.memoryPeakBytes) = (user, system, 60 << 20)
            record[group] = usage
        }
        for second in 1...4 {
            var sample = ResourceSample(unixSeconds: begin + Double(second))
            for (group, user, system) in used {
                sample.cpuUserSeconds[group.rawValue] = user / 4
                sample.cpuSystemSeconds[group.rawValue] = system / 4
                sample.memoryBytes[group.rawValue] = UInt64(15 * second) << 20
            }
            (sample.deviceWriteBytes, sample.loopbackBytes) = (5_250_000, 5_500_000)
            record.samples.append(sample)
        }
        (record.loopbackBytes, record.deviceWriteBytes, record.deviceWrites) = (22_000_000, 21_000_000, 900)
        return record
    }

    // MARK: The ledgers

    private static let transactions: [(UInt64, UInt64)] = [
        (12_345_678, 400), (20_123_456, 300), (37_654_321, 290), (45_111_222, 10),
    ]

    private static let runHigh = UInt64(started * 1000) << 16 | 7

    private static func id(_ sequence: UInt64) -> String { MessageID(high: runHigh, low: sequence).description }

    /// Due, begun and ended in nanoseconds since 1970: latencies as in the record, begun all over the run.
    private static func times(_ begin: Double, _ sequence: UInt64) -> (due: UInt64, begun: UInt64, ended: UInt64) {
        let latency = transactions.reduce((left: sequence, value: UInt64(0))) { found, next in
            if found.value > 0 { return found }
            return found.left < next.1 ? (0, next.0) : (found.left - next.1, 0)
        }.value
        // The first begins half a second after the run, the last one ends 2.9 s after it.
        let begun = sequence == 0 ? 500_000_000 : 2_900_000_000 - latency - (messages - 1 - sequence) * 1_000_000
        let start = UInt64(begin) * 1_000_000_000
        return (start + begun, start + begun, start + begun + latency)
    }

    /// - Parameter begin: of the run.
    static func generatorLedger(_ begin: Double) -> String {
        (0..<messages).map {
            let times = times(begin, $0)
            return "\(id($0)),accepted,\(times.due),\(times.begun),\(times.ended)\n"
        }.joined()
    }

    static func sinkLedger(_ begin: Double) -> String {
        (0..<messages).reversed().map {
            // The last one that is sent is the last that comes.
            let late: UInt64 = $0 == messages - 1 ? 145_111_222 : $0 < 800 ? 21_000_000 : 52_000_000
            return "\(id($0)),ok,10600,\(times(begin, $0).due + late),0badcafe,127.0.0.1,a.test,250\n"
        }.joined()
    }

    // MARK: The directory

    /// All files of a run, sealed.
    static func bundle(_ record: RunRecord, name: String? = nil) throws -> ResultBundle {
        var bundle = ResultBundle(name: try name ?? directoryName(record), files: DerivedFiles.of(record))
        bundle.files[ResultBundle.recordName] = try JSONEncoder.ofRecords.encode(record).map { $0 }
        let packed = try LedgerStore.pack(
            generator: Array(generatorLedger(record.startedUnixSeconds).utf8),
            sink: Array(sinkLedger(record.startedUnixSeconds).utf8), isValid: record.invalid.isEmpty)
        bundle.files.merge(packed.files) { _, new in new }
        bundle.files["report.md"] = Array(try ReportTable([record]).render(.markdown).utf8)
        var environment = EnvironmentFacts()
        (environment.cores, environment.memoryBytes, environment.commit) = (2, 24 << 30, "0123456789")
        bundle.files["environment.json"] = try JSONEncoder.ofRecords.encode(environment).map { $0 }
        bundle.seal()
        return bundle
    }

    /// Two variants, two repeats each, with their tables.
    static func comparison() throws -> ResultBundle {
        var records: [RunRecord] = []
        for index in 1...2 {
            for variant in 0...1 { records.append(try record(variant: variant, repeatIndex: index, repeats: 2)) }
        }
        var bundle = ResultBundle(
            name: "20261120T120000Z_good_0123456789", files: [:], runs: try records.map { try Self.bundle($0) })
        try bundle.writeTables(records)
        bundle.seal()
        return bundle
    }

    private static func directoryName(_ record: RunRecord) throws -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withYear, .withMonth, .withDay, .withTime, .withTimeZone]
        let time = formatter.string(from: Date(timeIntervalSince1970: record.startedUnixSeconds))
        return "\(time)_good_\(record.systemLabel)_\(record.machine.commit)"
    }
}

extension JSONEncoder {
    static var ofRecords: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

extension ResultBundle {
    /// As anybody can who has `sha256sum`.
    mutating func seal() {
        for run in runs {
            files[run.name + "/" + ResultManifest.fileName] = run.files[ResultManifest.fileName]
        }
        files[ResultManifest.fileName] = Array(ResultManifest(files).text.utf8)
    }

    mutating func writeTables(_ records: [RunRecord]) throws {
        let table = try ReportTable(records, layout: .comparison)
        for (format, suffix) in [(TableFormat.text, "txt"), (.markdown, "md"), (.csv, "csv"), (.json, "json")] {
            files["comparison." + suffix] = Array(try table.render(format).utf8)
        }
    }
}
