import Dispatch
import Measures
import NIOCore
import NIOPosix

extension NIOThreadPool {
    /// A pool whose threads are there, and known by what they work at.
    static func started(_ threads: Int, for group: ThreadGroup) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: max(1, threads))
        pool.start()
        // Each waits for the others, or one of them would sign in twice.
        let all = DispatchGroup()
        for _ in 0..<max(1, threads) { all.enter() }
        for _ in 0..<max(1, threads) {
            pool.submit { state in
                guard case .active = state else { return all.leave() }
                ThreadBook.join(group)
                all.leave()
                all.wait()
            }
        }
        return pool
    }
}

extension EventLoopGroup {
    /// Its threads are known by what they work at from now on.
    func join(_ group: ThreadGroup) {
        for loop in makeIterator() { loop.execute { ThreadBook.join(group) } }
    }
}
