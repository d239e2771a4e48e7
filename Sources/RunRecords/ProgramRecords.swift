package import Measures

/// What every program writes first into its part of a run record.
package struct RecordHeader: Codable, Hashable, Sendable {
    /// `millrace.generator/1`, `millrace.sink/1` or `millrace.mta/1`.
    package var schema: String
    /// `release` or `debug`: a figure from a debug build is not a result.
    package var build: String
    /// The command line, word by word.
    package var arguments: [String]
    package var threads: Int
    package var startedUnixSeconds: Double
    package var endedUnixSeconds: Double
    package var usage: ProcessUsage

    enum CodingKeys: String, CodingKey {
        case schema, build, arguments, threads, usage
        case startedUnixSeconds = "started_unix_s"
        case endedUnixSeconds = "ended_unix_s"
    }

    package init(
        schema: String, arguments: [String], threads: Int,
        startedUnixSeconds: Double, endedUnixSeconds: Double, usage: ProcessUsage
    ) {
        self.schema = schema
        #if DEBUG
            build = "debug"
        #else
            build = "release"
        #endif
        self.arguments = arguments
        self.threads = threads
        self.startedUnixSeconds = startedUnixSeconds
        self.endedUnixSeconds = endedUnixSeconds
        self.usage = usage
    }
}

/// One second of a program's life; counts are of that second, not running totals.
package struct IntervalSample: Codable, Hashable, Sendable {
    /// End of the interval.
    package var unixSeconds: Double
    package var messages: UInt64
    package var bytes: UInt64
    package var failed: UInt64
    /// Connections open at the end of the interval.
    package var connections: Int

    enum CodingKeys: String, CodingKey {
        case messages, bytes, failed, connections
        case unixSeconds = "unix_s"
    }

    package init(unixSeconds: Double, messages: UInt64, bytes: UInt64, failed: UInt64, connections: Int) {
        self.unixSeconds = unixSeconds
        self.messages = messages
        self.bytes = bytes
        self.failed = failed
        self.connections = connections
    }
}

