import Testing

import BenchHarness

/// Who was started by whom. What real trees of processes use: ProgramTests/MeasureTests.
@Suite struct ProcessTreeTests {
    @Test func theTableKnowsWhoStartedWhom() throws {
        let stat = "42 (a (strange) name) S 7 42 42 0 -1 4194304 1 2 3 4 50 60 7 8 20 0 9 0 1 2 300 4"
        let entry = try #require(ProcessTable.Entry(42, stat))
        #expect((entry.parent, entry.name, entry.threads, entry.residentPages) == (7, "a (strange) name", 9, 300))
        #expect((entry.userTicks, entry.systemTicks) == (57, 68), "its own and its children's")
        #expect(ProcessTable.Entry(42, "42 (cut") == nil)
        func process(_ pid: Int32, of parent: Int32) -> ProcessTable.Entry {
            var other = entry
            (other.pid, other.parent) = (pid, parent)
            return other
        }
        let table = ProcessTable([process(10, of: 1), process(11, of: 10), process(12, of: 11), process(20, of: 1)])
        #expect(Set(table.tree(10).map(\.pid)) == [10, 11, 12])
        #expect(table.isBelow(12, 10) && !table.isBelow(20, 10))
        #expect(table.orphans(of: 1, except: [20]).map(\.pid) == [10])
    }
}
