import MailTypes
import Measures
import RunRecords
import Slabs

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

/// Counts and writes what the loops noted; used by one task.
final class SinkLedger {
    private let file: LedgerFile
    private var seen = MessageIDSet()
    private(set) var summary = SinkRecord.LedgerSummary()
    private(set) var latency = LatencyHistogram()
    private(set) var domains = DomainTable()

    init(path: String) throws { file = try LedgerFile(path: path) }

    func append(_ entries: [LedgerEntry]) throws {
        var lines: [UInt8] = []
        lines.reserveCapacity(entries.count * 96)
        for entry in entries {
            entry.append(to: &lines)
            switch entry.verdict {
            case .unidentified: summary.unidentified += 1
            case .changed(let id):
                summary.changed += 1
                count(id, entry)
            case .intact(let id): count(id, entry)
            }
        }
        try file.append(lines)
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

    func close() { file.close() }
}

/// Messages and latencies by domain: the domains that come first have a row of their own, all others one together. With
/// weighted domains the heavy ones come first.
struct DomainTable {
    static let most = 40
    static let other = "other"
    private struct Row {
        var received: UInt64 = 0
        var latency = LatencyHistogram()
    }
    private var rows: [[UInt8]: Row] = [:]
    private var rest = Row()

    mutating func add(_ domain: [UInt8], latency: UInt64?) {
        let name = domain.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard rows[name] != nil || rows.count < Self.most else { return Self.add(to: &rest, latency) }
        Self.add(to: &rows[name, default: Row()], latency)
    }

    private static func add(to row: inout Row, _ latency: UInt64?) {
        row.received += 1
        if let latency { row.latency.record(nanoseconds: latency) }
    }

    /// The most received first; `other` last.
    var counts: [SinkRecord.DomainCount] {
        let named = rows.map {
            SinkRecord.DomainCount(
                domain: String(decoding: $0.key, as: UTF8.self), received: $0.value.received,
                endToEndLatency: $0.value.latency)
        }.sorted { ($0.received, $1.domain) > ($1.received, $0.domain) }
        guard rest.received > 0 else { return named }
        return named + [
            SinkRecord.DomainCount(domain: Self.other, received: rest.received, endToEndLatency: rest.latency)
        ]
    }
}
