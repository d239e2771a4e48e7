import ArgumentParser
import Measures
import ProgramSupport
import RunRecords
import SinkService

@main
struct SinkMTAMain {
    static func main() async { await runProgram(SinkMTA.self) }
}

struct SinkMTA: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink-mta",
        abstract: "Accepts mail by SMTP and throws it away, counting; with a ledger it also checks.",
        discussion: "Stops on SIGINT or SIGTERM with a summary. The first line on stdout is 'listening HOST:PORT'.")

    @Option(help: "Address to listen on; port 0 picks a free one.")
    var listen = "127.0.0.1:2526"
    @Option(help: "Event loops. Default: one a core.")
    var threads: Int?
    @Option(help: "Name in the greeting.")
    var hostname = "sink.test"
    @Option(help: "Note each message's id here and verify its checksum: ID,ok|changed,size_bytes.")
    var ledger: String?
    @Option(help: "Write the run record (JSON) here at the end; FILE.live tells the count meanwhile.")
    var record: String?
    @Option(help: "Keep each message as N.eml with N.envelope in this directory.")
    var keep: String?

    func run() async throws {
        ignoreBrokenPipes()
        let termination = await TerminationSignals()
        let endpoint = try Endpoint(parsing: listen, flag: "--listen")
        let server = try await start(endpoint)
        print("listening \(server.address)")
        flushStandardOutput()
        let progress = ProgressLine()
        let ticking = Task {
            var tick = 0
            while !Task.isCancelled {
                try await Task.sleep(nanoseconds: 200_000_000)
                tick += 1
                guard let sample = try await server.tick(endsSecond: tick % 5 == 0) else { continue }
                progress.show(
                    "\(grouped(sample.messages)) msg/s  \(fixed(Double(sample.bytes) / 1e6, 1)) MB/s  "
                        + "\(grouped(sample.connections)) connections")
            }
        }
        await termination.first()
        ticking.cancel()
        _ = await ticking.result
        progress.clear()
        summarise(try await server.stop())
    }

    private func start(_ endpoint: Endpoint) async throws -> SinkServer {
        do {
            return try await SinkServer.start(
                SinkConfiguration(
                    host: endpoint.host, port: endpoint.port, threads: threads ?? processorCount(), hostname: hostname,
                    ledgerPath: ledger, recordPath: record, keepDirectory: keep, arguments: CommandLine.arguments))
        } catch {
            throw RunFault("cannot serve on \(listen): \(error)")
        }
    }

    private func summarise(_ record: SinkRecord) {
        let seconds = record.lastReceivedUnixSeconds - record.firstReceivedUnixSeconds
        let rate = seconds > 0 ? Double(record.received) / seconds : 0
        print(
            "received \(grouped(record.received)) messages, \(ByteCount(bytes: Int(record.receivedBytes)))"
                + ", over \(grouped(record.connections)) connections (peak \(grouped(record.connectionsPeak)))")
        print("first to last \(fixed(seconds, 3)) s: \(fixed(rate, 0)) msg/s, \(fixed(rate * 0.0036, 3)) MMH")
        guard let ledger = record.ledger else { return }
        print(
            "ledger: \(grouped(ledger.unique)) unique, \(grouped(ledger.duplicates)) duplicates, "
                + "\(grouped(ledger.changed)) changed, \(grouped(ledger.unidentified)) without an id")
    }
}
