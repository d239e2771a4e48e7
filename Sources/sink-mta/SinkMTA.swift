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
        discussion: "Stops on SIGINT or SIGTERM with a summary. The first line on stdout is 'listening HOST:PORT'.",
        subcommands: [VerifyCommand.self])

    @Option(help: "Address to listen on; port 0 picks a free one. May be given more than once.")
    var listen: [String] = ["127.0.0.1:2526"]
    @Option(
        help: """
            Many addresses or ports at once, each a mail exchanger of its own: 127.0.1.1-127.0.20.250:2525 or \
            127.0.0.1:25000-25999. Port 0 is one free port for all. May be given more than once.
            """)
    var listenRange: [String] = []
    @Flag(help: "Speak LMTP instead of SMTP.")
    var lmtp = false
    @Option(
        help: "Make an authority and a certificate in this directory and offer STARTTLS; clients verify with ca.pem.")
    var tlsCaDir: String?
    @Flag(help: "TLS from the first octet on instead of STARTTLS; needs --tls-ca-dir.")
    var implicitTls = false
    @Option(help: "Answer DNS questions about the zones here, over UDP and TCP; port 0 picks a free one.")
    var dns: String?
    @Option(
        help: """
            Domains and their mail exchangers for --dns: PATTERN=HOST@ADDRESS, as in \
            '*.bulk.test=mx*.sink.test@127.0.1.1-127.0.20.250'. May be given more than once.
            """)
    var zone: [String] = []
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
    @Option(help: "Put each message where mail readers find it: maildir:DIRECTORY or mbox:FILE.")
    var store: String?
    @Option(help: "Show the last so many messages as a web page at the address of --http.")
    var inbox: Int?
    @Option(help: "Keep each message as N.eml with N.envelope in this directory.")
    var keep: String?

    func run() async throws {
        ignoreBrokenPipes()
        let termination = await TerminationSignals()
        let server = try await start(try configuration())
        let ranged = server.addresses.dropFirst(listen.count)
        for address in server.addresses.prefix(listen.count) { print("listening \(address)") }
        if let first = ranged.first, let last = ranged.last {
            print("range \(first) to \(last), \(grouped(ranged.count)) listeners")
        }
        if let address = await server.dnsAddress { print("dns \(address)") }
        if let address = await server.httpAddress { print("http \(address)") }
        flushStandardOutput()
        let progress = ProgressLine()
        let ticking = Task {
            var tick = 0
            var isFaultTold = false
            while !Task.isCancelled {
                try await Task.sleep(nanoseconds: 200_000_000)
                tick += 1
                if !isFaultTold, let fault = await server.fault {
                    isFaultTold = true
                    progress.clear()
                    writeError("sink-mta: \(fault); mail is answered 452\n")
                }
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
        let record = try await server.stop()
        summarise(record)
        if let fault = record.faults?.first {
            throw RunFault("\(fault): not all messages are in the ledger, or some were refused for it")
        }
    }

    private func configuration() throws -> SinkConfiguration {
        guard HostText.isHost(hostname) else {
            throw UsageFault(
                "--hostname \(hostname.debugDescription): expected a domain name such as mx.sink.test: letters, digits and "
                    + "hyphens")
        }
        if let threads, threads < 1 { throw UsageFault("--threads \(threads): expected 1 or more") }
        let endpoints = try listen.map { try Endpoint(parsing: $0, flag: "--listen") }
        var configuration = SinkConfiguration(
            listen: endpoints, threads: threads ?? processorCount(), hostname: hostname)
        configuration.ledgerPath = ledger
        configuration.recordPath = record
        configuration.keepDirectory = keep
        configuration.arguments = CommandLine.arguments
        configuration.store = try store.map { try SinkConfiguration.Store(parsing: $0) }
        configuration.inbox = inbox
        guard inbox == nil || http != nil else { throw UsageFault("--inbox needs --http, where it is shown") }
        if let inbox, !(1...100_000).contains(inbox) { throw UsageFault("--inbox \(inbox): expected 1 to 100000") }
        configuration.ranges = try listenRange.map { try ListenRange(parsing: $0) }
        configuration.speaksLMTP = lmtp
        configuration.tlsDirectory = tlsCaDir
        configuration.isImplicitTLS = implicitTls
        guard !implicitTls || tlsCaDir != nil else { throw UsageFault("--implicit-tls needs --tls-ca-dir") }
        configuration.dns = try dns.map { try Endpoint(parsing: $0, flag: "--dns") }
        guard (dns == nil) == zone.isEmpty else { throw UsageFault("--dns and --zone go together") }
        for text in zone { try configuration.zone.add(text) }
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
        } catch let fault as SinkFault {
            throw UsageFault(fault.description)
        } catch {
            throw RunFault("cannot serve: \(error)")
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
                + "\(grouped(ledger.changed)) changed, \(grouped(ledger.unidentified)) without an id"
                + (ledger.unwritten.map { ", \(grouped($0)) NOT WRITTEN" } ?? ""))
    }

    private func milliseconds(_ nanoseconds: UInt64) -> String { "\(fixed(Double(nanoseconds) / 1e6, 2)) ms" }
}
