import Foundation
import MailTypes
package import Measures
package import RunRecords

/// When each message was due, acknowledged and delivered, by both ledgers. Nanoseconds since 1970.
package struct LedgerTimes: Sendable {
    package struct Message: Sendable {
        package var due: UInt64
        package var ended: UInt64
        package var isAccepted: Bool
        /// Its first arrival at the sink.
        package var received: UInt64?
    }

    package private(set) var messages: [Message] = []

    /// - Parameters:
    ///   - generator: `ID,FATE,due_unix_ns,begun_unix_ns,ended_unix_ns` lines.
    ///   - sink: `ID,ok|changed,size_bytes,received_unix_ns,…` lines.
    package init(generator: [UInt8], sink: [UInt8]) {
        var arrivals: [MessageID: UInt64] = [:]
        Self.forEachLine(sink) { id, fields in
            guard fields.count > 2, let time = Self.number(fields[2]) else { return }
            arrivals[id] = min(arrivals[id] ?? .max, time)
        }
        Self.forEachLine(generator) { id, fields in
            guard fields.count > 3, let due = Self.number(fields[1]), let ended = Self.number(fields[3]) else { return }
            messages.append(
                Message(
                    due: due, ended: ended, isAccepted: fields[0].elementsEqual("accepted".utf8),
                    received: arrivals[id]))
        }
    }

    package init(generatorFile: String, sinkFile: String) throws(RecordFault) {
        self.init(generator: try LedgerComparison.read(generatorFile), sink: try LedgerComparison.read(sinkFile))
    }

    private static func forEachLine(_ bytes: [UInt8], _ body: (MessageID, [ArraySlice<UInt8>]) -> Void) {
        for line in bytes.split(separator: 0x0A) {
            let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard let first = fields.first, let id = MessageID(hex: first) else { continue }
            body(id, Array(fields.dropFirst()))
        }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: text, as: UTF8.self))
    }

    // MARK: Latency

    /// Due to received, first arrivals only.
    /// - Parameter count: so many that were due first are left out: those of the load's warm-up.
    package func endToEnd(afterFirst count: UInt64) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for message in messages.sorted(by: { $0.due < $1.due }).dropFirst(Int(clamping: count)) {
            guard let received = message.received else { continue }
            // Two clocks that differ may put the end before the begin.
            histogram.record(nanoseconds: max(received, message.due) - message.due)
        }
        return histogram
    }

    // MARK: Backlog

    /// Shorter pauses between deliveries are none.
    private static let leastPause: UInt64 = 1_000_000_000

    /// Nil where nothing was accepted and delivered.
    package var backlog: BacklogFacts? {
        let accepted = messages.filter(\.isAccepted)
        let begins = accepted.map(\.ended).sorted()
        // The sink may see a message before the generator hears that it is accepted.
        let ends = accepted.compactMap { message in message.received.map { max($0, message.ended) } }.sorted()
        guard !begins.isEmpty, !ends.isEmpty else { return nil }
        var (waiting, peak, peakAt, done) = (0, 0, begins[0], 0)
        for begin in begins {
            while done < ends.count, ends[done] < begin {
                waiting -= 1
                done += 1
            }
            waiting += 1
            if waiting > peak { (peak, peakAt) = (waiting, begin) }
        }
        var facts = BacklogFacts(peak: UInt64(peak), peakUnixSeconds: Self.seconds(peakAt))
        let pause = zip(ends, ends.dropFirst()).max { $0.1 - $0.0 < $1.1 - $1.0 }
        if let (from, to) = pause, to - from >= Self.leastPause {
            facts.stoppedUnixSeconds = Self.seconds(from)
            facts.resumedUnixSeconds = Self.seconds(to)
        }
        guard ends.count == begins.count else { return facts }
        finish(&facts, begins, ends)
        return facts
    }

    /// When the backlog was gone for good after its peak, or after the pause if that ended later.
    private func finish(_ facts: inout BacklogFacts, _ begins: [UInt64], _ ends: [UInt64]) {
        let from = max(facts.peakUnixSeconds, facts.resumedUnixSeconds ?? 0)
        // The n-th delivery empties the queue if no more than n messages had been accepted by then.
        for (index, end) in ends.enumerated() where Self.seconds(end) >= from {
            guard index + 1 == begins.count || begins[index + 1] > end else { continue }
            facts.emptyUnixSeconds = Self.seconds(end)
            let start = facts.resumedUnixSeconds ?? facts.peakUnixSeconds
            let delivered = ends.count { Self.seconds($0) >= start && $0 <= end }
            let elapsed = Self.seconds(end) - start
            facts.drainPerSecond = elapsed > 0 ? Double(delivered) / elapsed : nil
            return
        }
    }

    package static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }

    // MARK: Crash

    /// Adds what the ledgers show of it.
    package func complete(_ crash: inout CrashFacts) {
        let (killed, restart) = (crash.killedUnixSeconds, crash.restartUnixSeconds)
        crash.waitingAtKill = UInt64(
            messages.count {
                $0.isAccepted && Self.seconds($0.ended) <= killed
                    && ($0.received.map { Self.seconds($0) > killed } ?? true)
            })
        crash.firstDeliveryUnixSeconds = messages.compactMap(\.received).map(Self.seconds).filter { $0 > restart }.min()
    }
}
