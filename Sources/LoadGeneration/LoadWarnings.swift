package import RunRecords
import Measures

/// What the generator itself took, from when its first connection was opened until the last one had ended: what it needed
/// before that, to make texts and threads, limits nothing.
package struct LoadEffort: Sendable {
    package var seconds: Double
    /// Of all threads, user and system.
    package var cpuSeconds: Double
    /// Seconds of processor that the busiest event loop has used.
    package var busiestThread: Double

    package init(seconds: Double, cpuSeconds: Double, busiestThread: Double) {
        self.seconds = seconds
        self.cpuSeconds = cpuSeconds
        self.busiestThread = busiestThread
    }
}

/// What the generator distrusts about its own figures.
package struct LoadWarnings {
    private let record: GeneratorRecord
    private let lateThoughFree: UInt64
    private let effort: LoadEffort

    /// - Parameter lateThoughFree: messages that began late though a connection was free.
    package init(record: GeneratorRecord, lateThoughFree: UInt64, effort: LoadEffort) {
        self.record = record
        self.lateThoughFree = lateThoughFree
        self.effort = effort
    }

    package var texts: [String] {
        var found: [String] = []
        if record.header.build == "debug" { found.append("debug build: not a measurement") }
        found += [saturation, late, dropped, warmUp, ports].compactMap { $0 }
        if record.elapsedSeconds < 1 { found.append("run too short: \(fixed(record.elapsedSeconds, 3)) s") }
        return found
    }

    private var saturation: String? {
        // Shorter than that, a moment of work is all of it.
        guard effort.seconds >= 0.1 else { return nil }
        let threads = record.header.threads
        let all = effort.cpuSeconds / (effort.seconds * Double(threads))
        let one = effort.busiestThread / effort.seconds
        if all > 0.9 {
            return "generator saturated: it used \(fixed(all * 100, 0)) % of its \(threads) threads"
        }
        return one > 0.9
            ? "generator saturated: one of its \(threads) threads used \(fixed(one * 100, 0)) % of a processor" : nil
    }

    private var late: String? {
        guard lateThoughFree > 0, Double(lateThoughFree) > 0.001 * Double(record.offered) else { return nil }
        return "\(grouped(lateThoughFree)) messages began more than 1 ms late though a connection was free: this "
            + "machine or the generator was too slow, not the target"
    }

    private var dropped: String? {
        guard let dropped = record.droppedStarts, dropped > 0 else { return nil }
        return "\(grouped(dropped)) messages were due and never began: the load was above what the connections carry, "
            + "and the latencies leave these out"
    }

    private var warmUp: String? {
        guard let warmUp = record.warmUp, record.offered > 0, warmUp.offered == record.offered else { return nil }
        return "nothing was measured: all messages were of the warm-up, \(fixed(warmUp.seconds, 1)) s"
    }

    /// EADDRNOTAVAIL: ports of connections that are over are not free for a minute.
    private var ports: String? {
        let said = record.replies.contains {
            $0.stage == "connection" && $0.firstText.contains("Cannot assign requested address")
        }
        guard said else { return nil }
        return "local ports ran out, or a --source is no address of this machine: widen "
            + "net.ipv4.ip_local_port_range, set net.ipv4.tcp_tw_reuse=1, give more addresses with --source, or make "
            + "fewer connections (--messages-per-connection)"
    }
}
