import MTAConfiguration
import MailRouting
import MailTypes
import ProgramSupport
import RelayService
import SASLAuthentication
import SMTPProtocol
import SMTPTransport

// What secures connections to next hops: DANE, MTA-STS, reports, certificates, AUTH.
extension RelayAssembly {
    /// - Parameter usual: what holds for all, where this is a domain's.
    func security(_ values: SecurityValues, over usual: HopSecurityPolicy = HopSecurityPolicy()) throws
        -> HopSecurityPolicy
    {
        var policy = usual
        policy.dane = values.dane ?? usual.dane
        policy.strictTransport = values.mtaSTS ?? usual.strictTransport
        policy.brokenTLSMilliseconds = values.rememberBrokenTLS?.milliseconds ?? usual.brokenTLSMilliseconds
        if let certificate = values.certificate, let key = values.key {
            policy.identity = .init(certificateFile: certificate, keyFile: key)
        }
        if let version = values.minimumVersion { policy.rules.onlyTLS13 = version == .v13 }
        if !values.ciphers.isEmpty { policy.rules.ciphers = values.ciphers.map(\.value) }
        if let auth = values.auth { policy.login = try login(auth) }
        if let timeouts = values.timeouts {
            Self.apply(timeouts, &policy.timeouts)
            policy.connectSeconds = timeouts.connect?.seconds ?? policy.connectSeconds
        }
        return policy
    }

    private func login(_ section: HopLoginSection) throws -> HopLogin {
        guard let text = SystemFiles().text(section.passwordFile) else {
            throw UsageFault("\(section.passwordFile): cannot be read")
        }
        return HopLogin(ClientCredentials(name: section.user, password: MTASettings.password(in: text)))
    }

    private static func apply(_ section: TimeoutsSection, _ timeouts: inout ClientTimeouts) {
        timeouts.greeting = section.greeting?.seconds ?? timeouts.greeting
        timeouts.command = section.command?.seconds ?? timeouts.command
        timeouts.handshake = section.handshake?.seconds ?? timeouts.handshake
        timeouts.dataInitiation = section.data?.seconds ?? timeouts.dataInitiation
        timeouts.dataTermination = section.content?.seconds ?? timeouts.dataTermination
    }

    private var usesDANE: Bool { uses(\.dane) }
    private var usesStrictTransport: Bool { uses(\.mtaSTS) }

    private func uses(_ path: KeyPath<SecurityValues, Bool?>) -> Bool {
        ([settings.delivery.security] + settings.domains.map(\.security)).contains { $0[keyPath: path] == true }
    }

    /// The name service, and what else connections to next hops need from outside; nothing that is not used.
    func addNames(to configuration: inout RelayConfiguration, volatileSpool: Bool) throws {
        let reports = reports()
        let policies = try usesStrictTransport ? policies(reports, volatileSpool: volatileSpool) : nil
        var router: MailRouter?
        if configuration.routes.needsLookups || usesDANE {
            do { router = try MailRouter(try resolverSettings(), policies: policies) } catch {
                throw UsageFault("\(error)")
            }
        }
        if configuration.routes.needsLookups { configuration.exchangers = router }
        guard usesDANE || policies != nil || reports != nil else { return }
        configuration.security = NextHopSecurity(
            names: router, policies: policies, reports: reports, sender: router == nil ? nil : try sender())
    }

    private func policies(_ reports: TLSReportService?, volatileSpool: Bool) throws -> StrictTransportService {
        var keeping = StrictTransportService.Settings()
        if !volatileSpool { keeping.file = settings.spoolDirectory.map { $0 + "/mta-sts.json" } }
        return StrictTransportService(keeping, fetcher: try fetcher()) { reports?.note($0) }
    }

    private func fetcher() throws -> WebPolicyFetcher {
        var fetching = WebPolicyFetcher.Settings()
        fetching.port = settings.mtaSTS.port
        fetching.rootsFile = settings.mtaSTS.ca
        fetching.timeoutSeconds = settings.mtaSTS.timeout.seconds
        do { return try WebPolicyFetcher(fetching) } catch { throw UsageFault("\(error)") }
    }

    /// What a probe asks, whatever is switched on.
    func probing() throws -> (policies: ProbePolicies, names: MailRouter) {
        let policies = ProbePolicies(fetcher: try fetcher())
        do { return (policies, try MailRouter(try resolverSettings(), policies: policies)) } catch {
            throw UsageFault("\(error)")
        }
    }

    private func reportDirectory(_ section: TLSReportsSection) -> String {
        section.directory ?? (settings.spoolDirectory ?? ".") + "/tls-reports"
    }

    private func sender() throws -> TLSReportSender? {
        guard let section = settings.tlsReports, section.sends else { return nil }
        var sending = TLSReportSender.Settings(
            directory: reportDirectory(section), submitter: try hostname(),
            from: MailAddress(section.from ?? section.contact))
        sending.spreadSeconds = Int(section.spread.seconds)
        return TLSReportSender(sending, post: WebReportPost())
    }

    private func reports() -> TLSReportService? {
        guard let section = settings.tlsReports else { return nil }
        return TLSReportService(
            .init(
                directory: reportDirectory(section), organization: section.organization, contact: section.contact,
                keptDays: section.keepDays))
    }
}
