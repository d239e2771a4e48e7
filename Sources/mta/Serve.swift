import ArgumentParser
import MTAConfiguration
import Measures
import NIOCore
import ProgramSupport
import RelayService
import RunRecords
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
        let termination = await TerminationSignals()
        let hangups = await HangupSignals()
        let settings = try options.settings()
        let assembly = RelayAssembly(settings: settings.values)
        var configuration = try assembly.configuration(settings.spoolSelection, controlPath: settings.controlPath)
        try assembly.addNames(to: &configuration, volatileSpool: settings.spoolSelection.isVolatile)
        let spool = try settings.spoolSelection.open()
        let server: RelayServer
        do {
            server = try await RelayServer.start(configuration, spool: spool)
        } catch {
            throw RunFault("cannot serve: \(error)")
        }
        print("listening \(server.address)")
        for (name, address) in server.otherAddresses { print("listening \(address) (\(name))") }
        if let address = await server.httpAddress { print("listening \(address) (http)") }
        flushStandardOutput()
        try await reportRecovery(server)
        let ticking = Task { try await follow(server) }
        let reloading = reload(server, settings, on: hangups)
        defer { reloading.cancel() }
        await termination.first()
        ticking.cancel()
        _ = await ticking.result
        ProgressLine().clear()
        summarise(try await server.stop())
    }

    /// SIGHUP: the file is read again. What is wrong in it changes nothing; what needs a restart is named.
    private func reload(
        _ server: RelayServer, _ settings: ServeSettings, on hangups: HangupSignals
    ) -> Task<Void, Never> {
        let options = options
        let inForce = Mutex(settings.values.snapshot)
        return hangups.forEach {
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

    private func follow(_ server: RelayServer) async throws {
        let progress = ProgressLine()
        var tick = 0
        while !Task.isCancelled {
            try await Task.sleep(nanoseconds: 200_000_000)
            tick += 1
            guard let (sample, queued) = try await server.tick(endsSecond: tick % 5 == 0) else { continue }
            progress.show(
                "\(grouped(sample.messages)) delivered/s  \(grouped(queued)) queued  \(grouped(sample.connections)) clients"
            )
        }
    }

    private func summarise(_ record: MTARecord) {
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
