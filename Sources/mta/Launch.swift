import Glibc
import MTAConfiguration
import MailTypes
import Measures
import ProcessLife
import ProgramSupport
import RelayService
import SMTPTransport

/// From the start of `mta serve` to the moment when it may touch mail: listeners are bound or taken over, rights are given
/// up, and whoever ran before has left the spool.
struct Launch {
    /// The program's file as it was called, also after another version has taken its place.
    let program: String
    /// Nil: nobody hands over.
    let predecessor: SuccessionChannel?
    let manager: ServiceManager
    private let inherited: [InheritedSocket]
    /// The predecessor knows how to pass its clients.
    private let passesClients: Bool
    /// Clients that this very process had before it began again.
    private let kept: [PassedSocket]

    /// Call it first: descriptors that were passed on are taken before others are opened beside them.
    init() {
        let environment = environmentNow()
        predecessor = Predecessor.channel(environment)
        manager = ServiceManager(environment, process: getpid())
        passesClients = Predecessor.passesClients(environment, parent: getppid())
        kept = KeptSockets.take(environment)
        inherited = InheritedSocket.ofThisProcess(isFromPredecessor: predecessor != nil)
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", Successor.offer] { unsetenv(name) }
        program = Self.programPath()
    }

    private static func programPath() -> String {
        var path = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { return CommandLine.arguments[0] }
        // What the kernel adds where another version has taken its place.
        let (text, gone) = (String(decoding: path.prefix(count), as: UTF8.self), " (deleted)")
        return text.hasSuffix(gone) ? String(text.dropLast(gone.count)) : text
    }

    /// Opens what needs rights, then gives them up. Where there are any the program runs itself again without them, in the
    /// same process, with what it has bound: so no thread, no memory and no descriptor of the privileged start is left.
    /// - Throws: ``UsageFault`` that says what an operator has to do.
    func sockets(_ assembly: RelayAssembly) throws -> BoundSockets {
        do {
            let step = try Privileges.step(
                wanted: try assembly.user(), effective: geteuid(),
                capabilities: Privileges.capabilities(status: readSmallFile("/proc/self/status") ?? ""))
            if case .become(let user) = step {
                guard predecessor == nil else { throw LifeFault("`user` needs a restart: the relay runs as root") }
                try DirectoryOwners.check(assembly.settings, user)
            }
            let sockets: BoundSockets
            let unused: [InheritedSocket]
            do throws(LifeFault) {
                (sockets, unused) = try ListeningSockets.open(
                    assembly.wantedSockets(), inherited: inherited, trustsNames: predecessor == nil)
            } catch {
                throw RunFault("cannot serve: \(error)")
            }
            for socket in unused { writeError("mta: nobody listens on \(socket.address) any longer\n") }
            if step != .nothing {
                try Privileges.take(step)
                startAgain(sockets)
            }
            return sockets
        } catch let fault as LifeFault {
            throw UsageFault(fault.description)
        }
    }

    /// As the user there is now. The file may lie where that user may not go: then by way of /proc.
    private func startAgain(_ sockets: BoundSockets) -> Never {
        for path in [program, "/proc/self/exe"] {
            Successor.become(path, arguments: CommandLine.arguments, sockets: sockets)
        }
        writeError("mta: cannot run \(program) as user id \(geteuid()): \(String(cString: strerror(errno)))\n")
        exit(1)
    }

    /// Waits until the process before has closed the spool, and takes the clients that it passes.
    /// - Parameter takes: whether a client with this state can be served here.
    /// - Returns: those clients; nil: it was told to stop, and there is nothing to do.
    func takeOver(_ takes: ([UInt8]) -> Bool) -> [HandedClient]? {
        guard let predecessor else { return kept.map { HandedClient(descriptor: $0.descriptor, state: $0.state) } }
        raiseDescriptorLimit()
        predecessor.say(passesClients ? .preparedForClients : .prepared)
        var clients: [HandedClient] = []
        while true {
            switch predecessor.hear(within: nil) {
            case .word(.stop): return nil
            case .clients(let passed):
                predecessor.say(taken: passed.map { Self.take($0, takes, &clients) })
            // One that has ended without a word has crashed: its spool is free, and clients wait.
            default: return clients
            }
        }
    }

    private static func take(
        _ passed: PassedSocket, _ takes: ([UInt8]) -> Bool, _ clients: inout [HandedClient]
    ) -> Bool {
        guard passed.descriptor >= 0 else { return false }
        guard takes(passed.state) else {
            close(passed.descriptor)
            return false
        }
        clients.append(HandedClient(descriptor: passed.descriptor, state: passed.state))
        return true
    }

    /// What is allowed and perhaps not meant.
    func warnings(_ assembly: RelayAssembly) -> [String] {
        let isOpen = assembly.wantedSockets().contains {
            $0.host != "localhost" && !(NetworkAddress($0.host)?.isLoopback ?? false)
        }
        guard geteuid() == 0, isOpen else { return [] }
        return ["runs as root on addresses of the network: `user` in the configuration makes it somebody else"]
    }
}

/// What the relay writes into has to be its user's, files of an earlier start as root included.
enum DirectoryOwners {
    /// - Throws: ``LifeFault`` with the command that mends it.
    static func check(_ settings: MTASettings, _ user: Privileges.User) throws(LifeFault) {
        for directory in [settings.spoolDirectory, settings.log?.directory].compactMap({ $0 }) {
            try check(directory, user)
        }
    }

    private static func check(_ directory: String, _ user: Privileges.User) throws(LifeFault) {
        let owner = groupName(user.group).map { "\(user.name):\($0)" } ?? user.name
        guard let found = owners(directory) else {
            throw LifeFault("\(directory) is not there: install -d -o \(user.name) -m 700 \(directory)")
        }
        guard found.allSatisfy({ $0 == user.id }) else {
            throw LifeFault("\(directory) is not '\(user.name)'s, or not all in it: chown -R \(owner) \(directory)")
        }
    }

    /// Of the directory and of what lies in it; nil: there is none.
    private static func owners(_ directory: String) -> [UInt32]? {
        var status = stat()
        guard stat(directory, &status) == 0, let entries = opendir(directory) else { return nil }
        defer { closedir(entries) }
        var found = [status.st_uid]
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "..", lstat(directory + "/" + name, &status) == 0 { found.append(status.st_uid) }
        }
        return found
    }

    private static func groupName(_ group: UInt32) -> String? {
        getgrgid(group).map { String(cString: $0.pointee.gr_name) }
    }
}
