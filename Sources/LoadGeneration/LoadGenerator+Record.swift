import LoadPacing
import MailTypes
import Measures
package import RunRecords

// What is written down at the end of a run.
extension LoadGenerator {
    /// - Parameter busiestThread: seconds of processor that the busiest event loop has used.
    func makeRecord(_ counts: LoadCounts, _ measures: LoadMeasures, busiestThread: Double) -> GeneratorRecord {
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
        record.series = series.samples
        setLoad(of: &record, counts, measures)
        setTransport(of: &record)
        record.labels = configuration.labels.isEmpty ? nil : configuration.labels
        record.seed = configuration.seed
        record.warnings =
            LoadWarnings(
                record: record, lateThoughFree: counts.lateThoughFree, busiestThread: busiestThread
            ).texts
        return record
    }

    private func setCounts(of record: inout GeneratorRecord, _ counts: LoadCounts) {
        (record.offered, record.accepted) = (counts.offered, counts.accepted)
        (record.refused, record.failed) = (counts.refused, counts.failed)
        record.inDoubt = counts.inDoubt
        record.connectionsFailed = counts.connectionsFailed
        record.connectionsMade = counts.connectionsMade
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
        } else {
            record.load = LoadFacts(model: .closed)
        }
        guard configuration.warmUp > 0 else { return }
        record.warmUp = WarmUpFacts(
            seconds: configuration.warmUp, offered: counts.warmUpOffered, accepted: counts.warmUpAccepted,
            transactionLatency: measures.warmUp.histogram)
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

/// What the generator distrusts about its own figures.
package struct LoadWarnings {
    private let record: GeneratorRecord
    private let lateThoughFree: UInt64
    private let busiestThread: Double

    /// - Parameters:
    ///   - lateThoughFree: messages that began late though a connection was free.
    ///   - busiestThread: seconds of processor that the busiest event loop has used.
    package init(record: GeneratorRecord, lateThoughFree: UInt64, busiestThread: Double) {
        self.record = record
        self.lateThoughFree = lateThoughFree
        self.busiestThread = busiestThread
    }

    package var texts: [String] {
        var found: [String] = []
        if record.header.build == "debug" { found.append("debug build: not a measurement") }
        if let text = saturation { found.append(text) }
        if lateThoughFree > 0, Double(lateThoughFree) > 0.001 * Double(record.offered) {
            found.append(
                "\(grouped(lateThoughFree)) messages began more than 1 ms late though a connection was free: this "
                    + "machine or the generator was too slow, not the target")
        }
        if let dropped = record.droppedStarts, dropped > 0 {
            found.append(
                "\(grouped(dropped)) messages were due and never began: the load was above what the connections carry, "
                    + "and the latencies leave these out")
        }
        if record.elapsedSeconds < 1 { found.append("run too short: \(fixed(record.elapsedSeconds, 3)) s") }
        return found
    }

    private var saturation: String? {
        guard record.elapsedSeconds > 0 else { return nil }
        let threads = record.header.threads
        let all = record.header.usage.cpuSeconds / (record.elapsedSeconds * Double(threads))
        let one = busiestThread / record.elapsedSeconds
        if all > 0.9 {
            return "generator saturated: it used \(fixed(all * 100, 0)) % of its \(threads) threads"
        }
        return one > 0.9
            ? "generator saturated: one of its \(threads) threads used \(fixed(one * 100, 0)) % of a processor" : nil
    }
}
