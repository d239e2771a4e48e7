import MailTypes
import RunRecords

/// One received message, as the ledger notes it: `ID,ok|changed,size_bytes`; `-` for an id that is not there.
struct LedgerEntry {
    var verdict: StampVerifier.Verdict
    var size: Int

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
        out.append(contentsOf: String(size).utf8)
        out.append(0x0A)
    }
}

/// Counts and writes what the loops noted; used by one task.
final class SinkLedger {
    private let file: LedgerFile
    private var seen: Set<MessageID> = []
    private(set) var summary = SinkRecord.LedgerSummary()

    init(path: String) throws { file = try LedgerFile(path: path) }

    func append(_ entries: [LedgerEntry]) throws {
        var lines: [UInt8] = []
        lines.reserveCapacity(entries.count * 48)
        for entry in entries {
            entry.append(to: &lines)
            switch entry.verdict {
            case .unidentified: summary.unidentified += 1
            case .changed(let id):
                summary.changed += 1
                count(id)
            case .intact(let id): count(id)
            }
        }
        try file.append(lines)
    }

    private func count(_ id: MessageID) {
        if seen.insert(id).inserted { summary.unique += 1 } else { summary.duplicates += 1 }
    }

    func close() { file.close() }
}
