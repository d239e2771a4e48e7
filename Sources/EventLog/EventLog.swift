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
    /// Why events are dropped now, or segments are not closed or compressed; nil: all is well.
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
        /// Who wait until what they handed over is on the disk.
        var waiting: [@Sendable (EventLogFault?) -> Void] = []
        var counts = EventLogCounts()
        /// Until a write succeeds.
        var writingFault: String?
        var upkeepFault: String?
        var faults = FaultHistory()

        mutating func noteWriting(_ fault: String?) {
            writingFault = fault
            if let fault { faults.note(fault) }
        }

        mutating func noteUpkeep(_ fault: EventLogFault?) {
            upkeepFault = fault?.description
            if let upkeepFault { faults.note(upkeepFault) }
        }
    }

    package let settings: EventLogSettings
    private let pending = Mutex(Pending())
    private let files: LogFiles
    private let queue = DispatchQueue(label: "event-log")
    // Made and cancelled by one thread each; its handler runs on `queue`.
    nonisolated(unsafe) private let timer: any DispatchSourceTimer

    /// Makes the directory, keeps other processes out of it, and closes what a killed one left open.
    /// - Parameter readers: names of those who read the log; nothing is compressed that they have not read.
    package init(_ settings: EventLogSettings, readers: [String] = []) throws(EventLogFault) {
        self.settings = settings
        files = try LogFiles(settings, readers: readers)
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + 1, repeating: 1)
        timer.setEventHandler { [weak self] in self?.maintain() }
        timer.activate()
    }

    package var counts: EventLogCounts {
        pending.withLock { pending in
            var counts = pending.counts
            counts.fault = pending.writingFault ?? pending.upkeepFault
            return counts
        }
    }

    /// What went wrong since the start.
    package var faults: [String] { pending.withLock { $0.faults.texts } }

    /// Where the readers are, in their order.
    package var places: [LogPlace] { files.places }

    /// Takes lines over. Any thread.
    /// - Parameters:
    ///   - lines: whole lines (``MailEvent/append(to:)``).
    ///   - events: how many.
    package func append(_ lines: [UInt8], events: Int) { append(lines, events, nil) }

    /// The same for events that something hangs on: they are synced, all that wait at a time with one sync.
    /// - Parameter whenSafe: called once, on any thread; nil: they are on the disk. With a fault they may be there or not.
    package func append(_ lines: [UInt8], events: Int, whenSafe: @escaping @Sendable (EventLogFault?) -> Void) {
        append(lines, events, whenSafe)
    }

    private func append(_ lines: [UInt8], _ events: Int, _ whenSafe: (@Sendable (EventLogFault?) -> Void)?) {
        let (isTaken, mustWake) = pending.withLock { pending in
            guard pending.lines.count + lines.count <= settings.bufferBytes else {
                pending.counts.dropped += UInt64(events)
                if pending.writingFault == nil {
                    pending.noteWriting("\(pending.lines.count) octets of events wait for the disk: events are dropped")
                }
                return (false, false)
            }
            pending.lines.append(contentsOf: lines)
            pending.events += UInt64(events)
            if let whenSafe { pending.waiting.append(whenSafe) }
            defer { pending.isScheduled = true }
            return (true, !pending.isScheduled)
        }
        if mustWake { queue.async { self.write() } }
        if !isTaken { whenSafe?(EventLogFault("the disk does not keep up with the events")) }
    }

    /// Writes what waits and closes the segment. Nothing may be appended afterwards.
    package func close() {
        timer.cancel()
        queue.sync {
            self.write()
            files.closeSegment()
            pending.withLock { $0.noteUpkeep(files.fault) }
        }
    }

    // MARK: The writer's queue

    private func write() {
        let (lines, events, waiting) = pending.withLock { pending in
            defer {
                pending.lines = []
                pending.events = 0
                pending.waiting = []
                pending.isScheduled = false
            }
            return (pending.lines, pending.events, pending.waiting)
        }
        guard !lines.isEmpty else { return }
        var fault: EventLogFault?
        do throws(EventLogFault) {
            try files.write(lines, now: WallInstant.now().milliseconds)
        } catch { fault = error }
        let isWritten = fault == nil
        if isWritten, !waiting.isEmpty {
            do throws(EventLogFault) { try files.sync() } catch { fault = error }
        }
        pending.withLock { pending in
            pending.noteWriting(fault?.description)
            if isWritten {
                pending.counts.events += events
                pending.counts.bytes += UInt64(lines.count)
            } else {
                pending.counts.dropped += events
            }
        }
        for done in waiting { done(fault) }
    }

    private func maintain() {
        let (unread, fault) = files.maintain(now: WallInstant.now().milliseconds)
        pending.withLock { pending in
            pending.counts.removedUnread += UInt64(unread)
            pending.noteUpkeep(fault)
        }
    }
}
