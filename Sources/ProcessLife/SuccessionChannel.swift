import Glibc
import Measures

/// What two processes say to each other while one takes over from the other: a line each over a pair of sockets.
///
///     successor    prepared     configuration, certificates and listeners are well; nothing was touched
///                  prepared clients-1
///                               the same, and it goes on with clients of the other one, whose states have version 1
///     predecessor  clients COUNT OCTETS
///                               so many clients, their states in so many octets behind the line, their sockets with them
///     successor    taken 110…   a digit for each of them: whether it goes on with it
///     predecessor  yours        no client is left, the spool is closed
///     successor    serving      the spool is open, clients are greeted
///
/// The end of either shows as the end of the channel.
package final class SuccessionChannel: Sendable {
    package enum Word: String, Sendable {
        case prepared, yours, serving
        case preparedForClients = "prepared clients-1"
        /// The predecessor was told to stop: there is nothing to take over.
        case stop
    }

    package enum Heard: Sendable, Hashable {
        case word(Word)
        /// Whoever hears it answers with ``SuccessionChannel/say(taken:)``.
        case clients([PassedSocket])
        case taken([Bool])
        /// The other one is gone, or said what nobody understands.
        case ended
        case nothing
    }

    /// The longest line; `taken` has a digit for each client.
    private static let longestLine = 16 + PassedSocket.mostAtOnce

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

    package func say(_ word: Word) { _ = say(line: word.rawValue) }

    package func say(taken: [Bool]) { _ = say(line: "taken " + taken.map { $0 ? "1" : "0" }.joined()) }

    private func say(line: String, until deadline: UInt64 = .max) -> Bool {
        DescriptorMessages.send(Array((line + "\n").utf8), [], on: descriptor, until: deadline)
    }

    /// Passes clients, at most ``PassedSocket/mostAtOnce``; the descriptors stay open here, too.
    /// - Parameter milliseconds: a process that hangs is not waited for any longer.
    /// - Returns: false: the other one is gone, or does not read; the channel is of no more use then.
    package func pass(_ clients: ArraySlice<PassedSocket>, within milliseconds: Int32) -> Bool {
        let bytes = PassedSocket.encoded(clients)
        let deadline = MonotonicInstant.now().nanoseconds + UInt64(milliseconds) * 1_000_000
        return say(line: "clients \(clients.count) \(bytes.count)", until: deadline)
            && DescriptorMessages.send(bytes, clients.map(\.descriptor), on: descriptor, until: deadline)
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
        guard let line = readLine() else { return .ended }
        if let word = Word(rawValue: line) { return .word(word) }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        switch words.first {
        case "clients" where words.count == 3: return clients(Int(words[1]) ?? -1, Int(words[2]) ?? -1)
        case "taken" where words.count == 2 && words[1].allSatisfy({ $0 == "0" || $0 == "1" }):
            return .taken(words[1].map { $0 == "1" })
        default: return .ended
        }
    }

    private func readLine() -> String? {
        var line: [UInt8] = []
        var octet: UInt8 = 0
        while line.count < Self.longestLine {
            let count = read(descriptor, &octet, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if octet == 0x0A { break }
            line.append(octet)
        }
        return String(decoding: line, as: UTF8.self)
    }

    private func clients(_ count: Int, _ octets: Int) -> Heard {
        guard 1...PassedSocket.mostAtOnce ~= count, 1...(PassedSocket.mostOctets + 4 * count) ~= octets,
            let (bytes, descriptors) = DescriptorMessages.receive(
                octets, most: PassedSocket.mostAtOnce, on: descriptor)
        else { return .ended }
        // Where descriptors ran out the kernel leaves some away, and nobody knows whose.
        guard let states = PassedSocket.states(bytes, count: count), descriptors.count == count else {
            for descriptor in descriptors { close(descriptor) }
            return .clients(
                (0..<count).map { _ in PassedSocket(descriptor: -1, state: []) })
        }
        return .clients(zip(descriptors, states).map { PassedSocket(descriptor: $0, state: $1) })
    }
}
