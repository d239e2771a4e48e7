import Glibc
import ProcessLife
import Testing

@Suite struct PassedSocketTests {
    /// A socket and the end by which it is known again.
    private static func socket() throws -> (passed: Int32, end: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func socketsArriveWithWhatIsKnownOfThem() throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        let sockets = try (0..<3).map { _ in try Self.socket() }
        let states: [[UInt8]] = [[1, 2, 3], [], [UInt8](repeating: 7, count: 100_000)]
        let passed = zip(sockets, states).map { PassedSocket(descriptor: $0.passed, state: $1) }
        #expect(ours.pass(passed[...], within: 60_000))
        ours.say(.yours)
        guard case .clients(let found) = theirs.hear(within: nil) else {
            Issue.record("no clients")
            return
        }
        #expect(found.map(\.state) == states)
        for ((_, end), socket) in zip(sockets, found) {
            // The very same socket, also behind the end of the descriptor that was passed.
            #expect(write(socket.descriptor, "x", 1) == 1)
            var octet: UInt8 = 0
            #expect(read(end, &octet, 1) == 1 && octet == UInt8(ascii: "x"))
            #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
            close(socket.descriptor)
            close(end)
        }
        for (passed, _) in sockets { close(passed) }
        theirs.say(taken: [true, false, true])
        #expect(ours.hear(within: nil) == .taken([true, false, true]))
        #expect(theirs.hear(within: nil) == .word(.yours))
    }

    /// Nobody waits for a process that hangs: what it does not read is passed to it no more.
    @Test func whoDoesNotReadIsGivenUp() throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        let socket = try Self.socket()
        let client = PassedSocket(descriptor: socket.passed, state: [UInt8](repeating: 7, count: 100_000))
        var passed = 0
        while passed < 1_000, ours.pass([client], within: 10) { passed += 1 }
        #expect(passed < 1_000)
        for descriptor in [socket.passed, socket.end] { close(descriptor) }
        withExtendedLifetime(theirs) {}
    }

    @Test func manyGoInParts() {
        let sockets = (0..<150).map { PassedSocket(descriptor: Int32($0), state: [UInt8($0)]) }
        let parts = PassedSocket.parts(sockets)
        #expect(parts.map(\.count) == [64, 64, 22] && parts.flatMap { $0 } == sockets)
        let large = (0..<5).map { PassedSocket(descriptor: $0, state: [UInt8](repeating: 0, count: 400_000)) }
        #expect(PassedSocket.parts(large).map(\.count) == [2, 2, 1])
        #expect(PassedSocket.parts([]).isEmpty)
    }

    @Test func statesAreReadAsTheyWereWritten() {
        let sockets = [[UInt8](), [1], [2, 3]].map { PassedSocket(descriptor: 5, state: $0) }
        let bytes = PassedSocket.encoded(sockets)
        #expect(PassedSocket.states(bytes, count: 3) == [[], [1], [2, 3]])
        #expect(PassedSocket.states(bytes, count: 2) == nil)
        #expect(PassedSocket.states(bytes, count: 4) == nil)
        for length in 0..<bytes.count { #expect(PassedSocket.states(Array(bytes[..<length]), count: 3) == nil) }
        #expect(PassedSocket.states([0xFF, 0xFF, 0xFF, 0xFF, 1], count: 1) == nil)
    }

    /// Announcements that nobody makes end the channel instead of a process.
    @Test(arguments: [
        "clients 0 4", "clients 65 500", "clients 1 0", "clients -1 9", "clients 1 99999999999", "clients 1",
        "clients a b",
        "taken 012", "taken", "prepared clients-2",
    ])
    func nonsenseIsNotHeard(line: String) throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        let text = Array((line + "\n").utf8)
        _ = send(theirs.descriptor, text, text.count, 0)
        #expect(ours.hear(within: nil) == .ended)
    }

    /// Without their sockets clients cannot be served, and are not lost from the count.
    @Test func statesWithoutSocketsAreNoClients() throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        let text = Array("clients 2 10\n".utf8) + [0, 0, 0, 1, 9, 0, 0, 0, 1, 8]
        _ = send(theirs.descriptor, text, text.count, 0)
        let none = PassedSocket(descriptor: -1, state: [])
        #expect(ours.hear(within: nil) == .clients([none, none]))
    }

    @Test func offersAreMeantForTheChildOfWhoMadeThem() {
        #expect(Predecessor.passesClients([Successor.offer: "1:77"], parent: 77))
        #expect(!Predecessor.passesClients([Successor.offer: "1:77"], parent: 78), "passed on by a version in between")
        #expect(!Predecessor.passesClients([Successor.offer: "2:77"], parent: 77))
        #expect(!Predecessor.passesClients([:], parent: 77))
    }

    @Test func nothingWasKept() {
        #expect(KeptSockets.take([:]).isEmpty)
        #expect(KeptSockets.take(["MILLRACE_KEPT_CLIENTS": "x"]).isEmpty)
        #expect(KeptSockets.take(["MILLRACE_KEPT_CLIENTS": "99999"]).isEmpty)
    }
}
