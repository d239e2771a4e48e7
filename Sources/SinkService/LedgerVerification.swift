import Foundation
package import MailTypes
package import RunRecords
import Slabs

/// What a sink's ledger says about what a generator sent, in memory that grows by bits a message: the ledgers are read
/// in pieces.
package struct LedgerVerification {
    /// Ids acknowledged by the generator, and what became of them.
    package private(set) var audit = LedgerAudit()
    /// Messages that arrived, copies included.
    package private(set) var received: UInt64 = 0
    /// Arrived without being acknowledged: in doubt at the generator, which may happen, or refused, which must not.
    package private(set) var unacknowledged: UInt64 = 0

    private var seen = MessageIDSet()

    /// One thing that is wrong: `lost 0193…`.
    package typealias Report = (_ what: String, _ id: MessageID) -> Void

    /// Reads the sink's ledger, then holds the generator's ledger or record against it.
    /// - Parameters:
    ///   - sink: `ID,ok|changed,…` lines.
    ///   - sent: `ID,accepted|refused|failed|in_doubt` lines, or a record (JSON), which knows only how many were
    ///     acknowledged: then what did not arrive of the run's ids is `missing` where some of them were not
    ///     acknowledged.
    ///   - report: told of each id as it is found.
    /// - Throws: ``RecordFault`` that names file and line.
    package init(sink: String, sent: String, report: Report) throws(RecordFault) {
        try read(sink, report)
        if try Self.isRecord(sent) {
            try compare(try Self.record(sent), report)
        } else {
            try compareLedger(sent, report)
        }
    }

    /// Nothing was lost, doubled or changed.
    package var isClean: Bool { audit.lost == 0 && audit.doubled == 0 && audit.changed == 0 }

    private mutating func read(_ path: String, _ report: Report) throws(RecordFault) {
        var doubled = MessageIDSet()
        try LedgerLines.forEach(path) { id, rest in
            received += 1
            if !seen.insert(id), doubled.insert(id) {
                audit.doubled += 1
                report("doubled", id)
            }
            if rest.starts(with: "changed".utf8) {
                audit.changed += 1
                report("changed", id)
            }
        }
    }

    private mutating func compareLedger(_ path: String, _ report: Report) throws(RecordFault) {
        try LedgerLines.forEach(path) { id, rest in
            guard rest.prefix(while: { $0 != UInt8(ascii: ",") }).elementsEqual("accepted".utf8) else {
                if seen.contains(id) { unacknowledged += 1 }
                return
            }
            audit.acknowledged += 1
            if !seen.contains(id) {
                audit.lost += 1
                report("lost", id)
            }
        }
    }

    private mutating func compare(_ record: GeneratorRecord, _ report: Report) throws(RecordFault) {
        audit.acknowledged = record.accepted
        guard record.runID.count == 16, let high = UInt64(record.runID, radix: 16) else {
            throw RecordFault("the record's run_id is '\(record.runID)': expected 16 hexadecimal digits")
        }
        // A run's sequence numbers begin with 1.
        let offered = record.offered
        guard offered > 0 else { return }
        var arrived: UInt64 = 0
        for sequence in 1...offered where seen.contains(MessageID(high: high, low: sequence)) { arrived += 1 }
        audit.lost = record.accepted > arrived ? record.accepted - arrived : 0
        unacknowledged = arrived > record.accepted ? arrived - record.accepted : 0
        guard audit.lost > 0 else { return }
        let what = record.accepted == offered ? "lost" : "missing"
        for sequence in 1...offered {
            let id = MessageID(high: high, low: sequence)
            if !seen.contains(id) { report(what, id) }
        }
    }

    private static func record(_ path: String) throws(RecordFault) -> GeneratorRecord {
        do {
            return try RecordFile.read(GeneratorRecord.self, from: path)
        } catch {
            throw error as? RecordFault ?? RecordFault("\(path): \(error)")
        }
    }

    private static func isRecord(_ path: String) throws(RecordFault) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw RecordFault("\(path): cannot be read") }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 1)) == Data("{".utf8)
    }
}

/// Lines of a ledger, read in pieces.
enum LedgerLines {
    private static let piece = 1 << 20

    /// Lines with an id; `-` lines are passed over.
    static func forEach(_ path: String, _ body: (MessageID, ArraySlice<UInt8>) -> Void) throws(RecordFault) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw RecordFault("\(path): cannot be read") }
        defer { try? handle.close() }
        var rest: [UInt8] = []
        var number = 0
        while let data = try? handle.read(upToCount: piece), !data.isEmpty {
            rest += data
            var start = 0
            while let end = rest[start...].firstIndex(of: 0x0A) {
                number += 1
                try take(rest[start..<end], path, number, body)
                start = end + 1
            }
            rest.removeFirst(start)
        }
        if !rest.isEmpty { throw RecordFault("\(path):\(number + 1): the last line is cut off") }
    }

    private static func take(
        _ line: ArraySlice<UInt8>, _ path: String, _ number: Int, _ body: (MessageID, ArraySlice<UInt8>) -> Void
    ) throws(RecordFault) {
        if line.first == UInt8(ascii: "-") { return }
        guard line.count > MessageID.textLength + 1, let id = MessageID(hex: line.prefix(MessageID.textLength)) else {
            throw RecordFault("\(path):\(number): expected 'ID,…' with an id of 32 hexadecimal digits")
        }
        body(id, line.dropFirst(MessageID.textLength + 1))
    }
}
