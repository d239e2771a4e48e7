import Glibc
import SpoolContract

/// Threads that sync files: a sync waits for the disk, and those that wait at the same time are served by one commit of
/// the journal. Used by one thread at a time, which does its share.
///
/// Messages a second of 1 KB / 100 KB in batches of 64, each the best of three short runs on journaled file systems
/// (loop devices of a busy machine: a tenth more or less says nothing). In batches of 16 the order is much the same;
/// with one message no way stands out.
///
///                                           ext4            xfs
///     fdatasync one after the other         2,600 / 1,600   3,700 / 2,800
///     writeback begun for all, then that    4,100 / 3,300   7,200 / 5,400
///     16 threads                            6,200 / 3,800   8,700 / 5,800
///     writeback begun for all, 4 threads    7,700           9,900
///     writeback begun for all, 16 threads   8,700 / 6,200  11,900 / 5,200
///     syncfs                                7,100 / 5,500  15,400 / 5,900
///
/// syncfs also writes what everybody else has left on the file system, however much that is.
final class SyncPool: @unchecked Sendable {  // everything mutable is behind `mutex`
    enum Content {
        /// What files hold and how long they are: fdatasync.
        case data
        /// What is in directories: fsync, since fdatasync may leave names out.
        case names
    }
    private var files: [Int32] = []
    private var content = Content.data
    private var next = 0
    private var open = 0
    private var fault: SpoolFault?
    private var isStopping = false
    private var threads: [pthread_t] = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// - Parameter count: syncs that wait at once; a thread that cannot be had is done without.
    init(threads count: Int) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(work, nil)
        pthread_cond_init(done, nil)
        for _ in 1..<max(2, count) {
            var thread = pthread_t()
            let box = Unmanaged.passRetained(self)
            let status = pthread_create(
                &thread, nil,
                { raw in
                    Unmanaged<SyncPool>.fromOpaque(raw!).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
            if status == 0 { threads.append(thread) } else { box.release() }
        }
    }

    deinit {
        for condition in [work, done] {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// What is in these files or directories is on stable storage when it returns. A failure is final for its file: the kernel may
    /// have dropped the pages, and the next sync would succeed without them.
    func sync(_ files: [Int32], _ content: Content) throws(SpoolFault) {
        guard files.count > 1 else {
            if let file = files.first, let fault = Self.sync(file, content) { throw fault }
            return
        }
        pthread_mutex_lock(mutex)
        (self.files, self.content, next, open, fault) = (files, content, 0, files.count, nil)
        for _ in 0..<min(files.count - 1, threads.count) { pthread_cond_signal(work) }
        workOff()
        while open > 0 { pthread_cond_wait(done, mutex) }
        let result = fault
        (self.files, next) = ([], 0)
        pthread_mutex_unlock(mutex)
        if let result { throw result }
    }

    func stop() {
        pthread_mutex_lock(mutex)
        isStopping = true
        pthread_cond_broadcast(work)
        pthread_mutex_unlock(mutex)
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private func run() {
        pthread_mutex_lock(mutex)
        while !isStopping {
            workOff()
            if !isStopping { pthread_cond_wait(work, mutex) }
        }
        pthread_mutex_unlock(mutex)
    }

    /// Syncs files until none is left to begin with; called and left with the mutex held.
    private func workOff() {
        while next < files.count {
            let (file, content) = (files[next], content)
            next += 1
            pthread_mutex_unlock(mutex)
            let failure = Self.sync(file, content)
            pthread_mutex_lock(mutex)
            if let failure { fault = fault ?? failure }
            open -= 1
            if open == 0 { pthread_cond_signal(done) }
        }
    }

    private static func sync(_ file: Int32, _ content: Content) -> SpoolFault? {
        switch content {
        case .data: fdatasync(file) == 0 ? nil : .system("fdatasync")
        case .names: fsync(file) == 0 ? nil : .system("fsync of a directory")
        }
    }
}
