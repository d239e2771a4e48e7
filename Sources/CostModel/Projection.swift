import Measures

/// How many messages a second a machine may carry, from what a message took on another one: a bound for each thing that
/// can run out, and the smallest of them is the answer. An estimate with its assumptions, never a measurement.
package struct Projection: Sendable {
    package enum Resource: String, Sendable, CaseIterable {
        case mtaCPU = "cpu_mta"
        case allCPU = "cpu_all"
        case network = "nic"
        case diskBytes = "disk_bytes"
        case diskOperations = "disk_operations"
        case memory

        package var label: String {
            switch self {
            case .mtaCPU: "CPU, MTA alone"
            case .allCPU: "CPU, generator, MTA and sink"
            case .network: "network card"
            case .diskBytes: "disk throughput"
            case .diskOperations: "disk operations"
            case .memory: "memory"
            }
        }
    }

    /// What is assumed of the machine besides its entry in the prices.
    package struct Assumptions: Sendable {
        /// The machine runs generator and sink, too, as it did here.
        package var sharesMachine = false
        /// CoreMark iterations a second of all cores of the machine of the measurement.
        package var coreMarkHere: Double?
        package var volume: RentedVolume?

        package init() {}
    }

    package struct Bound: Sendable {
        package var resource: Resource
        package var messagesPerSecond: Double
        /// How it comes out.
        package var arithmetic: String
        /// Not the answer's: shown beside it.
        package var isAside: Bool
    }

    package let instance: Instance
    package let run: MeasuredRun
    package let bounds: [Bound]
    package let usesCoreMark: Bool

    /// Operations that a volume counts as one are of this size at most (as AWS counts for its SSD volumes).
    package static let operationBytes = 262_144.0

    /// - Returns: nil if the CPU of the system was not counted in the run: without it nothing can be said.
    package init?(_ run: MeasuredRun, on instance: Instance, _ assumptions: Assumptions) {
        guard let systemCPU = run.systemCPU, systemCPU > 0, let allCPU = run.allCPU else { return nil }
        (self.instance, self.run) = (instance, run)
        // A disk of one cloud cannot be had in another.
        let volume = assumptions.volume.flatMap { $0.type.cloud == instance.cloud ? $0 : nil }
        let speed = Self.speed(run, instance, assumptions.coreMarkHere)
        usesCoreMark = speed != nil
        var bounds = [
            Self.cpu(.mtaCPU, systemCPU, instance, speed, isAside: assumptions.sharesMachine),
            Self.cpu(.allCPU, allCPU, instance, speed, isAside: !assumptions.sharesMachine),
            Self.network(run, instance),
        ]
        bounds += [
            Self.diskBytes(run, instance, volume), Self.diskOperations(run, volume),
            Self.memory(run, instance),
        ].compactMap { $0 }
        self.bounds = bounds
    }

    /// The smallest bound.
    package var binding: Bound {
        bounds.filter { !$0.isAside }.min { $0.messagesPerSecond < $1.messagesPerSecond }!
    }

    package subscript(resource: Resource) -> Bound? { bounds.first { $0.resource == resource } }

    /// Messages that fit into the memory beside what the system used at its peak: a backlog, or the page cache of one.
    package var backlogInMemory: Double? {
        run.memoryPeakBytes.map { max(0, instance.memoryGiB * 1_073_741_824 - $0) / run.messageBytes }
    }

    /// Speed of one core against one here; nil: not both are known.
    private static func speed(_ run: MeasuredRun, _ instance: Instance, _ here: Double?) -> Double? {
        guard let here, let there = instance.coreMarkPerSecond else { return nil }
        return there / Double(instance.vcpu) / (here / Double(run.cores))
    }

    private static func cpu(
        _ resource: Resource, _ microseconds: Double, _ instance: Instance, _ speed: Double?, isAside: Bool
    ) -> Bound {
        let factor = speed.map { " × \(significant($0, 3)) (CoreMark a core, there against here)" } ?? ""
        return Bound(
            resource: resource, messagesPerSecond: Double(instance.vcpu) * 1e6 / microseconds * (speed ?? 1),
            arithmetic: "\(instance.vcpu) vCPU × 1,000,000 µs / \(significant(microseconds, 4)) µs a message" + factor,
            isAside: isAside)
    }

    private static func network(_ run: MeasuredRun, _ instance: Instance) -> Bound {
        Bound(
            resource: .network,
            messagesPerSecond: instance.nicMbitPerSecond * 1e6 / (run.messageBytes * 8 * 2),
            arithmetic:
                "\(grouped(Int(instance.nicMbitPerSecond))) Mbit/s / (\(grouped(Int(run.messageBytes))) bytes × 8 × 2)",
            isAside: false)
    }

    private static func diskBytes(_ run: MeasuredRun, _ instance: Instance, _ volume: RentedVolume?) -> Bound? {
        guard let bytes = run.diskBytes, bytes > 0 else { return nil }
        let limits = [
            volume.map { ($0.mbPerSecond, "the volume") }, instance.diskMBPerSecond.map { ($0, "the instance") },
        ].compactMap { $0 }
        guard let (limit, whose) = limits.min(by: { $0.0 < $1.0 }) else { return nil }
        return Bound(
            resource: .diskBytes, messagesPerSecond: limit * 1e6 / bytes,
            arithmetic:
                "\(significant(limit, 4)) MB/s of \(whose) / \(grouped(Int(bytes.rounded()))) bytes written a message",
            isAside: false)
    }

    private static func diskOperations(_ run: MeasuredRun, _ volume: RentedVolume?) -> Bound? {
        guard let volume else { return nil }
        let counted = run.deviceWrites.map { ($0, "device writes") } ?? run.syncs.map { ($0, "syncs") }
        let bySize = (run.diskBytes ?? 0) / operationBytes
        let (operations, name) = [counted, (bySize, "operations of 256 KiB")].compactMap { $0 }.max { $0.0 < $1.0 }!
        guard operations > 0 else { return nil }
        return Bound(
            resource: .diskOperations, messagesPerSecond: volume.iops / operations,
            arithmetic: "\(grouped(Int(volume.iops))) IOPS / \(significant(operations, 3)) \(name) a message",
            isAside: false)
    }

    /// What is under way needs memory, and by Little's law what is under way rises with the rate.
    private static func memory(_ run: MeasuredRun, _ instance: Instance) -> Bound? {
        guard let peak = run.memoryPeakBytes, peak > 0 else { return nil }
        return Bound(
            resource: .memory,
            messagesPerSecond: run.messagesPerSecond * instance.memoryGiB * 1_073_741_824 / peak,
            arithmetic: "\(significant(run.messagesPerSecond, 4)) msg/s × \(significant(instance.memoryGiB, 3)) GiB / "
                + "\(significant(peak / 1_048_576, 4)) MiB at its peak over \(grouped(run.connections)) connections",
            isAside: false)
    }
}
