import BenchHarness
import Glibc
import Measures
import Synchronization

/// When a load ends, and what was counted until then.
enum End {
    case bytes(Int)
    case measured(Clock)

    /// - Returns: that was the last batch.
    mutating func note(_ messages: Int, bytes: Int, wait: UInt64, at now: MonotonicInstant) -> Bool {
        switch self {
        case .bytes(let left):
            self = .bytes(left - bytes)
            return left <= bytes
        case .measured(var clock):
            // The histogram is not copied while it is changed.
            self = .bytes(0)
            defer { self = .measured(clock) }
            return clock.note(messages, wait: wait, at: now)
        }
    }

    var sample: Sample? {
        guard case .measured(let clock) = self else { return nil }
        return clock.sample
    }
}

/// Measures from the end of one batch to the end of another, after some time to warm up.
struct Clock {
    private static let warmUp = 0.3

    private struct Reading {
        var at: MonotonicInstant
        var cpuSeconds: Double
        var deviceBytes: UInt64?
    }
    private let directory: String
    private let seconds: Double
    private let opened = MonotonicInstant.now()
    private var first: MonotonicInstant?
    private var begin: Reading?
    private var end: Reading?
    private var messages: UInt64 = 0
    private var waits = LatencyHistogram()

    init(directory: String, seconds: Double) {
        self.directory = directory
        self.seconds = seconds
    }

    fileprivate mutating func note(_ count: Int, wait: UInt64, at now: MonotonicInstant) -> Bool {
        guard let begin else {
            let first = first ?? now
            self.first = first
            if now.seconds(since: first) >= Self.warmUp { begin = reading(now) }
            return false
        }
        guard end == nil else { return true }
        messages += UInt64(count)
        waits.record(nanoseconds: wait, count: UInt64(count))
        if now.seconds(since: begin.at) >= seconds { end = reading(now) }
        return end != nil
    }

    private func reading(_ now: MonotonicInstant) -> Reading {
        Reading(
            at: now, cpuSeconds: ProcessUsage.current().cpuSeconds,
            deviceBytes: MachineProbe.deviceWrittenBytes(holding: directory))
    }

    var sample: Sample? {
        guard let begin, let end else { return nil }
        var written: UInt64?
        if let from = begin.deviceBytes, let to = end.deviceBytes { written = to - from }
        return Sample(
            messages: messages, seconds: end.at.seconds(since: begin.at), cpuSeconds: end.cpuSeconds - begin.cpuSeconds,
            deviceBytes: written, waitP50: waits.percentile(50), waitP99: waits.percentile(99))
    }
}

private let interrupted = Atomic<Bool>(false)

/// SIGINT and SIGTERM end the run after the measurement under way, so that the spools are removed.
func interruptible() {
    for number in [SIGINT, SIGTERM] {
        signal(number) { _ in interrupted.store(true, ordering: .relaxed) }
    }
}

func isInterrupted() -> Bool { interrupted.load(ordering: .relaxed) }
