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
            unixSeconds: instant.seconds, messages: totals.messages - last.messages,
            bytes: totals.bytes - last.bytes, failed: totals.failed - last.failed, connections: totals.connections)
        last = totals
        samples.append(sample)
        return sample
    }
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

/// An append-only text file of a ledger, one line a message.
package final class LedgerFile: @unchecked Sendable {  // used by one task at a time
    private let handle: FileHandle

    /// - Parameter appends: to what is there; otherwise the file begins anew. A device or a FIFO stays what it is.
    /// - Throws: ``RecordFault`` that names the path and says why.
    package init(path: String, appends: Bool = false) throws(RecordFault) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appends ? O_APPEND : O_TRUNC), 0o666)
        guard file >= 0 else {
            throw RecordFault("ledger \(path): cannot be created: \(String(cString: strerror(errno)))")
        }
        handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    package func append(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        try handle.write(contentsOf: Data(bytes))
    }

    package func close() { try? handle.close() }
}
