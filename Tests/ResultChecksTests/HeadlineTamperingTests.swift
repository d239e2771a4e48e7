import Foundation
import ResultChecks
import ResultStore
import RunRecords
import Testing

/// What somebody would edit who wants a better headline: each is refused for its own reason.
@Suite struct HeadlineTamperingTests {
    typealias Row = ResultCheckTests.Row

    static let ofLedgers: [Row] = [
        Row(what: "lost mail is hidden with the ledgers", checks: ["ledgers"], says: "reason is 'over 32 MiB'") {
            try dropLedgers(&$0, "over 32 MiB")
        },
        Row(what: "few messages had ledgers too large", checks: ["ledgers"], says: "they come to 160000 at most") {
            try dropLedgers(&$0, "34000000 bytes compressed, more than 33554432")
        },
        Row(what: "small ledgers were too large", checks: ["ledgers"], says: "the reason is '9 bytes compressed") {
            try dropLedgers(&$0, "9 bytes compressed, more than 33554432")
        },
        Row(what: "nothing is said of ledgers", checks: ["ledgers"], says: "the record says nothing of them") {
            try dropLedgers(&$0, "")
            try $0.tamper { $0["ledgers"] = nil }
        },
        Row(what: "waiting is not shown", checks: ["latencies"], says: "sink.end_to_end_latency has 0 values") {
            var record = try GoodResult.record()
            record.sink.endToEndLatency = nil
            $0 = try GoodResult.bundle(record)
        },
    ]

    private static func dropLedgers(_ bundle: inout ResultBundle, _ reason: String) throws {
        bundle.files[LedgerStore.generatorName] = nil
        bundle.files[LedgerStore.sinkName] = nil
        try bundle.tamper { $0["ledgers"] = ["kept": false, "reason": reason] as [String: Any] }
    }

    @Test(arguments: ofLedgers) func isRefused(_ row: Row) throws {
        var bundle = try GoodResult.bundle(GoodResult.record())
        try row.tamper(&bundle)
        let failures = ResultCheck(bundle).failures
        #expect(
            failures.contains { row.checks.contains($0.check) && $0.detail.contains(row.says) },
            "refused by \(failures)")
    }

    /// Ledgers of a million messages may have been too large to be kept, and that is no failure.
    @Test func largeLedgersNeedNotBeKept() {
        let facts = LedgerFacts(kept: false, reason: "34000000 bytes compressed, more than 33554432")
        let many: UInt64 = 1_000_000
        #expect(LedgerStore.objection(facts, offered: many, received: many, isValid: true) == nil)
        #expect(LedgerStore.objection(facts, offered: many, received: many, isValid: false) != nil)
    }
}
