/// One line of a published table: a machine and the messages an hour that were printed for it.
package struct PublishedRow: Hashable, Sendable {
    /// Nil: the machine has no name in the source.
    package var instance: String?
    package var vcpu: Int
    package var memoryGiB: Double
    package var messagesPerHour: Double
    /// Million messages an hour as printed; ``messagesPerHour`` may say it more exactly.
    package var mmh: Double
    /// The same of the system that stands beside it.
    package var postfixMMH: Double?

    package init(
        instance: String?, vcpu: Int, memoryGiB: Double, messagesPerHour: Double, mmh: Double? = nil,
        postfixMMH: Double? = nil
    ) {
        self.instance = instance
        self.vcpu = vcpu
        self.memoryGiB = memoryGiB
        self.messagesPerHour = messagesPerHour
        self.mmh = mmh ?? messagesPerHour / 1e6
        self.postfixMMH = postfixMMH
    }

    package var messagesPerSecond: Double { messagesPerHour / 3600 }
    package var mmhPerVCPU: Double { messagesPerHour / 1e6 / Double(vcpu) }
    /// `c5.2xlarge`, or `2 vCPU, 4 GiB`.
    package var name: String { instance ?? "\(vcpu) vCPU, \(Int(memoryGiB)) GiB" }

    /// One direction, content alone.
    package func gbitPerSecond(messageBytes: Double) -> Double { messagesPerSecond * messageBytes * 8 / 1e9 }
}
