import Measures
import Testing

@Suite struct ThreadClockTests {
    @Test func aThreadThatWorksUsesTime() {
        let began = ThreadClock.nanoseconds
        var sum: UInt64 = 0
        while ThreadClock.nanoseconds < began + 1_000_000 { sum &+= ThreadClock.nanoseconds }
        #expect(sum > 0)
        #expect(ThreadClock.nanoseconds >= began + 1_000_000)
    }

    @Test func runningThreadsAreRead() {
        #expect(CoreDemand.runningThreads("0.20 0.18 0.12 3/80 11206\n") == 3)
        #expect(CoreDemand.runningThreads("0.20 0.18 0.12") == nil)
        #expect(CoreDemand.runningThreads("0.20 0.18 0.12 x/80 11206\n") == nil)
        #expect(CoreDemand.runningThreads("") == nil)
    }
}
