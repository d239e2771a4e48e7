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
        var bytes: [UInt8] = []
        for socket in sockets {
            bytes += bigEndian(socket.state.count)
            bytes += socket.state
        }
        return bytes
    }

    /// - Returns: so many states; nil: the octets are others than ``encoded(_:)`` writes.
    package static func states(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var states: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 4, states.count < count {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard length <= rest.count else { return nil }
            states.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return rest.isEmpty && states.count == count ? states : nil
    }

    static func bigEndian(_ number: Int) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
