package import NIOCore
package import NIOPosix
import CLinux
import Glibc
import Measures

/// What the connections of one event loop share. Confined to that loop.
package final class LoopContext: @unchecked Sendable {
    package let eventLoop: any EventLoop
    package let index: Int
    package let receiveBuffers = ReceiveBuffers()
    private var timed: [ObjectIdentifier: any TimedConnection] = [:]
    private var sweep: RepeatedTask?
    /// Takes clients that rest to another process; nil: they stay.
    package var handOver: ClientHandOver?

    init(_ eventLoop: any EventLoop, index: Int) {
        self.eventLoop = eventLoop
        self.index = index
    }

    func register(_ connection: any TimedConnection) {
        timed[ObjectIdentifier(connection)] = connection
        guard sweep == nil else { return }
        // One task a loop instead of a timer a connection: timeouts are minutes, a second's grain is fine.
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [self] _ in
            let now = MonotonicInstant.now().nanoseconds
            for connection in Array(timed.values) where connection.deadline <= now { connection.deadlinePassed() }
        }
    }

    func unregister(_ connection: any TimedConnection) {
        timed[ObjectIdentifier(connection)] = nil
        if timed.isEmpty {
            sweep?.cancel()
            sweep = nil
        }
    }

    private var numbers: UInt64 = 0
    /// Connections of one loop are told apart by these.
    package func takeNumber() -> UInt64 {
        numbers += 1
        return numbers
    }

    package func forEachServerConnection(_ body: (SMTPServerConnection) -> Void) {
        for case let connection as SMTPServerConnection in Array(timed.values) { body(connection) }
    }
}

/// A connection that must be woken when its peer is silent for too long.
protocol TimedConnection: AnyObject {
    /// CLOCK_MONOTONIC nanoseconds; `.max` for never.
    var deadline: UInt64 { get }
    func deadlinePassed()
}

/// The event loops of a program, one a thread, with their contexts.
package final class LoopGroup: Sendable {
    package let group: MultiThreadedEventLoopGroup
    package let contexts: [LoopContext]

    /// - Parameter threads: event loops; at least 1.
    package init(threads: Int) {
        MemoryTuning.apply()
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        var found: [LoopContext] = []
        for loop in group.makeIterator() {
            loop.execute { ThreadBook.join(.eventLoops) }
            found.append(LoopContext(loop, index: found.count))
        }
        contexts = found
    }

    package func context(of loop: any EventLoop) -> LoopContext {
        contexts.first { $0.eventLoop === loop }!
    }

    package func shutDown() async throws { try await group.shutdownGracefully() }
}

/// glibc maps large blocks anew for each malloc and gives them back at once: every 128 KiB buffer would be
/// faulted in page by page. Keep them in the heap instead.
enum MemoryTuning {
    static func apply() {
        mr_keep_large_blocks(16 << 20, 256 << 20)
    }
}

/// The descriptors this process may open: raises the soft limit to the hard one.
/// - Returns: the limit now in force.
@discardableResult
package func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    return Int(limit.rlim_cur)
}
