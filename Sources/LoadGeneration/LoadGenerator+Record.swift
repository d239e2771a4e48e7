import LoadPacing
import MailTypes
import Measures
import RunRecords

// What is written down at the end of a run.
extension LoadGenerator {
    func makeRecord(_ counts: LoadCounts, _ measures: LoadMeasures, _ effort: LoadEffort) -> GeneratorRecord {
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: GeneratorRecord.schema, arguments: configuration.arguments, threads: configuration.threads,
                startedUnixSeconds: started.seconds, endedUnixSeconds: WallInstant.now().seconds, usage: .current()),
            target: configuration.transport.targets.map(\.text).joined(separator: ","),
            concurrency: configuration.concurrency,
            pipelining: configuration.transport.pipelining, chunking: configuration.transport.chunking,
            bodySizeBytes: configuration.content.size.typical, messageSizeBytes: counts.typicalSize,
            runID: String(MessageID(high: runHigh, low: 0).description.prefix(16)))
        setCounts(of: &record, counts)
        record.elapsedSeconds = counts.lastAccepted == 0 ? 0 : seconds(counts.lastAccepted, since: began)
        record.firstOfferedUnixSeconds = wall(counts.firstOffered)
        record.firstOfferedSeconds = counts.firstOffered == 0 ? nil : seconds(counts.firstOffered, since: began)
        record.lastAcceptedUnixSeconds = wall(counts.lastAccepted)
        (record.connectLatency, record.readyLatency) = (measures.connect.histogram, measures.ready.histogram)
        record.transactionLatency = measures.transaction.histogram
        record.stageLatency = measures.stageLatency
        record.replies = measures.replyCounts
        (record.refusedAt, record.unansweredAt) = (measures.refusedAt, measures.unansweredAt)
        record.series = series.samples
        setLoad(of: &record, counts, measures)
        setTransport(of: &record)
        record.labels = configuration.labels.isEmpty ? nil : configuration.labels
        record.seed = configuration.seed
        record.warnings = LoadWarnings(record: record, lateThoughFree: counts.lateThoughFree, effort: effort).texts
        return record
    }

    private func setCounts(of record: inout GeneratorRecord, _ counts: LoadCounts) {
        (record.offered, record.accepted) = (counts.offered, counts.accepted)
        (record.refused, record.failed) = (counts.refused, counts.failed)
        record.inDoubt = counts.inDoubt
        record.connectionsFailed = counts.connectionsFailed
        record.connectionsMade = counts.connectionsMade
        (record.connectionsClosed, record.offeredAgain) = (counts.connectionsClosed, counts.offeredAgain)
        record.acceptedBytes = counts.acceptedBytes
        record.recipientsAccepted = counts.recipientsAccepted
        record.recipientsRefused = counts.recipientsRefused
    }

    private func setLoad(of record: inout GeneratorRecord, _ counts: LoadCounts, _ measures: LoadMeasures) {
        if let open = configuration.open {
            record.load = LoadFacts(
                model: .open, arrivals: open.arrivals == .poisson ? .poisson : .constant,
                ratePerSecond: open.rate?.perSecond,
                stages: open.stages.map {
                    .init(seconds: $0.seconds, fromPerSecond: $0.fromPerSecond, toPerSecond: $0.toPerSecond)
                })
            (record.intendedLatency, record.waitLatency) = (measures.intended.histogram, measures.wait.histogram)
            (record.lateStarts, record.droppedStarts) = (counts.lateStarts, counts.dropped)
            record.windowSeconds = windowSeconds
        } else {
            record.load = LoadFacts(model: .closed)
        }
        guard configuration.warmUp > 0 else { return }
        record.warmUp = WarmUpFacts(
            seconds: configuration.warmUp, offered: counts.warmUpOffered, accepted: counts.warmUpAccepted,
            transactionLatency: measures.warmUp.histogram)
    }

    /// Of an open load that ended before its time: until then.
    private var windowSeconds: Double? {
        configuration.windowSeconds.map { max(0, min($0, (stoppedAt ?? .now()).seconds(since: began))) }
    }

    private func setTransport(of record: inout GeneratorRecord) {
        let transport = configuration.transport
        record.transport = TransportFacts(
            protocolName: transport.kind.rawValue, tls: transport.encryption.rawValue,
            isAuthenticated: transport.authentication != nil || transport.injection.authorization != nil,
            messagesPerConnection: configuration.messagesPerConnection == .max
                ? nil : configuration.messagesPerConnection,
            batchSize: transport.kind == .http ? transport.injection.batchSize : nil,
            recipients: configuration.recipients)
    }

    private func seconds(_ nanoseconds: UInt64, since earlier: MonotonicInstant) -> Double {
        MonotonicInstant(nanoseconds: nanoseconds).seconds(since: earlier)
    }

    private func wall(_ nanoseconds: UInt64) -> Double {
        nanoseconds == 0 ? 0 : started.seconds + seconds(nanoseconds, since: startedMonotonic)
    }
}
