import Measures
import Testing

@Suite struct ThreadBookTests {
    /// Fields of proc(5), with names as nobody should choose them.
    @Test(arguments: [
        ("7 (mr-dns) S 1 7 7 0 -1 4194368 10 0 0 0 120 30 0 0 20 0 5 0 100 0", "mr-dns", 150),
        ("7 (a (b) c) R 1 7 7 0 -1 4194368 10 0 0 0 1 2 0 0 20 0 5 0 100 0", "a (b) c", 3),
    ])
    func timesAreRead(_ line: String, name: String, ticks: Int) throws {
        let times = try #require(ThreadTimes(line))
        #expect(times.name == name && times.ticks == UInt64(ticks))
    }

    @Test(arguments: ["", "7 (x) S 1", "no name", ") 1 ("])
    func whatIsNoSuchLineIsNone(_ line: String) { #expect(ThreadTimes(line) == nil) }

    /// All groups together have used no more than the process, a tick a thread apart.
    @Test func groupsAreOfThisProcess() {
        ThreadBook.join(.signing)
        while ThreadBook.cpuSeconds[.signing] ?? 0 < 0.05 {}
        let seconds = ThreadBook.cpuSeconds
        #expect(seconds[.signing] ?? 0 >= 0.05)
        #expect(seconds.values.reduce(0, +) <= ProcessUsage.current().cpuSeconds + 5)
    }
}
