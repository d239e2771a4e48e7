import MTAConfiguration
import MailRouting
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
        if let auth = values.auth { policy.login = try login(auth) }
        if let timeouts = values.timeouts { Self.apply(timeouts, &policy.timeouts) }
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
        configuration.security = NextHopSecurity(names: router, policies: policies, reports: reports)
    }

    private func policies(_ reports: TLSReportService?, volatileSpool: Bool) throws -> StrictTransportService {
        var fetching = WebPolicyFetcher.Settings()
        fetching.port = settings.mtaSTS.port
        fetching.rootsFile = settings.mtaSTS.ca
        fetching.timeoutSeconds = settings.mtaSTS.timeout.seconds
        var keeping = StrictTransportService.Settings()
        if !volatileSpool { keeping.file = settings.spoolDirectory.map { $0 + "/mta-sts.json" } }
        do {
            return StrictTransportService(keeping, fetcher: try WebPolicyFetcher(fetching)) { reports?.note($0) }
        } catch {
            throw UsageFault("\(error)")
        }
    }

    private func reports() -> TLSReportService? {
        guard let section = settings.tlsReports else { return nil }
        return TLSReportService(
            .init(
                directory: section.directory ?? (settings.spoolDirectory ?? ".") + "/tls-reports",
                organization: section.organization, contact: section.contact, keptDays: section.keepDays))
    }
}
