import RunRecords
import Testing

/// Verdicts on systems that keep no record of their own, on promises, and on mail that did not arrive.
@Suite struct SystemVerdictTests {
    private let postfix = SystemFacts(
        name: "postfix", variant: "tuned", title: "Postfix", version: "3.7.11", spool: "queue files", promise: .fsync)

    private func run(
        lost: UInt64 = 0, queued: UInt64? = nil, evidence: DurabilityEvidence? = nil
    ) throws -> RunRecord {
        var audit = RunFixture.audit()
        audit.lost = lost
        return RunRecord(
            profile: try RunFixture.profile(), profileText: RunFixture.profileText, repeatIndex: 1, repeats: 1,
            startedUnixSeconds: 999, machine: RunFixture.machine(), generator: RunFixture.generator(), mta: nil,
            sink: RunFixture.sink(), audit: audit, system: postfix, queuedAtEnd: queued, evidence: evidence)
    }

    private func evidence(_ verdict: DurabilityEvidence.Verdict, _ syncs: UInt64) -> DurabilityEvidence {
        DurabilityEvidence(
            method: "strace", messages: 50, syncs: SyncCounts(calls: ["fsync": syncs]), verdict: verdict)
    }

    @Test func withoutARecordOfItsOwnARunCanBeValid() throws {
        let run = try run(queued: 0)
        #expect(run.invalid == [])
        #expect(run.faults == [])
        #expect((run.systemLabel, run.promise, run.spoolName) == ("postfix-tuned", .fsync, "queue files"))
    }

    @Test func whatIsStillQueuedIsNotLost() throws {
        #expect(try run(lost: 5, queued: 0).invalid == ["5 acknowledged messages were lost"])
        #expect(
            try run(lost: 5, queued: 5).invalid == ["5 acknowledged messages were still in the queue at the end"])
        #expect(
            try run(lost: 5, queued: 3).invalid == [
                "2 acknowledged messages were lost", "3 acknowledged messages were still in the queue at the end",
            ])
        #expect(try run(lost: 5).invalid == ["5 acknowledged messages were lost"], "nobody could be asked")
    }

    /// Returned mail has no id: it may be what is missing, and nobody says so.
    @Test func whatWasReturnedIsNotSaidToBeLostForCertain() throws {
        var run = try run(lost: 60, queued: 0)
        (run.sink.received, run.sink.ledger) = (1000, .init(unique: 940, unidentified: 60))
        #expect(
            run.faults == [
                "60 acknowledged messages were lost or returned to their sender: 60 messages without an id arrived"
            ])
        run.sink.ledger?.unidentified = 0
        run.sink.received = 940
        #expect(run.faults == ["60 acknowledged messages were lost"])
    }

    @Test(arguments: ["tmpfs on tmpfs", "ramfs on none"]) func aSyncInMemorySurvivesNoPowerCut(place: String) throws {
        var run = try run(queued: 0)
        #expect(run.faults == [])
        run.machine.fileSystem = place
        let kind = place.prefix(5)
        #expect(
            run.faults == [
                "postfix-tuned promises fsync, but its spool was on \(kind), which is memory: a power cut loses it"
            ])
        run.system?.promise = .os
        #expect(run.faults == [], "an mta's crash it does survive")
    }

    @Test func aPromiseThatIsNotKeptIsNoResult() throws {
        #expect(try run(evidence: evidence(.syncsEachMessage, 50)).invalid == [])
        #expect(try run(evidence: evidence(.notChecked, 0)).invalid == [])
        let broken = try run(evidence: evidence(.doesNotSync, 3)).invalid
        #expect(
            broken == [
                "postfix-tuned promises fsync, but 50 messages one after the other were answered 250 with 3 syncs"
                    + " before it (strace)"
            ])
    }

    @Test func aWarmUpIsInTheMTAsCountsAlone() throws {
        var mta = RunFixture.mta()
        (mta.accepted, mta.acceptedMessages, mta.delivered) = (1100, 1100, 1100)
        func run(_ warmUp: UInt64?) throws -> [String] {
            RunRecord(
                profile: try RunFixture.profile(), profileText: "", repeatIndex: 1, repeats: 1, startedUnixSeconds: 1,
                machine: RunFixture.machine(), generator: RunFixture.generator(), mta: mta, sink: RunFixture.sink(),
                audit: RunFixture.audit(), warmUpMessages: warmUp
            ).invalid
        }
        #expect(try run(100) == [])
        #expect(try run(99).count == 2, "one message more than was sent")
        #expect(try run(nil).count == 2)
        #expect(try run(101).first?.hasSuffix("in doubt, after 101 to warm up") == true)
    }
}
