package import MailRouting
import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport
import Synchronization
import TransportSecurity

/// Asks the hosts of one domain what TLS they have, and says what a relay with this configuration would do with mail for
/// it and why. Sends no mail; needs no running relay.
package struct TLSProbe {
    package struct Settings: Sendable {
        package var egress: EgressConfiguration
        package var routes: RouteTable
        /// Name in EHLO.
        package var hostname: String
        /// For all of one host.
        package var timeoutSeconds = 30.0
        /// Instead of the port that mail goes to.
        package var port: Int?

        package init(egress: EgressConfiguration, routes: RouteTable, hostname: String) {
            self.egress = egress
            self.routes = routes
            self.hostname = hostname
        }
    }

    /// Hosts that are asked; more are left out.
    private static let mostHosts = 20

    private let settings: Settings
    private let names: MailRouter
    private let policies: ProbePolicies

    /// - Parameter policies: what ``names`` asks for policies of domains.
    package init(_ settings: Settings, names: MailRouter, policies: ProbePolicies) {
        self.settings = settings
        self.names = names
        self.policies = policies
    }

    /// - Parameters:
    ///   - target: a domain, or with `isHost` the name of a host.
    ///   - isHost: mail is taken to go there, whatever its MX records say.
    /// - Throws: ``TLSFault``, or what the name service has to say: a ``ProbeFault``.
    package func run(_ target: String, isHost: Bool) async throws -> TLSProbeReport {
        let loops = LoopGroup(threads: 1)
        do {
            let report = try await run(target, isHost: isHost, loops.contexts[0])
            try await loops.shutDown()
            return report
        } catch {
            try await loops.shutDown()
            throw error
        }
    }

    private func run(_ target: String, isHost: Bool, _ loop: LoopContext) async throws -> TLSProbeReport {
        let route = isHost ? try await route(toHost: target) : try await route(to: target, loop)
        var policy = settings.egress[route.destination]
        if route.isConfigured { policy.security.strictTransport = false }
        let egress = try Egress(settings.egress)
        let trust = try Self.trust(settings.egress.rootsFile)
        var report = TLSProbeReport(
            target: target, destination: route.destination, route: route.text, tls: policy.tls.rawValue,
            usesDANE: policy.security.dane, usesStrictTransport: policy.security.strictTransport,
            strictTransport: route.isConfigured || isHost ? nil : policies.report(of: target),
            verdict: .init(way: .waits, reason: "it has no host"))
        let usable = route.hosts.filter { !policy.hosts.skips($0.name, $0.address) }
        for host in usable.prefix(Self.mostHosts) {
            var host = host
            host.address.port = settings.port ?? (route.isConfigured ? host.address.port : policy.port)
            let asker = HostProbe(
                host: host, policy: policy, domain: route.domain, egress: egress, trust: trust, settings: settings,
                isConfigured: route.isConfigured, serverProtocol: route.serverProtocol)
            report.hosts.append(await asker.run(names, loop))
        }
        let skipped = route.hosts.count - usable.count
        report.verdict = Self.verdict(report.hosts, skipped: skipped)
        return report
    }

    private static func trust(_ file: String?) throws -> TrustStore {
        do throws(TrustStore.Fault) { return try TrustStore(file: file) } catch { throw TLSFault(error.description) }
    }

    /// Mail goes to the first host that it may go to.
    private static func verdict(_ hosts: [TLSProbeReport.Host], skipped: Int) -> TLSProbeReport.Verdict {
        guard let host = hosts.first(where: { $0.verdict.way != .waits }) else {
            guard let last = hosts.last else {
                return .init(way: .waits, reason: skipped > 0 ? "all hosts are among skip_hosts" : "it has no host")
            }
            return .init(way: .waits, reason: last.verdict.reason)
        }
        let name = host.name.isEmpty ? host.address : host.name
        return .init(way: host.verdict.way, reason: "to \(name): \(host.verdict.reason)")
    }

    // MARK: Where mail goes

    private struct Route {
        var destination: String
        var text: String
        var hosts: [HostAddress]
        /// Of recipients, where the queue is theirs alone.
        var domain: String?
        var isConfigured = false
        var serverProtocol = ServerProtocol.smtp
    }

    private func route(toHost host: String) async throws -> Route {
        let literal = NetworkAddress(host)
        let addresses = if let literal { [literal] } else { await names.hostAddresses(host) }
        guard !addresses.isEmpty else { throw ProbeFault("\(host) has no address that mail may go to") }
        let name = literal == nil ? host : ""
        let found = addresses.compactMap { address in
            (try? SocketAddress(ipAddress: address.description, port: 25)).map { address -> HostAddress in
                var found = HostAddress(address: address, name: name)
                // Somebody has named it here: as with a next hop of the configuration.
                found.isNameSecure = true
                return found
            }
        }
        return Route(destination: host, text: "host", hosts: found)
    }

    private func route(to domain: String, _ loop: LoopContext) async throws -> Route {
        let place = settings.routes.place(of: MailAddress("postmaster@" + domain))
        if case .destination(let name) = place, let hop = settings.routes.hop(of: name) {
            return Route(
                destination: name, text: "by configuration to \(hop.text)", hosts: hop.addresses, isConfigured: true,
                serverProtocol: hop.serverProtocol)
        }
        let named: String? = if case .destination(let name) = place { name } else { nil }
        switch try await names.ask(domain, on: loop.eventLoop).get() {
        case .hosts(let site, let addresses):
            return Route(destination: named ?? site, text: "by MX records", hosts: addresses, domain: domain)
        case .permanent(let reply): throw ProbeFault("\(domain): there is no way: \(reply)")
        case .temporary(let reply): throw ProbeFault("\(domain): not known now: \(reply)")
        }
    }
}

/// Why there is nothing to be asked.
package struct ProbeFault: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Finds MTA-STS policies for a probe, whatever the configuration says of them, and keeps why they could not be had.
package final class ProbePolicies: DomainPolicies {
    /// What was found by domain, and why something was not.
    private final class Findings: Sendable {
        let reports = Mutex<[String: TLSProbeReport.StrictTransport]>([:])
        let faults = Mutex<[String: String]>([:])
    }

    private let service: StrictTransportService
    private let findings: Findings

    /// - Parameter fetcher: of policies over HTTPS.
    package init(fetcher: any PolicyFetcher) {
        let kept = Findings()
        findings = kept
        service = StrictTransportService(.init(), fetcher: fetcher) { result in
            kept.faults.withLock { $0[result.domain] = result.reason }
        }
        var egress = EgressConfiguration()
        egress.standard.security.strictTransport = true
        service.adopt(egress)
    }

    package func demand(of domain: String, asking names: any NameLookups) async -> DomainDemand? {
        let demand = await service.demand(of: domain, asking: names)
        let (policy, fault) = (demand?.policy, findings.faults.withLock { $0[domain] })
        let report = TLSProbeReport.StrictTransport(
            mode: policy?.mode.rawValue, patterns: policy?.patterns ?? [], maxAgeSeconds: policy?.maxAge, fault: fault)
        findings.reports.withLock { $0[domain] = report }
        return demand
    }

    func report(of domain: String) -> TLSProbeReport.StrictTransport? { findings.reports.withLock { $0[domain] } }

    package func close() async { await service.close() }
}
