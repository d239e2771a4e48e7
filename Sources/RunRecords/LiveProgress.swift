package import Measures
import Foundation

/// Totals so far, from which ``SeriesRecorder`` makes the seconds.
package struct ProgressTotals: Hashable, Sendable {
    package var messages: UInt64
    package var bytes: UInt64
    package var failed: UInt64
    package var connections: Int

    package init(messages: UInt64 = 0, bytes: UInt64 = 0, failed: UInt64 = 0, connections: Int = 0) {
        self.messages = messages
        self.bytes = bytes
        self.failed = failed
        self.connections = connections
    }
}

/// Makes an ``IntervalSample`` a second out of running totals; a value without a clock of its own.
package struct SeriesRecorder: Sendable {
    package private(set) var samples: [IntervalSample] = []
    private var last = ProgressTotals()

    package init() {}

    /// - Returns: the sample just made.
    @discardableResult
    package mutating func add(_ totals: ProgressTotals, at instant: WallInstant) -> IntervalSample {
        let sample = IntervalSample(
            unixSeconds: instant.seconds, messages: Self.step(last.messages, totals.messages),
            bytes: Self.step(last.bytes, totals.bytes), failed: Self.step(last.failed, totals.failed),
            connections: totals.connections)
        last = totals
        samples.append(sample)
        return sample
    }

    /// A count that is smaller than before began again in between, as Prometheus reads counters.
    private static func step(_ before: UInt64, _ now: UInt64) -> UInt64 { now >= before ? now - before : now }
}

/// `FILE.live` beside a record: `{"messages":N,"unix_s":T}`, rewritten while the program runs, so that a harness
/// can wait for the last message without asking the program anything.
package struct LiveFile: Sendable {
    private let path: String
    /// Beside `/dev/null` nothing is to be left behind.
    private let isWanted: Bool

    package init(record: String) {
        path = record + ".live"
        isWanted = isRegularOutput(record)
    }

    /// Replaces the file atomically. A full disk is not worth a fault here: the record itself will tell.
    package func write(messages: UInt64, at instant: WallInstant) {
        guard isWanted else { return }
        let text = "{\"messages\":\(messages),\"unix_s\":\(fixed(instant.seconds, 3))}\n"
        try? Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    package func remove() { if isWanted { unlink(path) } }
}
