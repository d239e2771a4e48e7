import RunRecords
import Testing

/// The truth table of a run's balance: what is bent, and what the verdict says of it.
@Suite struct ConservationLawTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var bend: @Sendable (inout RunFixture.Parts) -> Void
        /// Every violation, in order; empty: balanced.
        var violations: [String]
        var testDescription: String { name }
    }

    static let balanced: [Row] = [
        Row(name: "everything arrived once", bend: { _ in }, violations: []),
        Row(
            name: "refusals are counted",
            bend: {
                $0.generator.accepted = 990
                $0.generator.refused = 10
                ($0.mta.accepted, $0.mta.acceptedMessages, $0.mta.delivered) = (990, 990, 990)
                ($0.sink.received, $0.sink.ledger!.unique, $0.audit.acknowledged) = (990, 990, 990)
            }, violations: []),
        Row(
            name: "in doubt and accepted all the same",
            bend: {
                ($0.generator.accepted, $0.generator.inDoubt, $0.audit.acknowledged) = (999, 1, 999)
            }, violations: []),
        Row(
            name: "in doubt and not accepted",
            bend: {
                ($0.generator.accepted, $0.generator.inDoubt, $0.audit.acknowledged) = (999, 1, 999)
                ($0.mta.accepted, $0.mta.acceptedMessages, $0.mta.delivered) = (999, 999, 999)
                ($0.sink.received, $0.sink.ledger!.unique) = (999, 999)
            }, violations: []),
        Row(
            name: "a notification was made and delivered",
            bend: {
                ($0.mta.bounced, $0.mta.generated) = (1, 1)
                ($0.sink.ledger!.unique, $0.sink.ledger!.unidentified) = (999, 1)
            }, violations: []),
        Row(
            name: "ten recipients of each message",
            bend: {
                $0.profile.recipients = 10
                ($0.mta.accepted, $0.mta.delivered) = (10_000, 10_000)
            }, violations: []),
        Row(
            name: "what a crash left was delivered",
            bend: {
                ($0.mta.recovered, $0.mta.delivered) = (5, 1005)
                ($0.sink.received, $0.sink.ledger!.unique) = (1005, 1005)
            }, violations: []),
    ]

    static let unbalanced: [Row] = [
        Row(
            name: "an offered message without a fate", bend: { $0.generator.offered = 1001 },
            violations: ["offered 1001 ≠ accepted 1000 + refused 0 + failed 0 + in doubt 0"]),
        Row(
            name: "the mta delivered less than it took", bend: { $0.mta.delivered = 998 },
            violations: [
                "mta: recovered 0 + accepted 1000 + notifications 0 ≠ delivered 998 + bounced 0 + queued 0"
            ]),
        Row(
            name: "the mta took less than it acknowledged",
            bend: { ($0.mta.accepted, $0.mta.acceptedMessages, $0.mta.delivered) = (999, 999, 999) },
            violations: ["mta accepted 999, traffic-gen counts 1000 acknowledged and 0 in doubt"]),
        Row(
            name: "the mta took more than was offered",
            bend: {
                ($0.mta.accepted, $0.mta.acceptedMessages, $0.mta.delivered) = (1001, 1001, 1001)
                ($0.sink.received, $0.sink.ledger!.unique) = (1001, 1001)
            }, violations: ["mta accepted 1001, traffic-gen counts 1000 acknowledged and 0 in doubt"]),
        Row(
            name: "the sink's own account is wrong", bend: { $0.sink.received = 1001 },
            violations: ["sink: received 1001 ≠ unique 1000 + duplicates 0 + without id 0"]),
        Row(
            name: "delivered, but never at the sink",
            bend: { ($0.sink.received, $0.sink.ledger!.unique) = (999, 999) },
            violations: ["sink: unique 999 < delivered 1000"]),
        Row(
            name: "delivered to ten recipients, but not all at the sink",
            bend: {
                $0.profile.recipients = 10
                ($0.mta.accepted, $0.mta.delivered) = (10_000, 10_000)
                ($0.sink.received, $0.sink.ledger!.unique) = (999, 999)
            },
            violations: ["sink: unique 999 × 10 recipients < delivered 10000"]),
        Row(
            name: "the ledger forgot an acknowledgement", bend: { $0.audit.acknowledged = 999 },
            violations: ["ledger names 999 acknowledged messages, the record 1000"]),
        Row(
            name: "lost",
            bend: {
                ($0.mta.delivered, $0.mta.queued) = (997, 3)
                ($0.sink.received, $0.sink.ledger!.unique, $0.audit.lost) = (997, 997, 3)
            }, violations: ["3 acknowledged messages were still in the queue at the end"]),
        Row(
            name: "doubled",
            bend: { ($0.sink.received, $0.sink.ledger!.duplicates, $0.audit.doubled) = (1002, 2, 2) },
            violations: ["2 messages arrived more than once"]),
        Row(
            name: "changed", bend: { ($0.sink.ledger!.changed, $0.audit.changed) = (1, 1) },
            violations: ["1 messages were changed on the way"]),
        Row(
            name: "everything at once",
            bend: {
                $0.generator.failed = 1
                $0.mta.queued = 1
                ($0.audit.lost, $0.audit.doubled, $0.audit.changed) = (1, 1, 1)
            },
            violations: [
                "offered 1000 ≠ accepted 1000 + refused 0 + failed 1 + in doubt 0",
                "mta: recovered 0 + accepted 1000 + notifications 0 ≠ delivered 1000 + bounced 0 + queued 1",
                "1 acknowledged messages were still in the queue at the end", "1 messages arrived more than once",
                "1 messages were changed on the way",
            ]),
    ]

    @Test(arguments: balanced + unbalanced) func verdict(_ row: Row) throws {
        let run = try RunFixture.run(row.bend)
        #expect(ConservationLaw.violations(of: run) == row.violations)
        // The record was judged when it was made, and an unbalanced one is no result.
        #expect(Array(run.invalid.prefix(row.violations.count)) == row.violations)
    }

    @Test func withoutALedgerTheSinksDoublesAreNotJudged() throws {
        let run = try RunFixture.run { $0.sink.ledger = nil }
        #expect(ConservationLaw.violations(of: run) == [])
    }
}
