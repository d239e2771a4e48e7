import Measures
import RunRecords
import SMTPProtocol

/// How one offered message ended.
enum Outcome: String, Sendable { case accepted, refused, failed, inDoubt = "in_doubt" }

/// What one event loop of the generator counts. Confined to its loop; read by ``LoadLoop/snapshot()``.
struct LoadCounts: Sendable {
    var offered: UInt64 = 0
    var accepted: UInt64 = 0
    var refused: UInt64 = 0
    var failed: UInt64 = 0
    var inDoubt: UInt64 = 0
    var acceptedBytes: UInt64 = 0
    var connectionsFailed: UInt64 = 0
    var connectionsMade: UInt64 = 0
    /// Those that the target ended with 421 at MAIL, after they had carried others.
    var connectionsClosed: UInt64 = 0
    /// How often a message was offered once more after such a 421.
    var offeredAgain: UInt64 = 0
    /// Recipients of accepted messages, taken and refused.
    var recipientsAccepted: UInt64 = 0
    var recipientsRefused: UInt64 = 0
    /// Begun more than a millisecond after they were due, and those of them for which a connection was free.
    var lateStarts: UInt64 = 0
    var lateThoughFree: UInt64 = 0
    /// Due when the run ended, and never begun.
    var dropped: UInt64 = 0
    var warmUpOffered: UInt64 = 0
    var warmUpAccepted: UInt64 = 0
    var warmUpBytes: UInt64 = 0
    /// Connections in use, and those still to be opened.
    var open = 0
    var connecting = 0
    /// CLOCK_MONOTONIC; 0 before.
    var firstOffered: UInt64 = 0
    var lastAccepted: UInt64 = 0
    var messageSize = 0

    /// Of an accepted message, in the middle; of any where none was accepted.
    var typicalSize: Int { accepted > 0 ? Int(acceptedBytes / accepted) : messageSize }

    var notAccepted: UInt64 { refused + failed + inDoubt }

    mutating func add(_ other: LoadCounts) {
        for field in Self.sums { self[keyPath: field] += other[keyPath: field] }
        open += other.open
        connecting += other.connecting
        if firstOffered == 0 || (other.firstOffered > 0 && other.firstOffered < firstOffered) {
            firstOffered = other.firstOffered
        }
        lastAccepted = max(lastAccepted, other.lastAccepted)
        messageSize = max(messageSize, other.messageSize)
    }

    private static var sums: [WritableKeyPath<LoadCounts, UInt64>] {
        [
            \.offered, \.accepted, \.refused, \.failed, \.inDoubt, \.acceptedBytes, \.connectionsFailed,
            \.connectionsMade, \.connectionsClosed, \.offeredAgain, \.recipientsAccepted, \.recipientsRefused,
            \.lateStarts, \.lateThoughFree, \.dropped,
            \.warmUpOffered, \.warmUpAccepted, \.warmUpBytes,
        ]
    }
}

/// Latencies and replies, gathered at the end.
struct LoadMeasures: Sendable {
    var connect = LatencyCounter()
    var ready = LatencyCounter()
    var transaction = LatencyCounter()
    /// Of an open load only.
    var intended = LatencyCounter()
    var wait = LatencyCounter()
    var warmUp = LatencyCounter()
    /// By ``TransactionStage``.
    private var mail = LatencyCounter()
    private var recipient = LatencyCounter()
    private var data = LatencyCounter()
    private var final = LatencyCounter()
    private var replies: [ReplyKey: (count: UInt64, text: String)] = [:]
    /// The replies that nearly every message gets, counted without a look-up.
    var usual = (mail250: UInt64(0), recipient250: UInt64(0), data354: UInt64(0), final250: UInt64(0))
    /// Messages by the stage at which they were refused; and those whose connection ended, by the stage whose reply they
    /// did not get.
    private(set) var refusedAt: [String: UInt64] = [:]
    private(set) var unansweredAt: [String: UInt64] = [:]

    private struct ReplyKey: Hashable {
        var stage: String
        var code: Int
    }

    mutating func note(_ stage: String, _ code: Int, count: UInt64 = 1, _ text: @autoclosure () -> String) {
        let key = ReplyKey(stage: stage, code: code)
        replies[key, default: (0, text())].count += count
        if replies[key]!.text.isEmpty { replies[key]!.text = text() }
    }

    mutating func noteRefused(at stage: String) { refusedAt[stage, default: 0] += 1 }
    mutating func noteUnanswered(at stage: String) { unansweredAt[stage, default: 0] += 1 }

    /// By verb, of an accepted message: from the write that asked for a reply to the reply.
    mutating func record(_ trace: ReplyTrace, began: UInt64, ended: UInt64, isPipelined: Bool) {
        mail.record(nanoseconds: span(began, trace.mail))
        recipient.record(nanoseconds: span(isPipelined ? began : trace.mail, trace.recipient))
        if trace.data != 0 {
            data.record(nanoseconds: span(isPipelined ? began : trace.recipient, trace.data))
        }
        // BDAT goes out with the envelope where that is pipelined, and behind the last RCPT's reply elsewhere.
        let written = trace.data != 0 ? trace.data : isPipelined ? began : trace.recipient
        final.record(nanoseconds: span(written, ended))
    }

    private func span(_ from: UInt64, _ to: UInt64) -> UInt64 { to > from ? to - from : 0 }

    mutating func merge(_ other: LoadMeasures) {
        for histogram in Self.histograms { self[keyPath: histogram].merge(other[keyPath: histogram]) }
        usual.mail250 += other.usual.mail250
        usual.recipient250 += other.usual.recipient250
        usual.data354 += other.usual.data354
        usual.final250 += other.usual.final250
        refusedAt.merge(other.refusedAt, uniquingKeysWith: +)
        unansweredAt.merge(other.unansweredAt, uniquingKeysWith: +)
        for (key, value) in other.replies { note(key.stage, key.code, count: value.count, value.text) }
    }

    private static var histograms: [WritableKeyPath<LoadMeasures, LatencyCounter>] {
        [
            \.connect, \.ready, \.transaction, \.intended, \.wait, \.warmUp,
            \.mail, \.recipient, \.data, \.final,
        ]
    }

    /// Of those stages that there were.
    var stageLatency: [String: LatencyHistogram] {
        ["mail": mail, "rcpt": recipient, "data": data, "final": final].mapValues(\.histogram)
            .filter { $0.value.count > 0 }
    }

    /// All replies with how often they came, in the order of stages and codes.
    var replyCounts: [ReplyCount] {
        var all = self
        for (stage, code, count) in [
            ("mail", 250, usual.mail250), ("rcpt", 250, usual.recipient250), ("data", 354, usual.data354),
            ("final", 250, usual.final250),
        ] where count > 0 { all.note(stage, code, count: count, "") }
        return all.replies.filter { $0.value.count > 0 }
            .map { ReplyCount(stage: $0.key.stage, code: $0.key.code, count: $0.value.count, firstText: $0.value.text) }
            .sorted { ($0.stage, $0.code) < ($1.stage, $1.code) }
    }
}
