import Measures
import ProcessLife
import ProgramSupport
import RelayService
import SMTPTransport

/// What `mta serve` listens to.
struct ServeSignals: Sendable {
    let termination: TerminationSignals
    let hangups: HangupSignals
    let upgrades: HangupSignals
}

// From the first client to the last.
extension Serve {
    func life(
        _ server: RelayServer, _ launch: Launch, _ sockets: BoundSockets, _ signals: ServeSignals
    ) async throws {
        let (ends, end) = AsyncStream<ServeEnd>.makeStream()
        let desk = UpgradeDesk(launch, sockets, end)
        await server.setUpgrade { try await desk.upgrade() }
        let upgrading = signals.upgrades.forEach {
            do { writeError("mta: process \(try await desk.upgrade()) takes over\n") } catch {
                writeError("mta: not upgraded: \(error)\n")
            }
        }
        let stopping = Task {
            await signals.termination.first()
            end.yield(.terminated)
        }
        let ticking = Task { try await follow(server, launch.manager) }
        var reasons = ends.makeAsyncIterator()
        let reason = await reasons.next() ?? .terminated
        upgrading.cancel()
        stopping.cancel()
        ticking.cancel()
        _ = await ticking.result
        ProgressLine().clear()
        switch reason {
        case .terminated:
            await desk.giveUp()
            launch.manager.tell(.stopping(status: "clients and deliveries in progress finish"))
            summarise(try await server.stop())
        case .replaced(let successor, let takesClients):
            try await handOver(server, launch.manager, to: successor, clients: takesClients)
        }
    }

    /// Clients and deliveries finish, the spool is closed, and the new process opens it. If that process ends before it
    /// has greeted anybody, this version serves again: nobody who waits for a greeting is turned away.
    /// - Parameter clients: the successor goes on with ours that rest.
    private func handOver(
        _ server: RelayServer, _ manager: ServiceManager, to successor: Successor, clients: Bool
    ) async throws {
        let passing = ClientPassing(successor)
        manager.tell(.status("process \(successor.process) takes over"))
        let alive = Task {
            while !Task.isCancelled {
                manager.tell(.watchdog)
                try await Task.sleep(nanoseconds: 500_000_000)
            }
        }
        summarise(
            try await server.handOver(to: clients ? ClientHandOver { await passing.pass($0) } : nil))
        successor.channel.say(.yours)
        let heard = await successor.channel.heard(within: nil)
        alive.cancel()
        guard heard == .word(.serving) else {
            _ = await successor.buried()
            writeError("mta: process \(successor.process) ended before it served; this version begins again\n")
            flushStandardOutput()
            successor.becomePredecessorAgain(arguments: CommandLine.arguments, clients: await passing.kept)
            throw RunFault("cannot begin again")
        }
        manager.tell(.successor(successor.process))
    }

    private func follow(_ server: RelayServer, _ manager: ServiceManager) async throws {
        let progress = ProgressLine()
        // A fifth of a second is a tick: half of what the watchdog allows, at most a second.
        let pingTicks = manager.watchdogMicroseconds.map { max(1, min(5, Int($0 / 400_000))) }
        var tick = 0
        while !Task.isCancelled {
            try await Task.sleep(nanoseconds: 200_000_000)
            tick += 1
            // It has answered from all its event loops.
            let second = try await server.tick(endsSecond: tick % 5 == 0)
            if let pingTicks, tick % pingTicks == 0 { manager.tell(.watchdog) }
            guard let (sample, queued) = second else { continue }
            progress.show(
                "\(grouped(sample.messages)) delivered/s  \(grouped(queued)) queued  \(grouped(sample.connections)) clients"
            )
            guard manager.isPresent, tick % 50 == 0 else { continue }
            let short = await server.readiness.reasons
            manager.tell(
                .status(
                    "\(grouped(queued)) queued, \(grouped(sample.connections)) clients"
                        + (short.isEmpty ? "" : "; refuses mail: \(short.joined(separator: ", "))")))
        }
    }
}
