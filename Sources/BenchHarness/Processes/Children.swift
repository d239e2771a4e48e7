import CLinux
import Glibc
import Synchronization

/// The processes this one started and has not seen end, and what came of them: Ctrl-C ends them too.
package enum Children {
    private static let pids = Mutex(Set<Int32>())

    static func add(_ pid: Int32) { _ = pids.withLock { $0.insert(pid) } }
    static func remove(_ pid: Int32) { _ = pids.withLock { $0.remove(pid) } }
    static var known: Set<Int32> { pids.withLock { $0 } }

    /// Ends them at once, with all that they started; their records are not wanted any more.
    package static func killAll() {
        let started = known
        // A process may fork between the look and the blow: until none is left.
        for _ in 0..<50 {
            let table = ProcessTable.read()
            let living = table.descendants(of: getpid()).filter { $0.state != ProcessTable.zombie }
            // What others here run (a name service, gnuplot) is not among them.
            let roots = started.union(table.orphans(of: getpid(), except: started).map(\.pid))
            let doomed = living.filter { entry in roots.contains { table.isBelow(entry.pid, $0) } }
            if doomed.isEmpty { return }
            for entry in doomed { kill(entry.pid, SIGKILL) }
            usleep(10_000)
        }
    }

    /// Ends a program with all below it, and all that were adopted.
    static func killTree(_ program: ChildProgram) {
        for _ in 0..<200 {
            let table = ProcessTable.read()
            let orphans = table.orphans(of: getpid(), except: known).flatMap { table.tree($0.pid) }
            let rest = ((program.isRunning ? table.tree(program.pid) : []) + orphans)
                .filter { $0.state != ProcessTable.zombie }
            if rest.isEmpty { return }
            for entry in rest { kill(entry.pid, SIGKILL) }
            usleep(10_000)
        }
    }

    /// From now on processes whose parent has ended become children of this one: a system's daemons cannot get away.
    static func adoptOrphans() { mr_adopt_orphans() }

    /// Waits for those that have ended among the adopted; each was somebody's of the system under test.
    /// - Returns: what the kernel counted for them, and the bytes that they wrote and read.
    static func reapOrphans(_ table: ProcessTable) -> [(usage: rusage, io: ProcessIO)] {
        table.orphans(of: getpid(), except: known).filter { $0.state == ProcessTable.zombie }.compactMap { entry in
            let io = ProcessIO(pid: entry.pid)
            var status: Int32 = 0
            var usage = rusage()
            return wait4(entry.pid, &status, WNOHANG, &usage) == entry.pid ? (usage, io) : nil
        }
    }
}
