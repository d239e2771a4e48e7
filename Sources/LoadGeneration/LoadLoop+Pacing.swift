import Measures
import NIOCore

// When which message begins: at once where a connection is free (closed loop), or when it is due (open loop).
extension LoadLoop {
    /// Nanoseconds after its due time from which on a start is late.
    static let lateness: UInt64 = 1_000_000
    /// The timer is set no nearer than this: what is due within it begins together.
    private static let grain: UInt64 = 20_000
    /// How long after the end of an open load's time messages that were due in it may still begin.
    private static let settling: UInt64 = 1_000_000_000
    /// How often it is seen at least whether the run is over.
    private static let glance: UInt64 = 50_000_000
    /// How often a loop without free connections looks whether another one has some.
    private static let patience: UInt64 = 1_000_000

    /// The next message to begin.
    /// - Parameter isFree: false for a connection that has a message under way: it takes another one only where no other
    ///   connection is free for it.
    func work(isFree: Bool) -> LoadWork? {
        if !again.isEmpty { return takeAgain() }
        guard let pace else { return plan.claim().map { LoadWork(sequence: $0) } }
        guard isFree || restingCount == 0, !plan.isExhausted else { return nil }
        let now = MonotonicInstant.now()
        guard let due = pace.take(index, now: now) else { return nil }
        guard let sequence = plan.claim() else {
            // It was due before the end came: either there are enough of them, or time was too short.
            if plan.stoppedAt != nil { counts.dropped += 1 }
            return nil
        }
        if now.nanoseconds(since: due) > Self.lateness { counts.lateStarts += 1 }
        return LoadWork(sequence: sequence, due: due)
    }

    /// No message is due for this connection: in an open loop it waits, otherwise it has done its share.
    func rest(_ client: any LoadClient) {
        guard pace != nil, !isDone else { return client.leave() }
        guard !client.isResting else { return }
        client.isResting = true
        resting.append(client)
        setResting(restingCount + 1)
    }

    func stopResting(_ client: any LoadClient) {
        guard client.isResting else { return }
        client.isResting = false
        if resting.first === client { resting.removeFirst() } else { resting.removeAll { $0 === client } }
        setResting(restingCount - 1)
    }

    private func setResting(_ count: Int) {
        restingCount = count
        pace?.setResting(index, count)
    }

    /// Time begins to run.
    /// - Parameter instant: when the first message is due.
    func begin(at instant: MonotonicInstant) {
        if configuration.warmUp > 0 { measuredFrom = instant.nanoseconds + UInt64(configuration.warmUp * 1e9) }
        if let duration = configuration.duration {
            let end = instant.nanoseconds + UInt64(duration * 1e9)
            context.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(end)) { [self] in
                timeIsOver(until: end + Self.settling)
            }
        }
        if pace != nil { arm(instant.nanoseconds) }
    }

    /// The run's time is over: what was due in it and is a little late may still begin.
    private func timeIsOver(until limit: UInt64) {
        guard let pace, !pace.isDone, MonotonicInstant.now().nanoseconds < limit, !plan.isExhausted else {
            plan.stop()
            return serveResting()
        }
        context.eventLoop.scheduleTask(in: .milliseconds(5)) { [self] in timeIsOver(until: limit) }
    }

    /// Begins what is due, as far as connections are free.
    private func serveResting() {
        while let client = resting.first {
            guard !isDone else {
                stopResting(client)
                client.leave()
                continue
            }
            let late = counts.lateStarts
            guard let work = work(isFree: true) else { return }
            counts.lateThoughFree += counts.lateStarts - late
            stopResting(client)
            client.begin(work)
        }
    }

    private func arm(_ instant: UInt64) {
        timer = context.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(instant)) { [self] in timerFired() }
    }

    private func timerFired() {
        serveResting()
        guard let pace, !plan.isExhausted else { return }
        let now = MonotonicInstant.now().nanoseconds
        guard let due = pace.nextDue(index)?.nanoseconds else { return arm(now + Self.glance) }
        if due <= now, restingCount == 0 {
            if let other = pace.fallsBehind(index) { peers[other].poke() }
            return arm(now + Self.patience)
        }
        arm(min(max(due, now + Self.grain), now + Self.glance))
    }

    /// Another loop has due messages and no free connection.
    private func poke() { context.eventLoop.execute { [self] in serveResting() } }
}
