/// One line of a published table: a machine and the messages an hour that were printed for it.
package struct PublishedRow: Hashable, Sendable {
    package var instance: String
    package var vcpu: Int
    package var memoryGiB: Double
    package var messagesPerHour: Double

    package init(instance: String, vcpu: Int, memoryGiB: Double, messagesPerHour: Double) {
        self.instance = instance
        self.vcpu = vcpu
        self.memoryGiB = memoryGiB
        self.messagesPerHour = messagesPerHour
    }

    package var messagesPerSecond: Double { messagesPerHour / 3600 }
}
