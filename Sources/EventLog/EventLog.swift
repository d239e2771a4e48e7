import Dispatch
import Glibc
import Measures
import Synchronization

/// What the log has done so far.
package struct EventLogCounts: Sendable, Hashable {
    package var events: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Not written: the disk did not keep up or took nothing.
    package var dropped: UInt64 = 0
    /// Segments removed before every web hook had read them.
    package var removedUnread: UInt64 = 0
    /// Why events are dropped now; nil: they are not.
    package var fault: String?
}

/// The event log: lines of JSON in segments that are closed by size and age, compressed and removed as asked.
///
/// ``append(_:events:)`` costs a lock and a copy; one queue writes. Mail never waits for the log: what does not fit
/// into the buffer is dropped and counted. Lines reach the kernel within a fraction of a second and the disk when their
/// segment is closed: a killed process loses what it had not handed over, a power cut the segment's tail.
package final class EventLog: Sendable {
    private struct Pending {
        var lines: [UInt8] = []
        var events: UInt64 = 0
        var isScheduled = false
        var counts = EventLogCounts()
    }

    package let settings: EventLogSettings
    private let pending = Mutex(Pending())
    private let files: LogFiles
    private let queue = DispatchQueue(label: "event-log")
    // Made and cancelled by one thread each; its handler runs on `queue`.
    nonisolated(unsafe) private let timer: any DispatchSourceTimer

    /// Makes the directory, keeps other processes out of it, and closes what a killed one left open.
    package init(_ settings: EventLogSettings) throws(EventLogFault) {
        self.settings = settings
        if mkdir(settings.directory, 0o750) != 0, errno != EEXIST { throw .system("create \(settings.directory)") }
        guard access(settings.directory, W_OK) == 0 else { throw .system("write into \(settings.directory)") }
        files = try LogFiles(settings)
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + 1, repeating: 1)
        timer.setEventHandler { [weak self] in self?.maintain() }
        timer.activate()
    }

    package var counts: EventLogCounts { pending.withLock { $0.counts } }

    /// Takes lines over. Any thread.
    /// - Parameters:
    ///   - lines: whole lines (``MailEvent/append(to:)``).
    ///   - events: how many.
    package func append(_ lines: [UInt8], events: Int) {
        let mustWake = pending.withLock { pending in
            guard pending.lines.count + lines.count <= settings.bufferBytes else {
                pending.counts.dropped += UInt64(events)
                return false
            }
            pending.lines.append(contentsOf: lines)
            pending.events += UInt64(events)
            defer { pending.isScheduled = true }
            return !pending.isScheduled
        }
        if mustWake { queue.async { self.write() } }
    }

    /// Readers of the log tell where they are; what is before is theirs no more.
    package func note(reader: String, at segment: SegmentName?) { files.note(reader: reader, at: segment) }

    /// Writes what waits and closes the segment. Nothing may be appended afterwards.
    package func close() {
        timer.cancel()
        queue.sync {
            self.write()
            self.attempt { files throws(EventLogFault) in try files.closeSegment() }
        }
    }

    // MARK: The writer's queue

    private func write() {
        let (lines, events) = pending.withLock { pending in
            defer {
                pending.lines = []
                pending.events = 0
                pending.isScheduled = false
            }
            return (pending.lines, pending.events)
        }
        guard !lines.isEmpty else { return }
        let isWritten = attempt { files throws(EventLogFault) in
            try files.write(lines, now: WallInstant.now().milliseconds)
        }
        pending.withLock { pending in
            if isWritten {
                pending.counts.events += events
                pending.counts.bytes += UInt64(lines.count)
            } else {
                pending.counts.dropped += events
            }
        }
    }

    private func maintain() {
        attempt { files throws(EventLogFault) in
            let unread = try files.maintain(now: WallInstant.now().milliseconds)
            pending.withLock { $0.counts.removedUnread += UInt64(unread) }
        }
    }

    @discardableResult
    private func attempt(_ body: (LogFiles) throws(EventLogFault) -> Void) -> Bool {
        var fault: EventLogFault?
        do throws(EventLogFault) { try body(files) } catch { fault = error }
        pending.withLock { $0.counts.fault = fault?.description }
        return fault == nil
    }
}
