import MailTypes
import Measures
import RunRecords
import Slabs
import Synchronization

/// One received message, as the ledger notes it:
/// `ID,ok|changed,size_bytes,received_unix_ns,crc32c,source,domain,reply`; `-` for what is not known.
struct LedgerEntry: Sendable {
    var verdict: StampVerifier.Verdict
    var size: Int
    /// The end of the content was read.
    var receivedUnixNanoseconds: UInt64
    /// Of what followed the stamp.
    var checksum: UInt32?
    /// The stamp's.
    var dueUnixNanoseconds: UInt64?
    var source: NetworkAddress?
    /// Of the first recipient.
    var domain: [UInt8]
    var reply: UInt16

    func append(to out: inout [UInt8]) {
        switch verdict {
        case .intact(let id):
            id.appendHex(to: &out)
            out.append(contentsOf: ",ok,".utf8)
        case .changed(let id):
            id.appendHex(to: &out)
            out.append(contentsOf: ",changed,".utf8)
        case .unidentified:
            out.append(contentsOf: "-,ok,".utf8)
        }
        out.append(contentsOf: "\(size),\(receivedUnixNanoseconds),".utf8)
        if let checksum { Self.append(checksum, to: &out) } else { out.append(UInt8(ascii: "-")) }
        out.append(UInt8(ascii: ","))
        out.append(contentsOf: (source?.description ?? "-").utf8)
        out.append(UInt8(ascii: ","))
        // An address literal may hold what ends a field.
        if domain.isEmpty { out.append(UInt8(ascii: "-")) }
        for byte in domain { out.append(byte == 0x2C || byte < 0x20 || byte == 0x22 ? UInt8(ascii: "?") : byte) }
        out.append(contentsOf: ",\(reply)\n".utf8)
    }

    private static func append(_ value: UInt32, to out: inout [UInt8]) {
        for shift in stride(from: 28, through: 0, by: -4) {
            let nibble = UInt8(truncatingIfNeeded: value >> UInt32(shift)) & 15
            out.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
    }
}

/// Whether the ledger can be written; asked on event loops for each message.
final class LedgerState: Sendable {
    private let isBroken = Atomic<Bool>(false)

    /// A message that could not be noted must not be taken.
    static let refusal = SMTPReply(452, .init(4, 3, 1), "The ledger cannot be written")

    var refusal: SMTPReply? { isBroken.load(ordering: .relaxed) ? Self.refusal : nil }

    func set(broken: Bool) { isBroken.store(broken, ordering: .relaxed) }
}

/// Counts and writes what the loops noted; used by one task.
final class SinkLedger {
    private let file: LedgerFile
    private var seen = MessageIDSet()
    private(set) var summary = SinkRecord.LedgerSummary()
    private(set) var latency = LatencyHistogram()
    private(set) var domains = HeavyDomains()
    /// Lines of messages that were taken before it was known that they cannot be written. Tried again; no more come
    /// until they are written, so that there are never more than of the time between two writes.
    private var unwritten: [UInt8] = []
    let state = LedgerState()
    /// The first fault; stays, since messages were refused that nobody wanted refused.
    private(set) var fault: String?

    init(path: String) throws(RecordFault) { file = try LedgerFile(path: path) }

    func append(_ entries: [LedgerEntry]) {
        unwritten.reserveCapacity(entries.count * 96)
        for entry in entries {
            entry.append(to: &unwritten)
            switch entry.verdict {
            case .unidentified: summary.unidentified += 1
            case .changed(let id):
                summary.changed += 1
                count(id, entry)
            case .intact(let id): count(id, entry)
            }
        }
        write()
    }

    private func write() {
        do throws(RecordFault) {
            try file.append(unwritten)
            unwritten.removeAll(keepingCapacity: true)
            state.set(broken: false)
        } catch {
            if fault == nil { fault = error.description }
            state.set(broken: true)
        }
        let lines = unwritten.count { $0 == 0x0A }
        summary.unwritten = lines > 0 ? UInt64(lines) : nil
    }

    private func count(_ id: MessageID, _ entry: LedgerEntry) {
        guard seen.insert(id) else {
            summary.duplicates += 1
            return
        }
        summary.unique += 1
        // Two clocks that differ may put the end before the begin.
        let elapsed = entry.dueUnixNanoseconds.map { max(entry.receivedUnixNanoseconds, $0) - $0 }
        if let elapsed { latency.record(nanoseconds: elapsed) }
        domains.add(entry.domain, latency: elapsed)
    }

    /// Forgets what was counted; the file goes on.
    func reset() {
        seen = MessageIDSet()
        summary = .init()
        latency = .init()
        domains = .init()
    }
}
