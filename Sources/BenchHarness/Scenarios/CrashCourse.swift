import Glibc
import Measures
import RunRecords

/// Kills the system under load and starts it again, once.
final class CrashCourse {
    private let afterSeconds: Double
    private var began: MonotonicInstant?
    private(set) var facts: CrashFacts?

    /// Nil where the profile asks for no crash.
    init?(_ profile: RunProfile) {
        guard let after = profile.crashAfterSeconds else { return nil }
        afterSeconds = after
    }

    var phases: [RunPhase] {
        guard let facts else { return [] }
        return [
            RunPhase("killed", unixSeconds: facts.killedUnixSeconds),
            RunPhase("started again", unixSeconds: facts.restartUnixSeconds),
            RunPhase("restarted", unixSeconds: facts.greetedUnixSeconds),
        ]
    }

    /// - Parameter received: messages at the sink so far: with the first the load has begun.
    /// - Returns: whether the system was just killed and started again.
    /// - Throws: ``RecordFault`` if it does not come back.
    func tick(received: UInt64, _ system: RunningSystem) throws(RecordFault) -> Bool {
        guard facts == nil else { return false }
        let now = MonotonicInstant.now()
        if began == nil, received > 0 { began = now }
        guard let began, now.seconds(since: began) >= afterSeconds else { return false }
        let killed = WallInstant.now().seconds
        system.crash()
        let restart = WallInstant.now().seconds
        do { try system.start() } catch {
            throw RecordFault("it did not come back after it was killed: \(error.description)")
        }
        facts = CrashFacts(
            killedUnixSeconds: killed, restartUnixSeconds: restart, greetedUnixSeconds: WallInstant.now().seconds)
        return true
    }
}
