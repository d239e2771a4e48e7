/// An envelope as one run of bytes that is filled anew for each message: for who makes one, writes it to a server and
/// forgets it. An ``Envelope`` costs an allocation an address.
package struct FlatEnvelope: Sendable {
    /// All addresses, the reverse path first.
    package var bytes: [UInt8] = []
    /// Where in ``bytes`` each address ends.
    package private(set) var ends: [Int] = []
    package var bodyType = BodyType.sevenBit

    package init() {}

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        bodyType = .sevenBit
    }

    /// What was appended to ``bytes`` since the last one is an address.
    package mutating func endAddress() { ends.append(bytes.count) }

    package var recipientCount: Int { ends.count - 1 }

    /// Of the address in ``bytes``: 0 is the reverse path, then come the recipients.
    package func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    /// The same, each address on its own.
    package var envelope: Envelope {
        let addresses = ends.indices.map { MailAddress(bytes: Array(bytes[range($0)])) }
        return Envelope(reversePath: addresses[0], recipients: Array(addresses.dropFirst()), bodyType: bodyType)
    }
}
