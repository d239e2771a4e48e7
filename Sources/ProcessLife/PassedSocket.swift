import NIOCore

/// A socket that goes from one process to another, with octets that say what it is.
package struct PassedSocket: Sendable, Hashable {
    /// Sockets that are passed together, at most: they are in nobody's table while they are on their way, and the kernel
    /// allows for few of those.
    package static let mostAtOnce = 64
    /// Octets that go along with them, at most, without their lengths.
    package static let mostOctets = 1 << 20

    /// Whoever has the value closes it.
    package var descriptor: Int32
    package var state: [UInt8]

    package init(descriptor: Int32, state: [UInt8]) {
        self.descriptor = descriptor
        self.state = state
    }

    /// Cut into parts that can be passed together.
    package static func parts(_ sockets: [PassedSocket]) -> [ArraySlice<PassedSocket>] {
        var parts: [ArraySlice<PassedSocket>] = []
        var (start, octets) = (0, 0)
        for (index, socket) in sockets.enumerated() {
            if index - start == mostAtOnce || index > start && octets + socket.state.count > mostOctets {
                parts.append(sockets[start..<index])
                (start, octets) = (index, 0)
            }
            octets += socket.state.count
        }
        if start < sockets.count { parts.append(sockets[start...]) }
        return parts
    }

    /// The states, each behind its length as four octets, the highest first.
    package static func encoded(_ sockets: some Sequence<PassedSocket>) -> [UInt8] {
        var octets = ByteBuffer()
        for socket in sockets { octets.writeState(socket.state) }
        return Array(octets.readableBytesView)
    }

    /// - Returns: so many states; nil: the octets are others than ``encoded(_:)`` writes.
    package static func states(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var states: [[UInt8]] = []
        var octets = ByteBuffer(bytes: bytes)
        while states.count < count, let state = octets.readState() { states.append(state) }
        return octets.readableBytes == 0 && states.count == count ? states : nil
    }
}

extension ByteBuffer {
    mutating func writeState(_ state: [UInt8]) {
        writeInteger(UInt32(state.count))
        writeBytes(state)
    }

    /// Nil: there is none, or not all of it.
    mutating func readState() -> [UInt8]? {
        readLengthPrefixedSlice(as: UInt32.self).map { Array($0.readableBytesView) }
    }
}
