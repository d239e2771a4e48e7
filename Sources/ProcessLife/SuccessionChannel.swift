import Glibc

/// What two processes say to each other while one takes over from the other: a word a line over a pair of sockets.
///
///     successor    prepared     configuration, certificates and listeners are well; nothing was touched
///     predecessor  yours        no client is left, the spool is closed
///     successor    serving      the spool is open, clients are greeted
///
/// The end of either shows as the end of the channel.
package final class SuccessionChannel: Sendable {
    package enum Word: String, Sendable {
        case prepared, yours, serving
        /// The predecessor was told to stop: there is nothing to take over.
        case stop
    }

    package enum Heard: Sendable, Hashable {
        case word(Word)
        /// The other one is gone, or said what nobody understands.
        case ended
        case nothing
    }

    package let descriptor: Int32
    package init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    package static func pair() throws(LifeFault) -> (ours: SuccessionChannel, theirs: SuccessionChannel) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw LifeFault("socketpair: \(String(cString: strerror(errno)))")
        }
        return (SuccessionChannel(ends[0]), SuccessionChannel(ends[1]))
    }

    package func say(_ word: Word) {
        let line = Array((word.rawValue + "\n").utf8)
        _ = line.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Blocks until the other one says something, or is gone.
    /// - Parameter milliseconds: at most so long; nil: as long as it takes.
    package func hear(within milliseconds: Int32?) -> Heard {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&waiting, 1, milliseconds ?? -1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? .nothing : .ended }
            break
        }
        var line: [UInt8] = []
        var octet: UInt8 = 0
        while line.count < 32 {
            let count = read(descriptor, &octet, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return .ended }
            if octet == 0x0A { break }
            line.append(octet)
        }
        return Word(rawValue: String(decoding: line, as: UTF8.self)).map { .word($0) } ?? .ended
    }
}
