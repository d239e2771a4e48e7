import ArgumentParser
import Measures
import ProgramSupport
import RunRecords
import SinkBehaviour
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

    @Option(help: "Address to listen on; port 0 picks a free one. May be given more than once.")
    var listen: [String] = ["127.0.0.1:2526"]
    @Option(help: "Event loops. Default: one a core.")
    var threads: Int?
    @Option(help: "Name in the greeting.")
    var hostname = "sink.test"
    @Option(
        help: """
            What to do besides accepting: rules in YAML, or KumoMTA's responses.toml (docs/SINK.md, \
            docs/examples/sink).
            """)
    var behaviour: String?
    @Option(help: "Serve counters here: /counters (JSON), /metrics (Prometheus), POST /reset.")
    var http: String?
    @Option(
        help: "Note each message here and verify its checksum: ID,ok|changed,bytes,unix_ns,crc32c,source,domain,reply.")
    var ledger: String?
    @Option(help: "Write the run record (JSON) here at the end; FILE.live tells the count meanwhile.")
    var record: String?
    @Option(help: "Keep each message as N.eml with N.envelope in this directory.")
    var keep: String?

    func run() async throws {
        ignoreBrokenPipes()
        let termination = await TerminationSignals()
        let server = try await start(try configuration())
        for address in server.addresses { print("listening \(address)") }
        if let address = await server.httpAddress { print("http \(address)") }
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
        let following = Task { try await server.followRules() }
        await termination.first()
        ticking.cancel()
        following.cancel()
        _ = await ticking.result
        progress.clear()
        summarise(try await server.stop())
    }

    private func configuration() throws -> SinkConfiguration {
        let endpoints = try listen.map { try Endpoint(parsing: $0, flag: "--listen") }
        var configuration = SinkConfiguration(
            listen: endpoints, threads: threads ?? processorCount(), hostname: hostname)
        configuration.ledgerPath = ledger
        configuration.recordPath = record
        configuration.keepDirectory = keep
        configuration.arguments = CommandLine.arguments
        configuration.http = try http.map { try Endpoint(parsing: $0, flag: "--http") }
        do throws(RecordFault) {
            if let behaviour { configuration.rules = try SinkRules(path: behaviour) }
        } catch {
            throw UsageFault(error.description)
        }
        return configuration
    }

    private func start(_ configuration: SinkConfiguration) async throws -> SinkServer {
        do {
            return try await SinkServer.start(configuration)
        } catch {
            throw RunFault("cannot serve on \(listen.joined(separator: ", ")): \(error)")
        }
    }

    private func summarise(_ record: SinkRecord) {
        let seconds = record.lastReceivedUnixSeconds - record.firstReceivedUnixSeconds
        let rate = seconds > 0 ? Double(record.received) / seconds : 0
        print(
            "received \(grouped(record.received)) messages, \(ByteCount(bytes: Int(record.receivedBytes)))"
                + ", over \(grouped(record.connections)) connections (peak \(grouped(record.connectionsPeak)))")
        print("first to last \(fixed(seconds, 3)) s: \(fixed(rate, 0)) msg/s, \(fixed(rate * 0.0036, 3)) MMH")
        for count in record.replies ?? [] where count.code == 0 || count.code >= 400 {
            print(
                "\(count.stage) \(count.code == 0 ? "-" : String(count.code)): \(grouped(count.count)) (\(count.firstText))"
            )
        }
        if let latency = record.endToEndLatency {
            let points = [50, 99, 99.9].map {
                "p\(fixed($0, $0 == 99.9 ? 1 : 0)) \(milliseconds(latency.percentile($0)))"
            }
            print("due to received: \(points.joined(separator: ", ")), max \(milliseconds(latency.max_ns))")
        }
        guard let ledger = record.ledger else { return }
        print(
            "ledger: \(grouped(ledger.unique)) unique, \(grouped(ledger.duplicates)) duplicates, "
                + "\(grouped(ledger.changed)) changed, \(grouped(ledger.unidentified)) without an id")
    }

    private func milliseconds(_ nanoseconds: UInt64) -> String { "\(fixed(Double(nanoseconds) / 1e6, 2)) ms" }
}
