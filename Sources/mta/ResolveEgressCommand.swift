import ArgumentParser
import DeliveryQueue
import Foundation
import MTAConfiguration
import MailRouting
import MailTypes
import NIOPosix
import ProgramSupport
import RelayService
import SMTPTransport

/// `mta resolve-egress`: how mail for a domain would leave, without a running mta.
struct ResolveEgressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve-egress",
        abstract: "Say where mail for a domain goes, by which sources, and within which limits each from where.",
        discussion: "Reads the configuration and asks the DNS where mail goes by MX records; the mta need not run.")

    @Argument(help: "The recipients' domain.")
    var domain: String
    @Option(help: "Configuration file of the mta.")
    var config: String
    @Option(help: "The pool that a message asks for. Default: the one that is usual there.")
    var pool: String?
    @Option(help: "The tenant whose mail it is.")
    var tenant: String?
    @Option(help: "The campaign that it belongs to.")
    var campaign: String?
    @Option(help: "Only this source.")
    var source: String?
    @Option(help: "text or json.")
    var format = "text"

    func run() async throws {
        let isJSON = try wantsJSON(format)
        guard let domain = try? DomainName(written: domain).text else {
            throw UsageFault("'\(domain)': expected a domain name such as example.org")
        }
        let assembly = RelayAssembly(settings: try ServeSettings(file: config).values)
        let report = try await EgressResolver(assembly, domain, tenant: tenant, campaign: campaign)
            .report(pool: pool, source: source)
        print(isJSON ? try prettyJSON(report) : report.text, terminator: "")
    }
}

/// Puts an ``EgressReport`` together.
struct EgressResolver {
    private let assembly: RelayAssembly
    private let domain: String
    private let egress: EgressConfiguration
    private let routes: RouteTable
    /// Nil: there are no shaping files.
    private let shaping: ShapedLayers?
    private let senders: SenderPolicies
    /// Whose queue it is, if it is somebody's own.
    private let owner: (tenant: String?, campaign: String?)
    private var settings: MTASettings { assembly.settings }

    init(_ assembly: RelayAssembly, _ domain: String, tenant: String? = nil, campaign: String? = nil) throws {
        self.assembly = assembly
        self.domain = domain
        egress = try assembly.egress()
        let plan = try assembly.settings.shaping.isEmpty ? nil : ShapingFiles.plan(assembly.settings.shaping)
        routes = try assembly.routes(plan?.namedDomains ?? [])
        shaping = plan.map { ShapedLayers(plan: $0) }
        senders = assembly.senders()
        owner = senders.owner(tenant: tenant, campaign: campaign)
    }

    func report(pool: String?, source: String?) async throws -> EgressReport {
        let (destination, found) = try await whereabouts()
        let place = place(destination, found)
        let usual = egress[destination].pool
        let name = pool ?? senders.pool(tenant: owner.tenant, campaign: owner.campaign, to: destination) ?? usual
        var sources: [EgressReport.Source] = []
        if let name {
            guard let found = egress.pools[name] else {
                let known = egress.pools.keys.sorted().joined(separator: ", ")
                throw UsageFault("--pool '\(name)': expected one of \(known.isEmpty ? "none" : known)")
            }
            sources = found.members.map { self.source(egress.sources[$0.source]!, $0.weight, place) }
        } else {
            sources = [withoutSource(place)]
        }
        if let source {
            let known = sources.compactMap(\.name)
            sources = sources.filter { $0.name == source }
            guard !sources.isEmpty else {
                throw UsageFault(
                    "--source '\(source)': expected one of \(known.isEmpty ? "none" : known.joined(separator: ", "))")
            }
        }
        return EgressReport(
            domain: domain, destination: destination,
            queue: QueueName(
                tenant: owner.tenant, campaign: owner.campaign, pool: name == usual ? nil : name,
                destination: destination
            ).text, hosts: hosts(found, place),
            pool: name, provider: shaping?.path(place, from: nil).name.provider, sources: sources)
    }

    // MARK: Where

    private func whereabouts() async throws -> (destination: String, hosts: [HostAddress]) {
        let own = routes.isNamed(domain) ? domain : nil
        if let destination = own ?? routes.smartHost?.text, let hop = routes.hop(of: destination) {
            return (destination, hop.addresses)
        }
        switch try await exchangers() {
        case .hosts(let site, let addresses):
            let port = egress[own ?? site].port
            return (
                own ?? site,
                addresses.map { host in
                    var host = host
                    host.address.port = port
                    return host
                }
            )
        case .permanent(let reply): throw RunFault("\(domain): there is no way: \(reply)")
        case .temporary(let reply): throw RunFault("\(domain): not known now: \(reply)")
        }
    }

    /// What shaping files are asked about.
    private func place(_ destination: String, _ hosts: [HostAddress]) -> ShapedLayers.Place {
        let isOneDomain =
            routes.hop(of: destination) == nil ? !destination.hasPrefix(SiteName.prefix) : routes.isNamed(destination)
        var names: [String] = []
        for host in hosts where !host.name.isEmpty && !names.contains(host.name.lowercased()) {
            names.append(host.name.lowercased())
        }
        return .init(destination: destination, domain: isOneDomain ? destination : nil, exchangers: names)
    }

