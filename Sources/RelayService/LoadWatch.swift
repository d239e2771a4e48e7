import LoadShedding
import Measures
import SMTPTransport

/// The relay's load: what it may be, what it was when last looked at, and what is refused for it.
struct LoadWatch: Sendable {
    /// Descriptors that are neither clients nor next hops: the spool's, the log's, those that come and go.
    static let reservedDescriptors = 64
    /// So many clients are let in whatever the limits say.
    static let leastClients = 16

    /// Shared by all listeners.
    let gate = ConnectionGate()
    private(set) var shedder = LoadShedder()
    private(set) var reading = LoadReading()
    private(set) var limits = LoadLimits()
    private var probe: MachineProbe
    private let descriptors: Int

    /// - Parameter descriptors: that the process may have.
    init(_ configuration: RelayConfiguration, descriptors: Int) {
        self.descriptors = descriptors
        probe = MachineProbe(spoolDirectory: nil, ownLimitBytes: nil, countsMessages: false)
        adopt(configuration)
    }

    /// Other limits from now on.
    mutating func adopt(_ configuration: RelayConfiguration) {
        probe = MachineProbe(
            spoolDirectory: configuration.spoolDirectory, ownLimitBytes: configuration.memoryLimitBytes,
            countsMessages: configuration.maximumQueued != nil)
        limits.minimumFreeBytes = configuration.minimumFreeBytes
        limits.minimumFreeInodes = configuration.minimumFreeInodes
        limits.memoryBytes = probe.memoryLimitBytes
        limits.queuedMessages = configuration.maximumQueued
        limits.descriptors = descriptors
        limits.reservedDescriptors = Self.reservedDescriptors
    }

    /// Everything that the relay needs is open: the rest is for clients.
    func limitClients(_ configuration: RelayConfiguration) {
        gate.adopt(
            limit: Self.clients(
                descriptors: descriptors, inUse: MachineProbe.openDescriptors() ?? 0,
                outbound: configuration.outboundConnections))
    }

    /// Clients that may be there together.
    /// - Parameters:
    ///   - inUse: descriptors that are open before any client came.
    ///   - outbound: connections to next hops; they have at most a quarter for granted.
    static func clients(descriptors: Int, inUse: Int, outbound: Int) -> Int {
        let rest =
            descriptors - inUse - min(outbound, descriptors / 4) - reservedDescriptors - ConnectionGate.turnedAway
        return max(leastClients, rest)
    }

    /// What an operator should know of the limit to memory; nil: there is enough.
    var memoryWarning: String? {
        probe.heldBytes.flatMap { limits.memoryWarning(held: $0, name: probe.memoryLimitName) }
    }

    /// Memory is short, and the next look reads it again.
    var isMemoryDue: Bool {
        shedder.causes.contains(.memory) && probe.isDue(now: MonotonicInstant.now().nanoseconds / 1_000_000)
    }

    /// - Returns: whether something else is refused than before.
    mutating func look(freeBytes: Int?, messages: () -> Int) -> Bool {
        let now = MonotonicInstant.now().nanoseconds / 1_000_000
        reading = probe.look(freeBytes: freeBytes, messages: messages, now: now)
        return shedder.observe(reading, limits, now: now)
    }
}
