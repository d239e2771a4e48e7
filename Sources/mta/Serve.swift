import ArgumentParser
import MTAConfiguration
import Measures
import NIOCore
import ProcessLife
import ProgramSupport
import RelayService
import RunRecords
import SMTPTransport
import SpoolContract
import Synchronization

/// `mta serve`: listener, spool, queue, delivery.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Accept mail and relay it to the smart host.",
        discussion: """
            Every flag is also a key of the configuration file, flags win. Stops on SIGINT or SIGTERM: no new mail, \
            deliveries in progress finish or stay spooled. The first line on stdout is 'listening HOST:PORT'.
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        ignoreBrokenPipes()
        let launch = Launch()
        let signals = ServeSignals(
            termination: await TerminationSignals(), hangups: await HangupSignals(),
            upgrades: await HangupSignals.upgrades())
        let settings = try options.settings()
        let assembly = RelayAssembly(settings: settings.values)
        let sockets = try launch.sockets(assembly)
        var configuration = try assembly.configuration(settings.spoolSelection, controlPath: settings.controlPath)
        configuration.sockets = sockets
        try assembly.addNames(to: &configuration, volatileSpool: settings.spoolSelection.isVolatile)
        for warning in launch.warnings(assembly) { writeError("mta: warning: \(warning)\n") }
        guard let clients = launch.takeOver(configuration.takes) else { return }
        let spool = try settings.spoolSelection.open()
        let server: RelayServer
        do {
            server = try await RelayServer.start(configuration, spool: spool)
        } catch {
            throw RunFault("cannot serve: \(error)")
        }
        try await announce(server, launch)
        await resume(clients, server)
        let reloading = reload(server, settings, launch.manager, on: signals.hangups)
        defer { reloading.cancel() }
        try await life(server, launch, sockets, signals)
    }

    private func announce(_ server: RelayServer, _ launch: Launch) async throws {
        print("listening \(server.address)")
        for (name, address) in server.otherAddresses { print("listening \(address) (\(name))") }
        if let address = await server.httpAddress { print("listening \(address) (http)") }
        flushStandardOutput()
        launch.predecessor?.say(.serving)
        launch.manager.tell(.ready(status: "serving"))
        try await reportRecovery(server)
        guard server.clientLimit < Self.fewClients else { return }
        writeError(
            "mta: warning: at most \(server.clientLimit) clients at a time: the limit of open files is low "
                + "(ulimit -n, LimitNOFILE)\n")
    }

    /// They were handed over while another process served.
    private func resume(_ clients: [HandedClient], _ server: RelayServer) async {
        guard !clients.isEmpty else { return }
        writeError("mta: goes on with \(grouped(UInt64(await server.adopt(clients)))) clients that were there\n")
    }

    /// Fewer clients than that is said.
    private static let fewClients = 1_000

    /// SIGHUP: the file is read again. What is wrong in it changes nothing; what needs a restart is named.
    private func reload(
        _ server: RelayServer, _ settings: ServeSettings, _ manager: ServiceManager, on hangups: HangupSignals
    ) -> Task<Void, Never> {
        let options = options
        let inForce = Mutex(settings.values.snapshot)
        return hangups.forEach {
            manager.tellReloading()
            defer { manager.tell(.ready(status: "serving")) }
            do {
                let fresh = try options.settings()
                let configuration = try RelayAssembly(settings: fresh.values).configuration(
                    fresh.spoolSelection, controlPath: fresh.controlPath)
                try await server.reload(configuration)
                let snapshot = fresh.values.snapshot
                let changes = inForce.withLock { old in
                    defer { old = snapshot }
                    return old.changes(to: snapshot)
                }
                let changed = changes.all.isEmpty ? "nothing changed" : changes.all.joined(separator: ", ")
                writeError("mta: reloaded: \(changed)\n")
                if !changes.needRestart.isEmpty {
                    writeError("mta: need a restart: \(changes.needRestart.joined(separator: ", "))\n")
                }
            } catch {
                writeError("mta: not reloaded: \(error)\n")
            }
        }
    }

    private func reportRecovery(_ server: RelayServer) async throws {
        let (recovered, possible) = try await server.recovery()
        guard recovered > 0 else { return }
        writeError(
            "mta: \(grouped(recovered)) recipients found in the spool, "
                + "at most \(grouped(possible)) of them may be sent twice\n")
    }

    func summarise(_ record: MTARecord) {
        print(
            "accepted \(grouped(record.acceptedMessages)) messages for \(grouped(record.accepted)) recipients, "
                + "\(ByteCount(bytes: Int(record.acceptedBytes))); recovered \(grouped(record.recovered)), "
                + "notifications \(grouped(record.generated))")
        print(
            "delivered \(grouped(record.delivered)), bounced \(grouped(record.bounced)), "
                + "queued \(grouped(record.queued)); deferrals \(grouped(record.deferrals))")
        print(
            "\(grouped(record.commits)) commits (\(record.durability)) of \(grouped(record.commitMessages)) messages, "
                + "p50 \(fixed(Double(record.commitLatency.percentile(50)) / 1e6, 2)) ms, "
                + "p99 \(fixed(Double(record.commitLatency.percentile(99)) / 1e6, 2)) ms")
        for fault in record.faults { writeError("mta: \(fault)\n") }
    }
}
