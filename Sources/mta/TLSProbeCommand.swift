import ArgumentParser
import MTAConfiguration
import MailRouting
import MailTypes
import Measures
import ProgramSupport
import RelayService

/// `mta tls-probe`: what TLS the hosts of a domain have, and what becomes of mail for it.
struct TLSProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls-probe",
        abstract: "Say what TLS a domain's hosts have, what DANE and MTA-STS say, and what becomes of mail for it.",
        discussion: """
            Looks up exchangers, TLSA records and the MTA-STS policy, connects to each host, shakes hands and goes; no mail \
            is sent. The mta need not run. Exit code 1 if mail would wait.
            """)

    @Argument(help: "A recipients' domain; with --host the name or address of a host.")
    var target: String
    @Flag(help: "TARGET is a host: its MX records do not matter.")
    var host = false
    @Option(help: "Configuration file of the mta. Default: none, opportunistic TLS.")
    var config: String?
    @Option(help: "Port of the hosts. Default: the one that mail goes to.")
    var port: Int?
    @Option(help: "For all of one host.")
    var timeout = "30s"
    @Option(help: "text or json.")
    var format = "text"

    func run() async throws {
        let isJSON = try wantsJSON(format)
        if let port, !(1...65_535).contains(port) { throw UsageFault("--port \(port): expected 1 to 65535") }
        let seconds: Double
        do { seconds = try HumanDuration(parsing: timeout).seconds } catch {
            throw UsageFault("--timeout '\(timeout)': \(error)")
        }
        let report = try await report(try name(), seconds)
        print(isJSON ? try prettyJSON(report) : TLSProbeSheet(report).text, terminator: "")
        if report.verdict.way == .waits { throw ExitCode(1) }
    }

    private func name() throws -> String {
        if host, NetworkAddress(target) != nil { return target }
        guard let name = try? DomainName(written: target).text else {
            throw UsageFault("'\(target)': expected a domain name such as example.org")
        }
        return name
    }

    private func report(_ name: String, _ seconds: Double) async throws -> TLSProbeReport {
        let assembly = RelayAssembly(settings: try ServeSettings(file: config).values)
        var settings = TLSProbe.Settings(
            egress: try assembly.egress(), routes: try assembly.routes(try assembly.shaping()?.plan.namedDomains ?? []),
            hostname: try assembly.hostname())
        settings.timeoutSeconds = seconds
        settings.port = port
        let (policies, names) = try assembly.probing()
        let progress = ProgressLine()
        progress.show("asking the hosts of \(name)")
        defer { progress.clear() }
        do {
            let report = try await TLSProbe(settings, names: names, policies: policies).run(name, isHost: host)
            await policies.close()
            return report
        } catch {
            await policies.close()
            throw RunFault("\(error)")
        }
    }
}
