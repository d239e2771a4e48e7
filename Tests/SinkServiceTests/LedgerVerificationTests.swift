import Foundation
import MailTypes
import Measures
import RunRecords
import SinkService
import TestSupport
import Testing

@Suite struct LedgerVerificationTests {
    private let directory = TemporaryDirectory()
    private let high: UInt64 = 0x0193_0000_0000_0001

    private func id(_ sequence: UInt64) -> MessageID { MessageID(high: high, low: sequence) }

    private func write(_ name: String, _ lines: [String]) throws -> String {
        let path = directory.path + "/" + name
        try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func received(_ sequences: [UInt64], changed: [UInt64] = []) -> [String] {
        sequences.map { "\(id($0)),\(changed.contains($0) ? "changed" : "ok"),10,5,0badcafe,127.0.0.1,a.test,250" }
    }

    private func record(offered: UInt64, accepted: UInt64, ledger: String? = nil) throws -> String {
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: GeneratorRecord.schema, arguments: ledger.map { ["traffic-gen", "--ledger", $0] } ?? [],
                threads: 1,
                startedUnixSeconds: 0, endedUnixSeconds: 1, usage: .current()),
            target: "", concurrency: 1, pipelining: true, chunking: false, bodySizeBytes: 1, messageSizeBytes: 1,
            runID: "0193000000000001")
        (record.offered, record.accepted, record.refused) = (offered, accepted, offered - accepted)
        let path = directory.path + "/record.json"
        try RecordFile.write(record, to: path)
        return path
    }

    /// Each finding, its count and its ids.
    private func found(_ verification: LedgerVerification) -> [LedgerVerification.Finding: [MessageID]] {
        var found: [LedgerVerification.Finding: [MessageID]] = [:]
        for finding in LedgerVerification.Finding.allCases where verification[finding].count > 0 {
            #expect(verification[finding].count == UInt64(verification[finding].first.count))
            found[finding] = verification[finding].first
        }
        return found
    }

    @Test func whatIsLostDoubledOrChangedIsNamed() throws {
        let foreign = MessageID(high: high + 1, low: 1)
        let sink = try write(
            "sink",
            received([0, 1, 1, 1, 3, 5, 7, 9, 10], changed: [3])
                + ["-,ok,10,5,-,127.0.0.1,-,250", "\(foreign),ok,1,1,0,127.0.0.1,a.test,250"])
        let sent = try write(
            "sent",
            (0..<5 as Range<UInt64>).map { "\(id($0)),accepted,1,2,3" }
                + ["\(id(5)),in_doubt", "\(id(6)),in_doubt", "\(id(7)),refused", "\(id(8)),refused"]
                + ["\(id(9)),failed", "\(id(11)),failed"])
        let verification = try LedgerVerification(sink: sink, sent: [sent])
        #expect(
            found(verification) == [
                .lost: [id(2), id(4)], .doubled: [id(1)], .changed: [id(3)], .refusedArrived: [id(7)],
                .failedArrived: [id(9)], .inDoubtArrived: [id(5)], .inDoubtMissing: [id(6)],
                .foreign: [id(10), foreign],
            ])
        #expect(verification.received == 11 && verification.unidentified == 1 && !verification.isClean)
        let all = verification.sent
        #expect(all.acknowledged == 5 && all.refused == 2 && all.failed == 2 && all.inDoubt == 2)
    }

    /// What may happen is named and is no fault; two generators' ledgers are one.
    @Test func doubtAndForeignIdsAreNoFault() throws {
        let sink = try write("sink", received([0, 1, 2, 9]))
        let first = try write("first", ["\(id(0)),accepted", "\(id(1)),in_doubt", "\(id(4)),in_doubt"])
        let second = try write("second", ["\(id(2)),accepted", "\(id(3)),refused"])
        let verification = try LedgerVerification(sink: sink, sent: [first, second])
        #expect(verification.isClean)
        #expect(found(verification) == [.inDoubtArrived: [id(1)], .inDoubtMissing: [id(4)], .foreign: [id(9)]])
        #expect(throws: RecordFault.self) { try LedgerVerification(sink: sink, sent: [first, first]) }
    }

    @Test func onlyTheFirstAreNamedAndAllAreCounted() throws {
        let sink = try write("sink", received([1]))
        let sent = try write("sent", (1...9 as ClosedRange<UInt64>).map { "\(id($0)),accepted" })
        let verification = try LedgerVerification(sink: sink, sent: [sent], most: 3)
        #expect(verification[.lost].count == 8 && verification[.lost].first == [id(2), id(3), id(4)])
    }

    @Test func aRecordKnowsHowManyAndTheirIds() throws {
        let sink = try write("sink", received([1, 3, 4]))
        let verification = try LedgerVerification(sink: sink, sent: [record(offered: 3, accepted: 3)])
        #expect(found(verification) == [.lost: [id(2)], .foreign: [id(4)]])
    }

    /// Three of five acknowledged, two there: one is lost for certain, and which of the three that are missing is open.
    @Test func aRecordAloneCannotTellRefusedFromLost() throws {
        let sink = try write("sink", received([1, 2]))
        let verification = try LedgerVerification(sink: sink, sent: [record(offered: 5, accepted: 3)])
        #expect(verification[.lost].count == 1 && verification[.lost].first.isEmpty)
        #expect(verification[.undecided].first == [id(3), id(4), id(5)] && !verification.isClean)
        let more = try write("more", received([1, 2, 3, 4, 5]))
        let other = try LedgerVerification(sink: more, sent: [record(offered: 5, accepted: 3)])
        #expect(other[.refusedArrived].count == 2 && other[.undecided].count == 0 && !other.isClean)
    }

    /// The ledger that its command line names tells.
    @Test func aRecordsLedgerIsFound() throws {
        let sink = try write("sink", received([1, 2]))
        let lines = ([1, 2, 3] as [UInt64]).map { "\(id($0)),\($0 < 3 ? "accepted" : "refused")" }
        _ = try write("generator.ledger", lines)
        // It was written elsewhere and lies beside the record now.
        let path = try record(offered: 3, accepted: 2, ledger: "/nowhere/generator.ledger")
        let verification = try LedgerVerification(sink: sink, sent: [path])
        #expect(verification.isClean && verification.sent.refused == 1)
        _ = try write("generator.ledger", ["\(MessageID(high: high + 1, low: 1)),accepted"])
        let error = #expect(throws: RecordFault.self) { try LedgerVerification(sink: sink, sent: [path]) }
        #expect(error?.description.contains("of another run than the record") == true)
    }

    @Test func aCutOrForeignLedgerIsRefused() throws {
        let whole = try write("whole", received([0]))
        let foreign = try write("foreign", ["hello"])
        let cut = directory.path + "/cut"
        try "\(id(0)),ok,1".write(toFile: cut, atomically: true, encoding: .utf8)
        for path in [foreign, cut, directory.path + "/nothing"] {
            #expect(throws: RecordFault.self) { try LedgerVerification(sink: path, sent: [whole]) }
        }
        let strange = try write("strange", ["\(id(0)),delivered"])
        #expect(throws: RecordFault.self) { try LedgerVerification(sink: whole, sent: [strange]) }
    }
}
