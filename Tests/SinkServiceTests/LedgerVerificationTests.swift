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

    @Test func whatIsLostDoubledOrChangedIsNamed() throws {
        let sink = try write("sink", received([0, 1, 1, 1, 3, 5], changed: [3]) + ["-,ok,10,5,-,127.0.0.1,-,250"])
        let sent = try write(
            "sent", (0..<5 as Range<UInt64>).map { "\(id($0)),accepted" } + ["\(id(5)),in_doubt", "\(id(6)),failed"])
        var named: [String] = []
        let found = try LedgerVerification(sink: sink, sent: sent) { named.append("\($0) \($1)") }
        #expect(named == ["doubled \(id(1))", "changed \(id(3))", "lost \(id(2))", "lost \(id(4))"])
        #expect(found.audit.acknowledged == 5 && found.audit.lost == 2 && found.audit.doubled == 1)
        #expect(found.received == 6 && found.unacknowledged == 1 && !found.isClean)
    }

    @Test func aRecordKnowsHowManyAndTheirIds() throws {
        let sink = try write("sink", received([1, 3]))
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: GeneratorRecord.schema, arguments: [], threads: 1, startedUnixSeconds: 0, endedUnixSeconds: 1,
                usage: .current()),
            target: "", concurrency: 1, pipelining: true, chunking: false, bodySizeBytes: 1, messageSizeBytes: 1,
            runID: "0193000000000001")
        (record.offered, record.accepted) = (3, 3)
        let path = directory.path + "/record.json"
        try RecordFile.write(record, to: path)
        var named: [String] = []
        let found = try LedgerVerification(sink: sink, sent: path) { named.append("\($0) \($1)") }
        #expect(named == ["lost \(id(2))"] && found.audit.lost == 1)
    }

    @Test func aCutOrForeignLedgerIsRefused() throws {
        let whole = try write("whole", received([0]))
        let foreign = try write("foreign", ["hello"])
        let cut = directory.path + "/cut"
        try "\(id(0)),ok,1".write(toFile: cut, atomically: true, encoding: .utf8)
        for path in [foreign, cut, directory.path + "/nothing"] {
            #expect(throws: RecordFault.self) { try LedgerVerification(sink: path, sent: whole) { _, _ in } }
        }
    }
}
