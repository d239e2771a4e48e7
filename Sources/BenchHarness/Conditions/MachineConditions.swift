import Measures
package import RunRecords

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

    /// What a profile's keys `disk`, `memory` and `network` say.
    package init(_ profile: RunProfile) {
        self.init(
            writesPerSecond: profile.disk?.writesPerSecond,
            bytesPerSecond: profile.disk?.megabytesPerSecond.map { UInt64(($0 * 1e6).rounded()) },
            memoryBytes: profile.memoryBytes.map { UInt64($0) }, delaySeconds: profile.network?.delaySeconds,
            loss: profile.network?.loss)
    }
}

/// A machine that is made what a profile asks for, from ``prepare()`` until ``remove()``: control groups that the system
/// under test is started in, and what has been measured of them.
package final class MachineConditions: RunConditions {
    /// One line each, for the record: `disk limited to 120 writes a second …`.
    package private(set) var lines: [String] = []
    /// What the sink must add to its answers, since the network could not be made slower; nil: nothing.
    package private(set) var sinkDelay: SinkDelayPlan?
    private let asked: ConditionsAsked
    private let spool: String
    private let layout: ControlGroupLayout
    private let accountingGroup: String?
    private var groups: [ControlGroup] = []
    private var network: DistantNetwork?

    /// - Parameters:
    ///   - spool: the directory whose disk is limited; probes write there.
    ///   - layout: where control groups are.
    ///   - accountingGroup: that the system will be in anyway: of version 2 it gets the limits itself.
    package init(
        _ asked: ConditionsAsked, spool: String, layout: ControlGroupLayout = .current(),
        accountingGroup: String? = nil
    ) {
        self.asked = asked
        self.spool = spool
        self.layout = layout
        self.accountingGroup = accountingGroup
    }

    deinit { remove() }

    /// Sets all of it up, and measures what came of it.
    /// - Throws: ``RecordFault`` where this machine cannot be made so; nothing is left then.
    package func prepare() throws(RecordFault) {
        do {
            if asked.limitsDisk { try limitDisk() }
            if let bytes = asked.memoryBytes { try limitMemory(bytes) }
            if asked.shapesNetwork { try shapeNetwork() }
            if asked.limitsDisk { try probeDisk() }
        } catch {
            remove()
            throw error
        }
    }

    package var systemPrefix: [String] { ControlGroup.prefix(groups.filter { !$0.isAdopted }.map(\.directory)) }

    /// The sink lives at the other end of the network.
    package var sinkPrefix: [String] { network?.sinkPrefix ?? [] }
    package var sinkAddress: String { network?.sinkHost ?? "127.0.0.1" }
    package var sinkRules: String { sinkDelay?.rules ?? "" }

    /// Takes everything back, once; processes that are still in a group of its own are ended.
    package func remove() {
        for group in groups { group.remove() }
        groups = []
        network?.remove()
        network = nil
    }

    private func group(
        _ controller: ControlGroupLayout.Controller, _ what: String,
        _ settings: (Int) -> [ControlGroup.Setting]
    ) throws(RecordFault) -> ControlGroup {
        guard let hierarchy = layout.hierarchy(controller) else {
            throw RecordFault("\(what) cannot be limited here: no control group of the kernel for it is mounted")
        }
        let adopted = accountingGroup.flatMap {
            hierarchy.version == 2 && $0.hasPrefix(hierarchy.directory + "/") ? $0 : nil
        }
        let group = try ControlGroup(
            in: hierarchy, controller: controller, settings: settings(hierarchy.version), adopting: adopted)
        groups.append(group)
        return group
    }

    // MARK: Disk

    private func limitDisk() throws(RecordFault) {
        guard layout.hierarchy(.disk) == nil || SpoolDevice.holding(spool)?.whole != nil else {
            throw RecordFault(
                "the disk cannot be limited here: the file system of \(spool) has no block device of its own")
        }
        _ = try group(.disk, "the disk") { version in
            SpoolDevice.holding(spool)?.whole.map {
                ControlGroup.diskSettings(
                    version: version, device: $0, writesPerSecond: asked.writesPerSecond,
                    bytesPerSecond: asked.bytesPerSecond)
            } ?? []
        }
    }

    /// What the limit came out as: the kernel counts requests, a file system makes several of one synced write.
    private func probeDisk() throws(RecordFault) {
        let name = groups.first { $0.controller == .disk }!.describedName
        let measured = try DiskLimitProbe.measure(in: spool, prefix: ControlGroup.prefix(groups.map(\.directory)))
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

    private func limitMemory(_ bytes: UInt64) throws(RecordFault) {
        let group = try group(.memory, "memory") { ControlGroup.memorySettings(version: $0, bytes: bytes) }
        lines.append(
            "memory of the system limited to \(fixed(Double(bytes) / 1_073_741_824, 2)) GiB, its page cache included, by "
                + "the \(group.describedName)")
    }

    // MARK: Network

    private func shapeNetwork() throws(RecordFault) {
        let (delay, loss) = (asked.delaySeconds ?? 0, asked.loss ?? 0)
        guard let reason = NetworkEmulation.missing() else {
            let network = try DistantNetwork(delaySeconds: delay, loss: loss)
            self.network = network
            lines.append(network.line)
            return
        }
        guard loss == 0 else {
            throw RecordFault("packets cannot be lost here: \(reason)")
        }
        sinkDelay = SinkDelayPlan(seconds: delay * 2)
        lines.append(
            "receiver \(fixed(delay * 1000, 1)) ms away each way: \(reason), so the sink answers connection, "
                + "EHLO, MAIL and end of content \(fixed(delay * 2000, 1)) ms later instead; content crosses at once")
    }
}

/// How the sink stands in for a distance: it answers everything so much later.
package struct SinkDelayPlan: Hashable, Sendable {
    /// Of a round trip.
    package var seconds: Double
    package init(seconds: Double) { self.seconds = seconds }

    /// Where a client that pipelines waits for an answer: envelope and DATA go in one.
    private static let stages = ["connect", "ehlo", "mail", "end"]

    /// Rules of the sink's behaviour, a delay at each stage, to stand before all others.
    package var rules: String {
        let milliseconds = fixed(seconds * 1000, 3)
        return Self.stages.map { "- {at: \($0), action: delay, delay: \(milliseconds)ms}\n" }.joined()
    }
}

extension MachineConditions {
    /// What a run's profile asks for.
    package convenience init(_ scene: RunScene) {
        self.init(ConditionsAsked(scene.profile), spool: scene.work, accountingGroup: scene.accountingGroup)
    }
}