/// `traffic-gen --record`: offered = accepted + refused + failed + in_doubt.
package struct GeneratorRecord: Codable, Sendable {
    package static let schema = "millrace.generator/1"

    package var header: RecordHeader
    package var target: String
    package var concurrency: Int
    package var pipelining: Bool
    package var chunking: Bool
    /// Size asked for; `message_size_bytes` is what a message came to, headers included.
    package var bodySizeBytes: Int
    package var messageSizeBytes: Int
    /// 16 hexadecimal digits: the high half of each message id of this run.
    package var runID: String

    /// Messages begun (MAIL sent).
    package var offered: UInt64
    /// Final reply 2yz.
    package var accepted: UInt64
    /// A reply 4yz or 5yz to MAIL, RCPT, DATA or the content; but for 421 to a MAIL that was then offered again.
    package var refused: UInt64
    /// The connection was lost before the content was complete.
    package var failed: UInt64
    /// Content sent, final reply not seen.
    package var inDoubt: UInt64
    /// Connections that could not be made or were lost.
    package var connectionsFailed: UInt64
    package var acceptedBytes: UInt64

    /// From the first connect to the last final reply.
    package var elapsedSeconds: Double
    /// Wall clock of the first MAIL and of the last final reply.
    package var firstOfferedUnixSeconds: Double
    package var lastAcceptedUnixSeconds: Double

    package var connectLatency: LatencyHistogram
    /// TCP connected to EHLO answered.
    package var readyLatency: LatencyHistogram
    /// MAIL sent to final reply, accepted messages only.
    package var transactionLatency: LatencyHistogram
    package var replies: [ReplyCount]
    package var series: [IntervalSample]
    /// Things the tool distrusts about its own figures ("generator saturated: …").
    package var warnings: [String]

    // Absent from records of before there were any.
    /// From the first connect to the first MAIL.
    package var firstOfferedSeconds: Double?
    package var load: LoadFacts?
    /// Intended begin to final reply, accepted messages only: an open load's latency without coordinated omission.
    package var intendedLatency: LatencyHistogram?
    /// Intended begin to MAIL written: waiting for a connection.
    package var waitLatency: LatencyHistogram?
    /// By stage (`mail`, `rcpt`, `data`, `final`): from the write that asked for the reply to the reply.
    package var stageLatency: [String: LatencyHistogram]?
    /// Messages of an open load that began later than they were due by more than a millisecond, and those that were due
    /// and never began.
    package var lateStarts: UInt64?
    package var droppedStarts: UInt64?
    /// What came before the measured part; not in the latencies above, but in the counts.
    package var warmUp: WarmUpFacts?
    /// `--label`: what the caller says of the run.
    package var labels: [String: String]?
    package var seed: UInt64?
    /// Recipients of accepted messages: those that were taken with them, and those that were refused.
    package var recipientsAccepted: UInt64?
    package var recipientsRefused: UInt64?
    package var connectionsMade: UInt64?
    /// Ended by the target with 421 at MAIL after they had carried messages; those that failed are others.
    package var connectionsClosed: UInt64?
    /// Times that a message was offered once more, on another connection, after such a 421.
    package var offeredAgain: UInt64?
    package var transport: TransportFacts?
    /// Messages refused, by the stage that refused them (`mail`, `rcpt`, `data`, `final`, `http`); and those whose
    /// connection ended, by the stage whose reply did not come.
    package var refusedAt: [String: UInt64]?
    package var unansweredAt: [String: UInt64]?
    /// Seconds in which messages of an open load were due, warm-up included.
    package var windowSeconds: Double?

    enum CodingKeys: String, CodingKey {
        case header, target, concurrency, pipelining, chunking, offered, accepted, refused, failed, replies, series,
            warnings, load, labels, seed, transport
        case recipientsAccepted = "recipients_accepted"
        case recipientsRefused = "recipients_refused"
        case connectionsMade = "connections_made"
        case connectionsClosed = "connections_closed"
        case offeredAgain = "offered_again"
        case refusedAt = "refused_at"
        case unansweredAt = "unanswered_at"
        case windowSeconds = "window_s"
        case intendedLatency = "intended_latency"
        case waitLatency = "wait_latency"
        case stageLatency = "stage_latency"
        case lateStarts = "late_starts"
        case droppedStarts = "dropped_starts"
        case warmUp = "warm_up"
        case bodySizeBytes = "body_size_bytes"
        case messageSizeBytes = "message_size_bytes"
        case runID = "run_id"
        case inDoubt = "in_doubt"
        case connectionsFailed = "connections_failed"
        case acceptedBytes = "accepted_bytes"
        case elapsedSeconds = "elapsed_s"
        case firstOfferedSeconds = "first_offered_s"
        case firstOfferedUnixSeconds = "first_offered_unix_s"
        case lastAcceptedUnixSeconds = "last_accepted_unix_s"
        case connectLatency = "connect_latency"
        case readyLatency = "ready_latency"
        case transactionLatency = "transaction_latency"
    }

    package init(
        header: RecordHeader, target: String, concurrency: Int, pipelining: Bool, chunking: Bool,
        bodySizeBytes: Int, messageSizeBytes: Int, runID: String
    ) {
        self.header = header
        self.target = target
        self.concurrency = concurrency
        self.pipelining = pipelining
        self.chunking = chunking
        self.bodySizeBytes = bodySizeBytes
        self.messageSizeBytes = messageSizeBytes
        self.runID = runID
        (offered, accepted, refused, failed, inDoubt, connectionsFailed, acceptedBytes) = (0, 0, 0, 0, 0, 0, 0)
        (elapsedSeconds, firstOfferedUnixSeconds, lastAcceptedUnixSeconds) = (0, 0, 0)
        (connectLatency, readyLatency, transactionLatency) = (.init(), .init(), .init())
        (replies, series, warnings) = ([], [], [])
        (firstOfferedSeconds, load, intendedLatency, waitLatency, stageLatency) = (nil, nil, nil, nil, nil)
        (lateStarts, droppedStarts, warmUp) = (nil, nil, nil)
        (labels, seed, transport) = (nil, nil, nil)
        (recipientsAccepted, recipientsRefused, connectionsMade) = (nil, nil, nil)
    }
}

/// `sink-mta --record`: contents begun = received + refused; with a ledger received = unique + duplicates + unidentified.
package struct SinkRecord: Codable, Sendable {
    package static let schema = "millrace.sink/1"

    package var header: RecordHeader
    package var listen: String
    package var received: UInt64
    package var receivedBytes: UInt64
    package var refused: UInt64
    package var connections: UInt64
    package var connectionsPeak: Int
    package var firstReceivedUnixSeconds: Double
    package var lastReceivedUnixSeconds: Double
    package var series: [IntervalSample]
    package var ledger: LedgerSummary?

    // Absent from records of before there were any.
    /// The generator's stamp (when the message was due) to the final dot, each message's first arrival.
    package var endToEndLatency: LatencyHistogram?
    /// Replies that were given on purpose or not, by stage and code.
    package var replies: [ReplyCount]?
    /// How often each rule of the behaviour did something, in its order.
    package var rules: [RuleCount]?
    /// Bounces and complaints that went back.
    package var reports: ReportCounts?
    /// The domains that got most; all others together are `other`. Only with a ledger.
    package var domains: [DomainCount]?
    /// Messages whose content began; what is neither received nor refused was still coming.
    package var begun: UInt64?
    /// What went wrong with the sink itself: each ends it with exit code 1.
    package var faults: [String]?

    /// What the ledger found; ids are named in the ledger file.
    package struct LedgerSummary: Codable, Hashable, Sendable {
        package var unique: UInt64
        package var duplicates: UInt64
        /// Checksum did not match.
        package var changed: UInt64
        /// No id header: not from traffic-gen (bounces, other clients).
        package var unidentified: UInt64
        /// Messages answered 250 whose lines could not be written; nil: none.
        package var unwritten: UInt64?

        package init(unique: UInt64 = 0, duplicates: UInt64 = 0, changed: UInt64 = 0, unidentified: UInt64 = 0) {
            self.unique = unique
            self.duplicates = duplicates
            self.changed = changed
            self.unidentified = unidentified
        }
    }

    enum CodingKeys: String, CodingKey {
        case header, listen, received, refused, connections, series, ledger, replies, rules, reports, domains,
            begun, faults
        case endToEndLatency = "end_to_end_latency"
        case receivedBytes = "received_bytes"
        case connectionsPeak = "connections_peak"
        case firstReceivedUnixSeconds = "first_received_unix_s"
        case lastReceivedUnixSeconds = "last_received_unix_s"
    }

    package init(header: RecordHeader, listen: String) {
        self.header = header
        self.listen = listen
        (received, receivedBytes, refused, connections) = (0, 0, 0, 0)
        connectionsPeak = 0
        (firstReceivedUnixSeconds, lastReceivedUnixSeconds) = (0, 0)
        series = []
        ledger = nil
        (endToEndLatency, replies) = (nil, nil)
        (rules, reports, domains) = (nil, nil, nil)
        (begun, faults) = (nil, nil)
    }
}

