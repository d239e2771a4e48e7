import Glibc
import ProcessLife
import Testing

@Suite struct ListeningSocketsTests {
    @Test(arguments: [
        (["LISTEN_FDS": "2", "LISTEN_PID": "7", "LISTEN_FDNAMES": "mx:sub%3Amission"], false, ["mx", "sub:mission"]),
        (["LISTEN_FDS": "2", "LISTEN_PID": "7"], false, ["", ""]),
        (["LISTEN_FDS": "1", "LISTEN_PID": "8", "LISTEN_FDNAMES": "mx"], false, []),
        (["LISTEN_FDS": "1", "LISTEN_FDNAMES": "mx"], false, []),
        (["LISTEN_FDS": "1", "LISTEN_FDNAMES": "mx"], true, ["mx"]),
        (["LISTEN_FDS": "-1", "LISTEN_PID": "7"], false, []), (["LISTEN_FDS": "x", "LISTEN_PID": "7"], false, []),
        ([:], true, []),
    ])
    func whatIsAnnouncedIsForUs(environment: [String: String], isSuccessor: Bool, names: [String]) {
        let found = InheritedSocket.announced(environment, process: 7, isFromPredecessor: isSuccessor)
        #expect(found.map(\.name) == names)
        #expect(found.map(\.descriptor) == names.indices.map { 3 + Int32($0) })
    }

    /// What one process says another one understands, whatever stands in the names.
    @Test func namesSurviveTheirWay() {
        let names = ["mx", "a:b", "100%", "%3A", "", "@http"]
        let found = InheritedSocket.announced(
            InheritedSocket.environment(names, process: 12), process: 12, isFromPredecessor: false)
        #expect(found.map(\.name) == names)
    }

    @Test func aSocketIsTakenForItsAddress() {
        let inherited = [
            InheritedSocket(descriptor: 3, name: "old", address: "127.0.0.1:25"),
            InheritedSocket(descriptor: 4, name: "mx", address: "127.0.0.1:587"),
        ]
        let want = WantedSocket(name: "mx", host: "127.0.0.1", port: 25)
        #expect(ListeningSockets.match(want, "127.0.0.1:25", inherited, trustsNames: false) == 0, "whatever its name")
        #expect(ListeningSockets.match(want, "127.0.0.1:26", inherited, trustsNames: false) == nil)
        #expect(ListeningSockets.match(want, "0.0.0.0:26", inherited, trustsNames: true) == 1, "a unit says where")
        #expect(ListeningSockets.match(want, nil, inherited, trustsNames: false) == 1, "any port: by its name")
    }

    /// Bound, taken over by a second set of listeners, and what nobody wants is closed.
    @Test func socketsAreBoundAndTakenOver() throws {
        let any = WantedSocket(name: "mx", host: "127.0.0.1", port: 0)
        let first = try ListeningSockets.open([any], inherited: [], trustsNames: false)
        let socket = try #require(first.sockets["mx"])
        defer { close(socket) }
        let gone = dup(socket)
        let inherited = [
            InheritedSocket(descriptor: socket, name: "mx", address: "127.0.0.1:1"),
            InheritedSocket(descriptor: gone, name: "gone", address: "127.0.0.1:2"),
        ]
        let second = try ListeningSockets.open([any], inherited: inherited, trustsNames: false)
        #expect(second.sockets["mx"] == socket && second.unused.map(\.name) == ["gone"])
        #expect(fcntl(gone, F_GETFD) == -1 && errno == EBADF)
    }

    @Test func whatCannotBeBoundIsNamed() throws {
        let want = WantedSocket(name: "mx", host: "192.0.2.1", port: 2525)
        let fault = try #require(throws: LifeFault.self) {
            try ListeningSockets.open([want], inherited: [], trustsNames: false)
        }
        #expect(fault.description.hasPrefix("listener 'mx' on 192.0.2.1:2525: "))
    }
}
