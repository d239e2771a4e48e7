import Foundation
import Glibc
import ProcessLife
import ProgramSupport

/// How `mta serve` ends.
enum ServeEnd: Sendable {
    /// SIGTERM or SIGINT.
    case terminated
    /// A new process is ready to take over.
    /// - Parameter takesClients: it goes on with clients of ours.
    case replaced(Successor, takesClients: Bool)
}

/// Starts the program that lies at our path now and lets it take over (SIGUSR2, `mta upgrade`). Until it has said that it
/// is prepared nothing changes for anybody.
actor UpgradeDesk {
    /// A successor reads its configuration within this time.
    private static let preparationMilliseconds: Int32 = 60_000

    private let launch: Launch
    private let sockets: BoundSockets
    private let end: AsyncStream<ServeEnd>.Continuation
    private var isUnderWay = false
    private var preparing: Successor?

    init(_ launch: Launch, _ sockets: BoundSockets, _ end: AsyncStream<ServeEnd>.Continuation) {
        self.launch = launch
        self.sockets = sockets
        self.end = end
    }

    /// - Returns: the process that takes over.
    /// - Throws: ``RunFault``; then this process goes on as before.
    func upgrade() async throws -> Int32 {
        guard !isUnderWay else { throw RunFault("an upgrade is under way already") }
        isUnderWay = true
        do {
            let successor = try Successor.start(launch.program, arguments: CommandLine.arguments, sockets: sockets)
            preparing = successor
            defer { preparing = nil }
            let takesClients = try await prepared(successor)
            end.yield(.replaced(successor, takesClients: takesClients))
            return successor.process
        } catch {
            isUnderWay = false
            throw RunFault("\(error)")
        }
    }

    /// This process was told to stop: whoever prepares itself is not needed.
    func giveUp() {
        isUnderWay = true
        preparing?.channel.say(.stop)
    }

    /// - Returns: whether it goes on with clients.
    private func prepared(_ successor: Successor) async throws -> Bool {
        let heard = await successor.channel.heard(within: Self.preparationMilliseconds)
        if case .word(let word) = heard, [.prepared, .preparedForClients].contains(word) {
            return word == .preparedForClients
        }
        let code = await successor.buried()
        let what = heard == .nothing ? "was not prepared within a minute" : "ended with \(code): it says why above"
        throw RunFault("the new process \(what)")
    }
}

extension Successor {
    /// Ends it if it does not end in a second.
    /// - Returns: its exit code.
    func buried() async -> Int32 {
        var rounds = 0
        while true {
            if let code = exitCode() { return code }
            rounds += 1
            if rounds > 200 { end() }
            try? await Task.sleep(nanoseconds: 5_000_000)
        }
    }
}
