package import MailTypes
package import RunRecords
import Slabs

/// What a sink's ledger says about what generators sent, in memory that grows by bits a message: the ledgers are read in
/// pieces.
package struct LedgerVerification {
    /// What became of a message other than arriving once, unchanged, after it was acknowledged.
    package enum Finding: String, CaseIterable, Sendable {
        /// Acknowledged, and not there.
        case lost
        /// There more than once.
        case doubled
        /// Its checksum is another.
        case changed
        /// Refused, or not sent to its end, and there all the same.
        case refusedArrived = "refused_arrived"
        case failedArrived = "failed_arrived"
        /// In doubt at the generator: either may happen.
        case inDoubtArrived = "in_doubt_arrived"
        case inDoubtMissing = "in_doubt_missing"
        /// Of another run.
        case foreign
        /// Not there, and only a ledger could say whether it was acknowledged.
        case undecided

        /// Whether it must not happen, or cannot be excluded.
        package var isFault: Bool {
            switch self {
            case .inDoubtArrived, .inDoubtMissing, .foreign: false
            default: true
            }
        }
    }

    /// How often, and the first ids of it.
    package struct Found: Sendable {
        package fileprivate(set) var count: UInt64 = 0
        package fileprivate(set) var first: [MessageID] = []
    }

    /// What the generators say of their messages.
    package struct Sent: Sendable {
        package var acknowledged: UInt64 = 0
        package var refused: UInt64 = 0
        package var failed: UInt64 = 0
        package var inDoubt: UInt64 = 0
    }

    package private(set) var sent = Sent()
    /// Messages that arrived, copies included, and those among them without an id.
    package private(set) var received: UInt64 = 0
    package private(set) var unidentified: UInt64 = 0
    private var found = [Found](repeating: Found(), count: Finding.allCases.count)

    private let most: Int
    private var seen = MessageIDSet()
    private var known = MessageIDSet()
    private var arrived = 0

    /// Told how many lines were read so far.
    package typealias Progress = (UInt64) -> Void
    private let progress: Progress
    private var lines: UInt64 = 0

    /// Reads the sink's ledger, then holds the generators' ledgers or records against it.
    /// - Parameters:
    ///   - sink: `ID,ok|changed,…` lines.
    ///   - sent: each a ledger, `ID,accepted|refused|failed|in_doubt,…` lines, or a record (JSON). A record has counts only:
    ///     if not all of its messages were acknowledged, the ledger that its command line names is read where it is there,
    ///     and else what is missing is ``Finding/undecided``.
    ///   - most: ids kept of each finding.
    /// - Throws: ``RecordFault`` that names file and line.
    package init(
        sink: String, sent: [String], most: Int = 1000, progress: @escaping Progress = { _ in }
    ) throws(RecordFault) {
        self.most = most
        self.progress = progress
        try read(sink)
        for path in sent {
            if try LedgerLines.isRecord(path) { try compareRecord(path) } else { try compareLedger(path, run: nil) }
        }
        try findForeign(sink)
    }

    package subscript(finding: Finding) -> Found { found[Self.index(finding)] }

    /// Nothing happened that must not, and nothing is open.
    package var isClean: Bool { Finding.allCases.allSatisfy { !$0.isFault || self[$0].count == 0 } }

    private static func index(_ finding: Finding) -> Int { Finding.allCases.firstIndex(of: finding)! }

    private mutating func note(_ finding: Finding, _ id: MessageID) {
        let index = Self.index(finding)
        found[index].count += 1
        if found[index].first.count < most { found[index].first.append(id) }
    }

    private mutating func count() {
        lines += 1
        if lines % 100_000 == 0 { progress(lines) }
    }

    // MARK: The sink's

    private mutating func read(_ path: String) throws(RecordFault) {
        var doubled = MessageIDSet()
        try LedgerLines.forEach(path) { id, rest in
            count()
            received += 1
            guard let id else {
                unidentified += 1
                return
            }
            if !seen.insert(id), doubled.insert(id) { note(.doubled, id) }
            if rest.starts(with: "changed".utf8) { note(.changed, id) }
        }
    }

    /// Those that no generator sent. They are counted at once; to name them the ledger is read again.
    private mutating func findForeign(_ path: String) throws(RecordFault) {
        guard seen.count > arrived else { return }
        try LedgerLines.forEach(path) { id, _ in
            count()
            if let id, known.insert(id) { note(.foreign, id) }
        }
    }

    // MARK: The generators'

    /// - Parameter run: the high half that all ids must have; nil: any.
    private mutating func compareLedger(_ path: String, run: UInt64?) throws(RecordFault) {
        var fault: String?
        try LedgerLines.forEach(path) { id, rest in
            count()
            guard let id, fault == nil else { return }
            if let run, id.high != run {
                fault = "\(id) is of another run than the record"
            } else if !known.insert(id) {
                fault = "\(id) is there twice"
            } else if !compare(id, rest.prefix { $0 != UInt8(ascii: ",") }) {
                fault = "\(id): expected accepted, refused, failed or in_doubt behind it"
            }
        }
        if let fault { throw RecordFault("\(path): \(fault)") }
    }

    /// - Returns: false for an outcome that there is not.
    private mutating func compare(_ id: MessageID, _ outcome: ArraySlice<UInt8>) -> Bool {
        let isThere = seen.contains(id)
        if isThere { arrived += 1 }
        if outcome.elementsEqual("accepted".utf8) {
            sent.acknowledged += 1
            if !isThere { note(.lost, id) }
        } else if outcome.elementsEqual("refused".utf8) {
            sent.refused += 1
            if isThere { note(.refusedArrived, id) }
        } else if outcome.elementsEqual("failed".utf8) {
            sent.failed += 1
            if isThere { note(.failedArrived, id) }
        } else if outcome.elementsEqual("in_doubt".utf8) {
            sent.inDoubt += 1
            note(isThere ? .inDoubtArrived : .inDoubtMissing, id)
        } else {
            return false
        }
        return true
    }

    private mutating func compareRecord(_ path: String) throws(RecordFault) {
        let record: GeneratorRecord
        do { record = try RecordFile.read(GeneratorRecord.self, from: path) } catch {
            throw error as? RecordFault ?? RecordFault("\(path): \(error)")
        }
        guard record.runID.count == 16, let run = UInt64(record.runID, radix: 16) else {
            throw RecordFault("\(path): run_id is '\(record.runID)': expected 16 hexadecimal digits")
        }
        if record.accepted < record.offered, let ledger = LedgerLines.ledger(of: record, at: path) {
            return try compareLedger(ledger, run: run)
        }
        guard record.accepted <= record.offered, record.offered <= Self.mostOffered else {
            throw RecordFault("\(path): \(record.accepted) accepted of \(record.offered) offered: cannot be")
        }
        compare(record, run)
    }

    /// More ids than a ledger could be read for.
    private static let mostOffered: UInt64 = 100_000_000_000

    /// A run's sequence numbers begin with 1. What is certain is said of the counts, what is not of the ids.
    private mutating func compare(_ record: GeneratorRecord, _ run: UInt64) {
        sent.acknowledged += record.accepted
        sent.refused += record.refused
        sent.failed += record.failed
        sent.inDoubt += record.inDoubt
        var (there, sequence) = (0 as UInt64, 1 as UInt64)
        while sequence <= record.offered {
            let id = MessageID(high: run, low: sequence)
            known.insert(id)
            if seen.contains(id) {
                there += 1
            } else {
                note(record.accepted == record.offered ? .lost : .undecided, id)
            }
            sequence += 1
        }
        arrived += Int(there)
        guard record.accepted < record.offered else { return }
        // Of the missing so many were acknowledged whatever became of the others.
        found[Self.index(.lost)].count += record.accepted - min(there, record.accepted)
        found[Self.index(.refusedArrived)].count += there - min(there, record.accepted + record.inDoubt)
    }
}
