import Glibc
import SpoolContract

/// Threads that sync files: fdatasync waits for the disk, and those that wait at the same time are served by one
/// commit of the journal. Used by one thread at a time.
final class SyncPool: @unchecked Sendable {  // everything mutable is behind `mutex`
    private var files: [Int32] = []
    private var next = 0
    private var open = 0
    private var fault: SpoolFault?
    private var isStopping = false
    private var threads: [pthread_t] = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(threads count: Int) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(work, nil)
        pthread_cond_init(done, nil)
        for _ in 0..<max(1, count) {
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { raw in
                    Unmanaged<SyncPool>.fromOpaque(raw!).takeRetainedValue().run()
                    return nil
                }, Unmanaged.passRetained(self).toOpaque())
            threads.append(thread)
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

    /// Syncs all of them. A failure is final for its file: the kernel may have dropped the pages.
    func sync(_ files: [Int32]) throws(SpoolFault) {
        if files.count == 1 {
            guard fdatasync(files[0]) == 0 else { throw .system("fdatasync") }
            return
        }
        pthread_mutex_lock(mutex)
        (self.files, next, open, fault) = (files, 0, files.count, nil)
        pthread_cond_broadcast(work)
        while open > 0 { pthread_cond_wait(done, mutex) }
        let result = fault
        self.files = []
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
        while true {
            while next >= files.count, !isStopping { pthread_cond_wait(work, mutex) }
            guard next < files.count else { break }
            let file = files[next]
            next += 1
            pthread_mutex_unlock(mutex)
            let failure: SpoolFault? = fdatasync(file) == 0 ? nil : .system("fdatasync")
            pthread_mutex_lock(mutex)
            if let failure { fault = fault ?? failure }
            open -= 1
            if open == 0 { pthread_cond_signal(done) }
        }
        pthread_mutex_unlock(mutex)
    }
}
