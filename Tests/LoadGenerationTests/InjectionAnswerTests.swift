import LoadGeneration
import LoadPacing
import MailTypes
import Measures
import RunRecords
import Testing

@Suite struct InjectionAnswerTests {
    private static let three = ["a@x.test", "b@x.test", "c@x.test"].map { MailAddress($0) }

    private func fates(_ body: String, status: Int = 200) -> [InjectionAnswer.Fate] {
        InjectionAnswer(status: status, body: Array(body.utf8)).fates(of: Self.three)
    }

    @Test func countsSayWhatWasTaken() {
        #expect(fates(#"{"success_count":3,"fail_count":0}"#) == [.accepted, .accepted, .accepted])
        #expect(
            fates(#"{"success_count":2,"fail_count":1,"failed_recipients":["b@x.test"]}"#)
                == [.accepted, .refused, .accepted])
        #expect(fates(#"{"success_count":0,"fail_count":3}"#) == [.refused, .refused, .refused], "all of them")
        #expect(
            fates(#"{"success_count":2,"fail_count":1,"failed_recipients":[]}"#) == [.unknown, .unknown, .unknown],
            "one of three, and nobody says which")
        #expect(
            fates(#"{"success_count":1,"fail_count":2,"failed_recipients":["b@x.test"]}"#)
                == [.unknown, .refused, .unknown])
    }

    @Test func whatIsNoAnswerIsNoSuccess() {
        let refused = [InjectionAnswer.Fate](repeating: .refused, count: 3)
        #expect(fates("ok") == refused && fates("{}") == refused)
        #expect(fates(#"{"success_count":3,"fail_count":0}"#, status: 500) == refused)
    }
}

@Suite struct RateTrialTests {
    /// What was refused in the warm-up is not held against the rate.
    @Test func errorsOfTheWarmUpAreLeftOut() {
        let usage = ProcessUsage(cpuUserSeconds: 0, cpuSystemSeconds: 0, memoryPeakBytes: 0, diskWriteBytes: 0)
        var record = GeneratorRecord(
            header: RecordHeader(
                schema: GeneratorRecord.schema, arguments: [], threads: 1, startedUnixSeconds: 0, endedUnixSeconds: 0,
                usage: usage),
            target: "x", concurrency: 1, pipelining: true, chunking: false, bodySizeBytes: 1, messageSizeBytes: 1,
            runID: "")
        (record.offered, record.accepted, record.refused, record.inDoubt) = (120, 110, 9, 1)
        record.warmUp = WarmUpFacts(seconds: 1, offered: 20, accepted: 12, transactionLatency: LatencyHistogram())
        record.droppedStarts = 3
        var intended = LatencyHistogram()
        intended.record(nanoseconds: 1_000_000, count: 90)
        intended.record(nanoseconds: 900_000_000, count: 8)
        record.intendedLatency = intended
        let trial = RateTrial(record, 50, 500_000_000)
        #expect(trial.due == 103 && trial.errors == 2 && trial.repliedInTime == 90)
    }
}
