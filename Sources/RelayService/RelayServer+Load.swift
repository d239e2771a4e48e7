import CLinux
import LoadShedding
import MailTypes
import Measures

// Load-shedding: what is short is refused before it is gone, so that mail that was taken can go on.
extension RelayServer {
    /// Clients that may be there together, all listeners counted.
    package nonisolated var clientLimit: Int { gate.limitNow }

    /// Before clients come.
    func warnOfMemory() {
        if let warning = load.memoryWarning { publication.add(["warning: \(warning)"]) }
    }

    /// Looks at disk, memory, descriptors and queue, and tells the shards what to refuse.
    func watchLoad() async throws {
        let spool = spool
        // What was freed is kept for later use until it is given back to the kernel: without that memory that was short
        // once would be short for good.
        if load.isMemoryDue { mr_give_back_memory() }
        guard load.look(freeBytes: spool.freeBytes, messages: { spool.report.messages }) else { return }
        let shedder = load.shedder
        http?.intake.refuse(shedder.refusal)
        for shard in shards {
            try await shard.context.eventLoop.submit {
                shard.shedding = Shedding(
                    mail: shedder.mailReply, connection: shedder.connectionReply(hostname: shard.hostname))
            }.get()
        }
    }

    func addLoad(_ counts: RelayCounts, _ text: inout MetricText) {
        let causes = load.shedder.causes
        text.add(
            RelayMetrics.loadShedding, LoadCause.allCases.map { ([$0.rawValue], causes.contains($0) ? 1 : 0) })
        text.add(RelayMetrics.loadRefusals, counts.shed)
        text.add(RelayMetrics.failedAccepts, gate.failedAccepts)
        let (reading, limits) = (load.reading, load.limits)
        let resources: [(String, Int?, Int?)] = [
            ("memory", reading.memoryBytes, limits.memoryBytes),
            ("descriptors", reading.openDescriptors, limits.descriptors.map { $0 - limits.reservedDescriptors }),
            ("clients", gate.openConnections, gate.limitNow),
            ("backlog", limits.queuedMessages == nil ? nil : reading.queuedMessages, limits.queuedMessages),
        ]
        text.add(
            RelayMetrics.loadUsed, resources.compactMap { name, used, _ in used.map { ([name], Double($0)) } })
        text.add(
            RelayMetrics.loadLimits, resources.compactMap { name, _, limit in limit.map { ([name], Double($0)) } })
        if let inodes = reading.freeInodes { text.add(RelayMetrics.freeInodes, inodes) }
    }
}

/// What a shard refuses for want of something.
struct Shedding: Sendable {
    /// At MAIL.
    var mail: SMTPReply?
    /// Instead of the greeting.
    var connection: SMTPReply?
}
