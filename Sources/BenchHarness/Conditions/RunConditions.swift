import Measures

/// What the machine is to be made for a run.
package struct ConditionsAsked: Hashable, Sendable {
    /// Of the system under test to the spool's disk, a second.
    package var writesPerSecond: Int?
    package var bytesPerSecond: UInt64?
    /// Of the system under test, its page cache included.
    package var memoryBytes: UInt64?
    /// One way between system and receiver.
    package var delaySeconds: Double?
    /// Share of packets that are lost between them, 0 to 1.
    package var loss: Double?

    package init(
        writesPerSecond: Int? = nil, bytesPerSecond: UInt64? = nil, memoryBytes: UInt64? = nil,
        delaySeconds: Double? = nil, loss: Double? = nil
    ) {
        self.writesPerSecond = writesPerSecond
        self.bytesPerSecond = bytesPerSecond
        self.memoryBytes = memoryBytes
        self.delaySeconds = delaySeconds
        self.loss = loss
    }

    package var limitsDisk: Bool { writesPerSecond != nil || bytesPerSecond != nil }
    package var shapesNetwork: Bool { delaySeconds ?? 0 > 0 || loss ?? 0 > 0 }
    package var isEmpty: Bool { !limitsDisk && memoryBytes == nil && !shapesNetwork }
}

/// A machine that has been made what a profile asks for, until ``undo()``: control groups that the system under test is
/// started in, and what has been measured of them.
package final class RunConditions {
    /// One line each, for the record: `disk limited to 120 writes a second …`.
    package private(set) var lines: [String] = []
    /// What the sink must add to its answers, since the network could not be made slower; nil: nothing.
    package private(set) var sinkDelay: SinkDelayPlan?
    private var groups: [ControlGroup] = []
    private var network: DistantNetwork?

    /// Sets all of it up, and measures what came of it.
    /// - Parameters:
    ///   - spool: the directory whose disk is limited; probes write there.
    ///   - layout: where control groups are.
    /// - Throws: ``ConditionFault`` where this machine cannot be made so; nothing is left then.
    package init(
        _ asked: ConditionsAsked, spool: String, layout: ControlGroupLayout = .current()
    ) throws(ConditionFault) {
        do {
            if asked.limitsDisk { try limitDisk(asked, spool, layout) }
            if let bytes = asked.memoryBytes { try limitMemory(bytes, layout) }
            if asked.shapesNetwork { try shapeNetwork(asked) }
            if asked.limitsDisk { try probeDisk(asked, spool) }
        } catch {
            undo()
            throw error
        }
    }

    deinit { undo() }

    /// Words in front of a command that put it, and all that it starts, under the conditions; empty if there are none.
    package var prefix: [String] { ControlGroup.prefix(groups.map(\.directory)) }

    /// The same for the sink: it lives at the other end of the network.
    package var sinkPrefix: [String] { network?.sinkPrefix ?? [] }

    /// The address that the sink must listen on and the system deliver to; nil: any of this machine.
    package var sinkHost: String? { network?.sinkHost }

    /// Takes everything back, once; processes that are still in a group of its own are ended.
    package func undo() {
        for group in groups { group.remove() }
        groups = []
        network?.remove()
        network = nil
    }

    // MARK: Disk

    private func limitDisk(_ asked: ConditionsAsked, _ spool: String, _ layout: ControlGroupLayout)
        throws(ConditionFault)
    {
        guard let hierarchy = layout.hierarchy(.disk) else {
            throw ConditionFault("the disk cannot be limited here: no control group of the kernel for it is mounted")
        }
        guard let device = SpoolDevice.holding(spool)?.whole else {
            throw ConditionFault(
                "the disk cannot be limited here: the file system of \(spool) has no block device of its own")
        }
        groups.append(
            try ControlGroup(
                in: hierarchy, controller: .disk,
                settings: ControlGroup.diskSettings(
                    version: hierarchy.version, device: device, writesPerSecond: asked.writesPerSecond,
                    bytesPerSecond: asked.bytesPerSecond)))
    }

    /// What the limit came out as: the kernel counts requests, a file system makes several of one synced write.
    private func probeDisk(_ asked: ConditionsAsked, _ spool: String) throws(ConditionFault) {
        let name = groups.first { $0.controller == .disk }!.describedName
        let measured = try DiskLimitProbe.measure(in: spool, prefix: prefix)
        let limits = [
            asked.writesPerSecond.map { "\(grouped($0)) writes a second" },
            asked.bytesPerSecond.map { "\(fixed(Double($0) / 1e6, 1)) MB a second" },
        ].compactMap(\.self).joined(separator: " and ")
        lines.insert(
            "disk limited to \(limits) by the \(name); measured there: \(fixed(measured.syncedWritesPerSecond, 0)) "
                + "synced writes of 4 KiB a second, \(fixed(measured.bytesPerSecond / 1e6, 1)) MB a second in synced "
                + "writes of 1 MiB", at: 0)
        if groups.contains(where: { $0.controller == .disk && $0.version == 1 }) {
            lines.insert("what the kernel writes by itself, later, is not limited (cgroup version 1)", at: 1)
        }
    }

    // MARK: Memory

    private func limitMemory(_ bytes: UInt64, _ layout: ControlGroupLayout) throws(ConditionFault) {
        guard let hierarchy = layout.hierarchy(.memory) else {
            throw ConditionFault("memory cannot be limited here: no control group of the kernel for it is mounted")
        }
        let group = try ControlGroup(
            in: hierarchy, controller: .memory,
            settings: ControlGroup.memorySettings(version: hierarchy.version, bytes: bytes))
        groups.append(group)
        lines.append(
            "memory of the system limited to \(fixed(Double(bytes) / 1_073_741_824, 2)) GiB, its page cache included, by "
                + "the \(group.describedName)")
    }

    // MARK: Network

    private func shapeNetwork(_ asked: ConditionsAsked) throws(ConditionFault) {
        let (delay, loss) = (asked.delaySeconds ?? 0, asked.loss ?? 0)
        guard let reason = NetworkEmulation.missing() else {
            let network = try DistantNetwork(delaySeconds: delay, loss: loss)
            self.network = network
            lines.append(network.line)
            return
        }
        guard loss == 0 else {
            throw ConditionFault("packets cannot be lost here: \(reason)")
        }
        sinkDelay = SinkDelayPlan(seconds: delay * 2)
        lines.append(
            "receiver \(fixed(delay * 1000, 1)) ms away each way: \(reason), so the sink answers each command "
                + "\(fixed(delay * 2000, 1)) ms later instead; content crosses at once")
    }
}

/// Why a machine cannot be made what a profile asks for: such a run is NOT RUN.
package struct ConditionFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// How the sink stands in for a distance: it answers everything so much later.
package struct SinkDelayPlan: Hashable, Sendable {
    /// Of a round trip.
    package var seconds: Double
    package init(seconds: Double) { self.seconds = seconds }

    private static let stages = ["connect", "ehlo", "mail", "rcpt", "data", "end"]

    /// Rules of the sink's behaviour, a delay at each stage, to stand before all others.
    package var rules: String {
        let milliseconds = fixed(seconds * 1000, 3)
        return Self.stages.map { "  - {at: \($0), action: delay, delay: \(milliseconds)ms}\n" }.joined()
    }
}
