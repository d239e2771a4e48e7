import CLinux
import Glibc

/// The program that takes over: the same path and words, so a new version where one was installed, with the listening
/// sockets of this one.
package final class Successor: Sendable {
    /// The successor finds its end of the channel by it.
    package static let variable = "MILLRACE_PREDECESSOR"
    /// It may go on with clients: the version of their states and, since variables are passed on and on, who offers it.
    package static let offer = "MILLRACE_CLIENTS"
    package let process: Int32
    package let channel: SuccessionChannel
    /// Copies of the listening sockets: they take connections while nobody accepts.
    private let sockets: BoundSockets

    private init(_ process: Int32, _ channel: SuccessionChannel, _ sockets: BoundSockets) {
        self.process = process
        self.channel = channel
        self.sockets = sockets
    }

    deinit { for (_, socket) in sockets.all { close(socket) } }

    /// Starts it.
    /// - Parameter program: a path; what lies there now is started, not what lay there when this process began.
    /// - Throws: ``LifeFault`` that names the program.
    package static func start(
        _ program: String, arguments: [String], sockets: BoundSockets
    ) throws(LifeFault) -> Successor {
        let (ours, theirs) = try SuccessionChannel.pair()
        let copies = try copied(sockets)
        let names = copies.all.map(\.name)
        let kept = fcntl(theirs.descriptor, F_DUPFD_CLOEXEC, floor(names.count))
        defer { close(kept) }
        let channelPlace = InheritedSocket.first + Int32(names.count)
        var environment = environmentForSuccessor(names, process: nil)
        environment[variable] = String(channelPlace)
        environment[offer] = "1:\(getpid())"
        var process: pid_t = 0
        let code = withSpawn(copies.all.map(\.socket) + [kept]) { actions, attributes in
            withVectors(arguments, environment) { posix_spawn(&process, program, actions, attributes, $0, $1) }
        }
        guard code == 0 else { throw LifeFault("cannot start \(program): \(String(cString: strerror(code)))") }
        return Successor(process, ours, copies)
    }

    /// Becomes the program of this very process again, whatever lies at its path now, with the listening sockets: what is
    /// left when the successor has failed after everything was handed over. Returns only if that fails.
    /// - Parameter clients: that it goes on with, as a successor would.
    package func becomePredecessorAgain(arguments: [String], clients: [PassedSocket] = []) {
        Self.become("/proc/self/exe", arguments: arguments, sockets: sockets, clients: clients)
    }

    /// Runs a program in this process, with listening sockets. Returns only if that fails.
    package static func become(
        _ program: String, arguments: [String], sockets: BoundSockets, clients: [PassedSocket] = []
    ) {
        guard let copies = try? copied(sockets) else { return }
        let names = copies.all.map(\.name)
        var environment = environmentForSuccessor(names, process: getpid())
        environment[variable] = nil
        environment[KeptSockets.variable] = KeptSockets.keep(clients, from: floor(names.count)).map { String($0) }
        for (index, entry) in copies.all.enumerated() where dup2(entry.socket, InheritedSocket.first + Int32(index)) < 0
        {
            return
        }
        withVectors(arguments, environment) { _ = execve(program, $0, $1) }
    }

    /// What a service manager said to this process holds for the next one, except whom it meant.
    private static func environmentForSuccessor(_ names: [String], process: Int32?) -> [String: String] {
        var environment = environmentNow()
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { environment[name] = nil }
        if process == nil { environment["WATCHDOG_PID"] = nil }
        return environment.merging(InheritedSocket.environment(names, process: process)) { $1 }
    }

    /// Copies are kept above the places that so many are put in, so that none overwrites another.
    private static func floor(_ count: Int) -> Int32 { InheritedSocket.first + Int32(count) + 1 }

    private static func copied(_ sockets: BoundSockets) throws(LifeFault) -> BoundSockets {
        var copies = BoundSockets()
        for (name, socket) in sockets.all {
            let copy = fcntl(socket, F_DUPFD_CLOEXEC, floor(sockets.all.count))
            guard copy >= 0 else { throw LifeFault("listener '\(name)': \(String(cString: strerror(errno)))") }
            copies[name] = copy
        }
        return copies
    }

    /// The descriptors in their order from 3 on and no others; signals as a new program finds them.
    private static func withSpawn(
        _ descriptors: [Int32],
        _ body: (UnsafePointer<posix_spawn_file_actions_t>, UnsafePointer<posix_spawnattr_t>) -> Int32
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, InheritedSocket.first + Int32(index))
        }
        mr_spawn_closing(&actions, InheritedSocket.first + Int32(descriptors.count))
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        sigemptyset(&usual)
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGUSR2] { sigaddset(&usual, signal) }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        return body(&actions, &attributes)
    }

    private static func withVectors<Result>(
        _ arguments: [String], _ environment: [String: String],
        _ body: ([UnsafeMutablePointer<CChar>?], [UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let words = arguments.map { strdup($0) } + [nil]
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        return body(words, variables)
    }

    /// Waits for its end if it has ended.
    /// - Returns: the exit code, 128 and more for a signal; nil: it runs.
    package func exitCode() -> Int32? {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        return mr_exit_status(status)
    }

    /// It is not wanted any more.
    package func end() { kill(process, SIGKILL) }
}

/// The process before this one, seen from its successor.
package enum Predecessor {
    /// Nil: this is no successor.
    package static func channel(_ environment: [String: String]) -> SuccessionChannel? {
        guard let text = environment[Successor.variable], let descriptor = Int32(text),
            descriptor >= InheritedSocket.first, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { return nil }
        unsetenv(Successor.variable)
        return SuccessionChannel(descriptor)
    }

    /// It passes clients whose states we can read.
    /// - Parameter parent: the process that started this one.
    package static func passesClients(_ environment: [String: String], parent: Int32) -> Bool {
        environment[Successor.offer] == "1:\(parent)"
    }
}