extension SinkRecord {
    package struct RuleCount: Codable, Hashable, Sendable {
        package var name: String
        package var count: UInt64

        package init(name: String, count: UInt64) {
            self.name = name
            self.count = count
        }
    }

    package struct ReportCounts: Codable, Hashable, Sendable {
        package var sent: UInt64
        /// Refused for good, or tried in vain too often.
        package var failed: UInt64
        package var waiting: UInt64

        package init(sent: UInt64, failed: UInt64, waiting: UInt64) {
            self.sent = sent
            self.failed = failed
            self.waiting = waiting
        }
    }

    package struct DomainCount: Codable, Sendable {
        /// Of a message's first recipient, lower case.
        package var domain: String
        package var received: UInt64
        /// As the record's, of this domain alone.
        package var endToEndLatency: LatencyHistogram
        /// Where ``received`` is less than the domain may have got, since it was out of the table for a time; nil: exact.
        package var receivedAtMost: UInt64?

        enum CodingKeys: String, CodingKey {
            case domain, received
            case receivedAtMost = "received_at_most"
            case endToEndLatency = "end_to_end_latency"
        }

        package init(
            domain: String, received: UInt64, receivedAtMost: UInt64? = nil, endToEndLatency: LatencyHistogram
        ) {
            self.receivedAtMost = receivedAtMost
            self.domain = domain
            self.received = received
            self.endToEndLatency = endToEndLatency
        }
    }
}

/// `mta serve --record`: recovered + accepted + generated = delivered + bounced + queued + quarantined +
/// removed, in recipients; the single-recipient runs of the harness may read them as messages.
package struct MTARecord: Codable, Sendable {
    package static let schema = "millrace.mta/1"

    package var header: RecordHeader
    package var listen: String
    package var smartHost: String
    /// `rocksdb`, …
    package var spool: String
    /// `fsync`, `os` or `deferred`; `none` for a spool without files.
    package var durability: String

    /// Recipients found in the spool at start.
    package var recovered: UInt64
    /// Of these, at most so many may be delivered twice (0 after a clean stop).
    package var possibleDuplicates: UInt64
    /// Recipients of messages answered 250.
    package var accepted: UInt64
    package var acceptedMessages: UInt64
    package var acceptedBytes: UInt64
    /// Recipients of notifications made here (DSN).
    package var generated: UInt64
    package var refused: UInt64
    package var delivered: UInt64
    package var bounced: UInt64
    package var queued: UInt64
    /// Could not be read back and were put aside; nil in records of before there were any.
    package var quarantined: UInt64?
    /// Taken out of the queue by an operator.
    package var removed: UInt64?
    /// Attempts that ended 4yz or without a reply.
    package var deferrals: UInt64
    package var commits: UInt64
    package var commitMessages: UInt64
    /// One group commit, entry to return.
    package var commitLatency: LatencyHistogram
    /// Accepted to delivered.
    package var deliveryLatency: LatencyHistogram
    package var series: [IntervalSample]
    package var faults: [String]

    enum CodingKeys: String, CodingKey {
        case header, listen, spool, durability, recovered, accepted, generated, refused, delivered, bounced, queued
        case quarantined, removed, deferrals, commits, series, faults
        case smartHost = "smart_host"
        case possibleDuplicates = "possible_duplicates"
        case acceptedMessages = "accepted_messages"
        case acceptedBytes = "accepted_bytes"
        case commitMessages = "commit_messages"
        case commitLatency = "commit_latency"
        case deliveryLatency = "delivery_latency"
    }

    package init(header: RecordHeader, listen: String, smartHost: String, spool: String, durability: String) {
        self.header = header
        self.listen = listen
        self.smartHost = smartHost
        self.spool = spool
        self.durability = durability
        (recovered, possibleDuplicates, accepted, acceptedMessages, acceptedBytes) = (0, 0, 0, 0, 0)
        (generated, refused, delivered, bounced, queued) = (0, 0, 0, 0, 0)
        (quarantined, removed) = (nil, nil)
        (deferrals, commits, commitMessages) = (0, 0, 0)
        (commitLatency, deliveryLatency) = (.init(), .init())
        (series, faults) = ([], [])
    }
}
