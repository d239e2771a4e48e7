import BenchHarness
import Foundation
import RunRecords
import Testing

@Suite struct LedgerComparisonTests {
    private func audit(_ generator: String, _ sink: String) throws -> LedgerAudit {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("ledgers-\(UUID().uuidString)").path
        let (one, two) = (base + ".generator", base + ".sink")
        defer { for path in [one, two] { try? FileManager.default.removeItem(atPath: path) } }
        try generator.write(toFile: one, atomically: true, encoding: .utf8)
        try sink.write(toFile: two, atomically: true, encoding: .utf8)
        return try LedgerComparison.audit(generator: one, sink: two)
    }

    private func id(_ number: Int) -> String { String(repeating: "0", count: 31) + String(number, radix: 16) }

    @Test func everyKindIsNamed() throws {
        let generator = [
            (1, "accepted"), (2, "accepted"), (3, "accepted"), (4, "accepted"), (5, "refused"), (6, "in_doubt"),
        ]
        .map { "\(id($0.0)),\($0.1)\n" }.joined()
        let sink = "\(id(1)),ok,10\n-,ok,5\n\(id(3)),ok,10\n\(id(3)),ok,10\n\(id(4)),changed,10\n\(id(6)),ok,10\n"
        let audit = try audit(generator, sink)
        #expect((audit.acknowledged, audit.lost, audit.doubled, audit.changed) == (4, 1, 1, 1))
        #expect(audit.named == ["lost \(id(2))", "doubled \(id(3))", "changed \(id(4))"])
    }

    @Test func balancedIsClean() throws {
        let audit = try audit("\(id(1)),accepted\n\(id(2)),accepted", "\(id(2)),ok,1\n\(id(1)),ok,1\n")
        #expect((audit.acknowledged, audit.lost, audit.doubled, audit.changed) == (2, 0, 0, 0))
        #expect(audit.named.isEmpty)
    }

    @Test func timesBehindTheFateAreNoFault() throws {
        let lines = "\(id(1)),accepted,10,11,12\n\(id(2)),refused,10,11,12\n\(id(3)),accepted\n"
        let audit = try audit(lines, "\(id(1)),ok,1\n\(id(2)),ok,1\n")
        #expect(audit.acknowledged == 2 && audit.lost == 1)
    }

    @Test(arguments: ["nonsense\n", "0123,accepted\n", ",\n"]) func damagedLedgersAreRefused(line: String) {
        #expect(throws: RecordFault.self) { try audit(line, "") }
    }

    @Test func missingLedgerIsNamed() {
        #expect(throws: RecordFault.self) {
            try LedgerComparison.audit(generator: "/nonexistent/a", sink: "/nonexistent/b")
        }
    }
}