    /// Those that are not skipped, as text.
    private func hosts(_ found: [HostAddress], _ place: ShapedLayers.Place) -> [String] {
        let skipped = policy(place, from: nil).hosts.skipped
        return found.filter { host in
            !skipped.contains { $0.matches(host.name, host.address.networkAddress) }
        }.map(text)
    }

    private func text(_ host: HostAddress) -> String {
        let address = host.address.endpointText
        return host.name.isEmpty || address.hasPrefix(host.name) ? address : "\(host.name)=\(address)"
    }

    private func exchangers() async throws -> ExchangerOutcome {
        let router: MailRouter
        do { router = try MailRouter(try assembly.resolverSettings()) } catch { throw UsageFault("\(error)") }
        return try await router.ask(domain, on: MultiThreadedEventLoopGroup.singleton.next()).get()
    }

    // MARK: By what

    private func source(
        _ source: EgressSource, _ weight: Int, _ place: ShapedLayers.Place
    ) -> EgressReport.Source {
        let destination = place.destination
        let path = settings.domains.first { $0.name?.text == destination }?.bySource.first { $0.source == source.name }
        let own = path?.values.limits ?? EgressLimits()
        let name = "egress_sources[\(source.name)]"
        let layers =
            destinationLayers(destination) + senderLayers(destination) + [
                LimitLayer(scope: "source", origin: "\(name).limits", limits: source.limits),
                LimitLayer(
                    scope: "source to destination", origin: "domains[\(destination)].by_source[\(source.name)]",
                    limits: own),
                LimitLayer(
                    scope: "source to destination", origin: "\(name).limits_by_destination",
                    limits: source.limitsByDestination.without(own)),
            ] + (shaping?.layers(place, from: source.name) ?? [])
        let tls = policy(place, from: source.name).tls
        return .init(
            name: source.name, weight: weight, addresses: source.addresses.map(\.description),
            ehloName: source.ehloName ?? usualName(destination), proxy: source.proxy.map { "\($0)" },
            tls: tls.rawValue, isShapedTLS: tls != egress[destination].tls, limits: LimitLayer.report(layers))
    }

    private func policy(_ place: ShapedLayers.Place, from source: String?) -> EgressPolicy {
        let path = shaping?.path(place, from: source)
        return egress.policy(
            place.destination, shaped: path?.tls.flatMap { EgressPolicy.TLS(rawValue: $0.rawValue) },
            skipping: path?.skippedHosts ?? [])
    }

    private func withoutSource(_ place: ShapedLayers.Place) -> EgressReport.Source {
        let (destination, tls) = (place.destination, policy(place, from: nil).tls)
        let layers =
            destinationLayers(destination) + senderLayers(destination) + (shaping?.layers(place, from: nil) ?? [])
        return .init(
            name: nil, weight: 1, addresses: egress[destination].sources.map(\.description),
            ehloName: usualName(destination), proxy: nil, tls: tls.rawValue,
            isShapedTLS: tls != egress[destination].tls, limits: LimitLayer.report(layers))
    }

    private func usualName(_ destination: String) -> String {
        egress[destination].ehloName ?? (try? assembly.hostname()) ?? "localhost"
    }

    /// By the keys that they are counted by: the tenant, the campaign, and each of them to this destination.
    private func senderLayers(_ destination: String) -> [LimitLayer] {
        let queue = QueueName(tenant: owner.tenant, campaign: owner.campaign, pool: nil, destination: destination)
        return senders.limits(of: queue).map { key, limits in
            let (kind, name) = (key.hasPrefix("t:") ? "tenant" : "campaign", key.dropFirst(2).prefix { $0 != ">" })
            return LimitLayer(
                scope: key.contains(">") ? "\(kind) to destination" : kind, origin: "\(kind)s[\(name)]", limits: limits)
        }
    }

    /// What is said for the domain, for all where it says nothing, and what holds where nobody says anything.
    private func destinationLayers(_ destination: String) -> [LimitLayer] {
        let usual = assembly.limits(settings.delivery)
        var layers: [LimitLayer] = []
        var said = usual
        if let domain = settings.domains.first(where: { $0.name?.text == destination }) {
            let whole = assembly.limits(domain)
            layers.append(
                LimitLayer(scope: "destination", origin: "domains[\(destination)]", limits: whole.besides(usual)))
            layers.append(LimitLayer(scope: "destination", origin: "delivery", limits: whole.shared(with: usual)))
            said = whole
        } else {
            layers.append(LimitLayer(scope: "destination", origin: "delivery", limits: usual))
        }
        var builtIn = EgressLimits(recipientsPerTransaction: 100)
        builtIn.holdFirstMilliseconds = DeliveryQueue.firstHold
        builtIn.failuresBeforeHold = 1
        builtIn.holdCapMilliseconds = assembly.policies()[destination].retry.first
        layers.append(LimitLayer(scope: "destination", limits: builtIn.without(said)))
        return layers
    }
}
