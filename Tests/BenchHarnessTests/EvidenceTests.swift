import RunRecords
import Testing

import BenchHarness

/// What strace and perf say is read as what it is.
@Suite struct EvidenceTests {
    private static let trace = """
        4711  1000.100000 fdatasync(7)              = 0 <0.020000>
        4712  1000.200000 fsync(9 <unfinished ...>
        4712  1000.250000 <... fsync resumed>)      = 0 <0.050000>
        4711  1000.300000 sync_file_range(7, 0, 0, SYNC_FILE_RANGE_WRITE) = 0 <0.000100>
        4711  1000.900000 --- SIGTERM {si_signo=SIGTERM} ---
        4711  1000.950000 +++ exited with 0 +++
        4713  1002.000000 msync(0x7f, 4096, MS_SYNC) = 0 <0.000200>
        4713  1003.000000 fsync(9)                  = -1 EIO (Input/output error) <0.010000>
        4714  1004.000000 fsync(9 <unfinished ...>
        4713  1004.500000 fsync(9)                  = ?

        """

    @Test func eachCallIsCountedOnce() {
        let calls = SyncCall.parse(Self.trace)
        #expect(calls.map(\.name) == ["fdatasync", "fsync", "sync_file_range", "msync", "fsync", "fsync", "fsync"])
        #expect(calls.map(\.unixSeconds) == [1000.1, 1000.2, 1000.3, 1002, 1003, 1004, 1004.5])
        #expect(calls.map { $0.endedUnixSeconds != nil } == [true, true, true, true, false, false, false])
    }

    /// Begun is not done: the 250 at 1000.24 came before the sync's end at 1000.25.
    @Test func aSyncThatHadNotEndedOrFailedCountsForNothing() {
        let calls = SyncCall.parse(Self.trace)
        let early = EvidenceRun.judge(calls, [1000.18...1000.24], method: "strace")
        #expect(early.verdict == .doesNotSync && early.syncs.total == 0)
        #expect(EvidenceRun.judge(calls, [1000.18...1000.26], method: "strace").verdict == .syncsEachMessage)
        #expect(EvidenceRun.judge(calls, [1002.9...1003.5], method: "strace").verdict == .doesNotSync, "EIO")
        #expect(EvidenceRun.judge(calls, [1003.9...1005], method: "strace").verdict == .doesNotSync, "no end seen")
    }

    @Test func onlyCallsWithinAMessageCount() {
        let calls = SyncCall.parse(Self.trace)
        let both = EvidenceRun.judge(calls, [1000.05...1000.15, 1000.18...1000.26], method: "strace")
        #expect(both.verdict == .syncsEachMessage)
        #expect(both.syncs.calls == ["fdatasync": 1, "fsync": 1])
        #expect(both.method == "strace: 2 of 2 messages had a sync between begin and 250")
        let late = EvidenceRun.judge(calls, [1000.05...1000.15, 1000.5...1000.6], method: "strace")
        #expect(late.verdict == .doesNotSync, "two syncs for the first do not make up for the second")
        #expect(late.confirms(.fsync) == false && late.confirms(.os) == true)
    }

    @Test func writingBackARangeIsNoSync() {
        let range = EvidenceRun.judge(SyncCall.parse(Self.trace), [1000.29...1000.31], method: "strace")
        #expect(range.verdict == .doesNotSync)
        #expect(range.syncs.total == 1, "it is shown all the same")
        #expect(EvidenceRun.judge([], [], method: "strace").verdict == .doesNotSync)
    }

    @Test func perfsCountsAreReadByName() {
        let counts = PerfCounter.parse(
            """
            # started on Thu Nov 26 01:39:36 2026

            2000,,syscalls:sys_enter_fsync,3726375,100.00,0.000,/sec
            0,,syscalls:sys_enter_fdatasync,3726375,100.00,,
            <not supported>,,instructions,0,100.00,,
            123456789,,cycles,5,100.00,,
            """)
        #expect(counts?.syncs.calls == ["fsync": 2000, "fdatasync": 0])
        #expect(counts?.processor == ["cycles": 123_456_789])
        #expect(PerfCounter.parse("# nothing\n") == nil)
    }
}
