import Foundation
import Glibc
import Measures
package import RunRecords

/// Counts a system's syncs, and what else the processor tells, during the measured part alone: `perf stat` starts the
/// system with its counters off, and turns them on and off when it is told over a pipe. They follow every child.
package final class PerfCounter {
    private let directory: String
    private let beginsOff: Bool
    private var control: Int32 = -1
    private var acknowledgement: Int32 = -1

    private static let tracing = "/sys/kernel/tracing"
    private static let processorEvents = ["instructions", "cycles"]

    /// Nil where there is no perf, no root or no tracepoints.
    /// - Parameters:
    ///   - directory: for its pipes and its report.
    ///   - beginsOff: until ``start()``; otherwise everything is counted.
    init?(in directory: String, beginsOff: Bool = true) {
        self.beginsOff = beginsOff
        guard geteuid() == 0, Self.hasPerf, access(Self.tracing, F_OK) == 0, !Self.events.isEmpty else { return nil }
        self.directory = directory
        for name in ["control", "acknowledgement"] where mkfifo(directory + "/perf." + name, 0o600) != 0 { return nil }
        // Read and write: opening waits for nobody then.
        control = open(directory + "/perf.control", O_RDWR | O_CLOEXEC)
        acknowledgement = open(directory + "/perf.acknowledgement", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard control >= 0, acknowledgement >= 0 else { return nil }
    }

    deinit { for descriptor in [control, acknowledgement] where descriptor >= 0 { close(descriptor) } }

    private static let hasPerf = Command.output(["perf", "--version"]) != nil
    private static var isMounted: Bool { access(tracing + "/events", F_OK) == 0 }
    /// Where tracefs is not mounted, perf will say what it does not know; it is mounted for perf alone then.
    private static let events = SyncCounts.names.filter {
        !isMounted || access("\(tracing)/events/syscalls/sys_enter_\($0)", F_OK) == 0
    }

    /// Words before the system's start command.
    var command: [String] {
        let mount = ["unshare", "--mount", "sh", "-c", "mount -t tracefs tracefs \"$0\" && exec \"$@\"", Self.tracing]
        let events = Self.events.map { "syscalls:sys_enter_\($0)" } + Self.processorEvents
        return (Self.isMounted ? [] : mount) + [
            "perf", "stat", "-x,", beginsOff ? "--delay=-1" : "--delay=0",
            "--control=fifo:\(directory)/perf.control,\(directory)/perf.acknowledgement",
            "-o", report, "-e", events.joined(separator: ","), "--",
        ]
    }

    private var report: String { directory + "/perf.csv" }

    /// Turns the counters on. False: perf did not answer, and there will be no counts.
    func start() -> Bool { tell("enable") }
    func stop() -> Bool { tell("disable") }

    private func tell(_ word: String) -> Bool {
        let line = Array((word + "\n").utf8)
        guard write(control, line, line.count) == line.count else { return false }
        var wait = pollfd(fd: acknowledgement, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 5_000) == 1 else { return false }
        var bytes = [UInt8](repeating: 0, count: 64)
        return read(acknowledgement, &bytes, bytes.count) > 0
    }

    /// What was counted, once the system has ended; nil where perf wrote nothing.
    func counts() -> (syncs: SyncCounts, processor: [String: UInt64])? {
        guard let text = readSmallFile(report) else { return nil }
        return Self.parse(text)
    }

    /// Lines of `perf stat -x,`: `VALUE,UNIT,EVENT,…`; `<not supported>` is no count.
    package static func parse(_ text: String) -> (syncs: SyncCounts, processor: [String: UInt64])? {
        var (syncs, processor) = (SyncCounts(), [String: UInt64]())
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count > 2, let value = UInt64(fields[0]) else { continue }
            let event = fields[2].replacingOccurrences(of: "syscalls:sys_enter_", with: "")
            if SyncCounts.names.contains(event) { syncs.calls[event] = value } else { processor[event] = value }
        }
        return syncs.calls.isEmpty ? nil : (syncs, processor)
    }

    func removeFiles() {
        for name in ["control", "acknowledgement", "csv"] { unlink("\(directory)/perf.\(name)") }
    }
}
