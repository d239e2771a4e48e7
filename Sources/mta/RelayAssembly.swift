import DKIMSigning
import DeliveryQueue
import Glibc
import MTAConfiguration
import MailRouting
import MailTypes
import Measures
import MessageBuilding
import NIOCore
import ProgramSupport
import RelayService
import SASLAuthentication
import SMTPTransport

/// From what the file says to what the relay is made of.
struct RelayAssembly {
    let settings: MTASettings

    func configuration(_ spool: SpoolSelection, controlPath: String?) throws -> RelayConfiguration {
        let loops = settings.threads ?? processorCount()
        let shaping = try shaping()
        var configuration = RelayConfiguration(
            listeners: try listeners(), hostname: try hostname(), routes: try routes(shaping?.plan.namedDomains ?? []),
            threads: loops,
            policies: policies(), spoolName: settings.spool, durabilityName: try spool.durabilityName())
        configuration.relayPolicy = relayPolicy()
        configuration.ordersPath = spool.isVolatile ? nil : spool.directory.map { $0 + "/suspensions.json" }
        configuration.mailPolicy = try mailPolicy()
        configuration.egress = try egress()
        configuration.users = try users(settings.users)
        configuration.dkim = try dkimPolicy()
        configuration.http = try http()
        configuration.metrics = metrics()
        configuration.events = try events()
        configuration.classification = try classification()
        configuration.reports = reportRules()
        configuration.shaping = shaping
        configuration.obeysTLSRequired = settings.delivery.obeysTLSRequired
        configuration.egress.furtherDemands = Set(
            shaping?.plan.demands.compactMap { EgressPolicy.TLS(rawValue: $0.rawValue) } ?? [])
        configuration.signingThreads = settings.dkimThreads > 0 ? settings.dkimThreads : processorCount()
        configuration.outboundConnections = settings.smartHostConnections
        configuration.residentBytes = settings.residentMemory.bytes
        configuration.inflowDelayMilliseconds = settings.inflowDelay.milliseconds
        configuration.receptionBytes = settings.receiveMemory.bytes
        configuration.minimumFreeBytes = settings.minFreeDisk.bytes
        applyLoadLimits(&configuration, spool)
        configuration.returnedContentBytes = settings.returnedContent.bytes
        configuration.recordPath = settings.record
        configuration.controlPath = controlPath
        configuration.drainSeconds = settings.drain.seconds
        configuration.arguments = CommandLine.arguments
        return configuration
    }

    func hostname() throws -> String {
        if let name = settings.hostname { return name.text }
        let name = (readSmallFile("/proc/sys/kernel/hostname") ?? "").split(separator: "\n").first.map(String.init)
        guard let name else { return "localhost" }
        guard let checked = try? DomainName(written: name) else {
            throw UsageFault("--hostname: this machine's name '\(name)' is no domain name: give one")
        }
        return checked.text
    }

    // MARK: Coming in

    func listeners() throws -> [ListenerConfiguration] {
        guard !settings.listeners.isEmpty else {
            var listener = ListenerConfiguration(
                name: "smtp", host: settings.listen.host, port: settings.listen.port)
            listener.rules.limits.messageSize = settings.maxMessageSize.bytes
            return [listener]
        }
        let contexts = try tlsContexts()
        return settings.listeners.map { section in
            var listener = ListenerConfiguration(
                name: section.name, host: section.address!.host, port: section.address!.port,
                kind: .init(rawValue: section.service.rawValue)!)
            listener.rules = rules(section, contexts)
            return listener
        }
    }

    private func tlsContexts() throws -> [String: TLSServerContext] {
        var contexts: [String: TLSServerContext] = [:]
        for section in settings.tls {
            var tls = TLSServerContext.Settings(certificateFile: section.certificate, keyFile: section.key)
            tls.rules.onlyTLS13 = section.minimumVersion == .v13
            tls.rules.ciphers = section.ciphers.map(\.value)
            tls.clientCertificates = .init(rawValue: section.clientCertificates.rawValue)!
            tls.clientCAFile = section.clientCA
            do { contexts[section.name] = try TLSServerContext(tls) } catch {
                throw UsageFault(section.mapping?.fault("name", "\(error)").description ?? "\(error)")
            }
        }
        return contexts
    }

    private func rules(_ section: ListenerSection, _ contexts: [String: TLSServerContext]) -> ListenerRules {
        var rules = ListenerRules()
        rules.tls = section.tls.flatMap { contexts[$0] }
        rules.requiresTLS = section.requiresTLS
        rules.authMechanisms = section.mechanisms.map { $0.rawValue.uppercased() }
        rules.requiresAuthentication = section.isAuthRequired
        rules.proxyNetworks = section.hasProxyHeader ? NetworkSet(section.proxyNetworks) : nil
        rules.xclientNetworks = NetworkSet(section.xclientNetworks)
        rules.banner = section.banner
        rules.supplement = section.supplementalHeader.map {
            SupplementalField(name: $0, metaNames: section.includedMetaNames)
        }
        rules.limits = limits(section.limits)
        rules.networkLimits = NetworkTable(section.networks.map { ($0.network!, limits($0.limits)) })
        return rules
    }

    private func limits(_ section: LimitsSection) -> ClientLimits {
        var limits = ClientLimits()
        limits.connections = section.connections
        limits.connectionsPerClient = section.connectionsPerClient
        limits.messagesPerConnection = section.messagesPerConnection
        limits.recipients = section.recipients
        limits.messageSize = (section.messageSize ?? settings.maxMessageSize).bytes
        limits.errors = section.errors
        limits.idleSeconds = section.idleTimeout.seconds
        limits.messageRate = section.messageRate
        return limits
    }

    func dkimPolicy() throws -> DKIMPolicy {
        var policy = DKIMPolicy()
        for section in settings.dkim {
            let key = try key(section)
            var signature = DKIMSignature(
                domain: section.domain!.text, selector: section.selector, key: key, identity: section.identity,
                overSigned: section.overSigned)
            if !section.headers.isEmpty { signature.headers = section.headers.map { $0.lowercased() } }
            signature.headerForm = section.headerForm == .simple ? .simple : .relaxed
            signature.bodyForm = section.bodyForm == .simple ? .simple : .relaxed
            signature.expiresAfter = section.expiresAfter.map { Int($0.seconds) }
            policy.add(signature, coversSubdomains: section.coversSubdomains)
        }
        return policy
    }

    private func key(_ section: DKIMSection) throws -> DKIMKey {
        guard let pem = SystemFiles().text(section.key) else { throw UsageFault("\(section.key): cannot be read") }
        do { return try DKIMKey(pem: pem, file: section.key) } catch {
            throw UsageFault(section.mapping?.fault("key", "\(error)").description ?? "\(error)")
        }
    }

    /// Keys that will do, and should not.
    func keyWarnings() -> [String] {
        settings.dkim.compactMap { section in
            (try? key(section))?.warning(file: section.key)
        }
    }

    private func http() throws -> HTTPConfiguration? {
        guard let section = settings.http else { return nil }
        var http = HTTPConfiguration(
            host: section.address.host, port: section.address.port, trusted: NetworkSet(section.trustedNetworks))
        http.tls = try section.tls.flatMap { try tlsContexts()[$0] }
        http.keys = try users(section.apiKeys)
        http.offersAdmin = section.offersAdmin
        http.adminTrusted = NetworkSet(section.adminNetworks)
        http.adminKeys = Set(section.adminKeys)
        http.bodyLimit = section.maxRequestSize.bytes
        http.connections = section.maxConnections
        http.requestSeconds = section.requestTimeout.seconds
        return http
    }

    private func users(_ file: String?) throws -> UserFile? {
        guard let file else { return nil }
        guard let text = SystemFiles().text(file) else { throw UsageFault("\(file): cannot be read") }
        do { return try UserFile(text: text, file: file) } catch { throw UsageFault("\(error)") }
    }

    func relayPolicy() -> RelayPolicy {
        var policy = RelayPolicy(networks: NetworkSet(settings.relayNetworks))
        policy.clientSubjects = Set(settings.relayClientSubjects)
        policy.domains = Set(settings.relayDomains.map { $0.lowercased() })
        return policy
    }
}

// MARK: - Going out

extension RelayAssembly {
    /// - Parameter named: domains that have queues of their own, besides those of `domains`.
    func routes(_ named: Set<String> = []) throws -> RouteTable {
        var rules: [String: RouteTable.Rule] = [:]
        for domain in named.union(senders().namedDestinations) { rules[domain] = .usual }
        for domain in settings.domains {
            switch domain.nextHop {
            case nil: rules[domain.name!.text] = .usual
            case .exchangers?: rules[domain.name!.text] = .exchangers
            case .smtp(let endpoint)?:
                rules[domain.name!.text] = .hop(try hop(endpoint) { "\(domain.mapping!.fault("next_hop", $0))" })
            case .lmtp(let endpoint)?:
                var hop = try hop(endpoint) { "\(domain.mapping!.fault("next_hop", $0))" }
                hop.serverProtocol = .lmtp
                rules[domain.name!.text] = .hop(hop)
            }
        }
        let smartHost = try settings.smartHost.map { endpoint in try hop(endpoint) { "--smart-host \($0)" } }
        return RouteTable(smartHost: smartHost, domains: rules)
    }

    /// Where the DNS may have mail taken. Its thread runs only where some mail goes by MX records.
    func resolverSettings() throws -> ResolverSettings {
        let dns = settings.dns
        var resolver = ResolverSettings()
        resolver.servers = dns.servers
        resolver.isRecursive = dns.isRecursive
        resolver.stubZones = dns.stubZones.map { .init(name: $0.name, server: $0.server) }
        resolver.trustAnchorFile = dns.dnssec ? dns.trustAnchor ?? Self.usualAnchor : nil
        resolver.timeoutSeconds = dns.timeout.seconds
        resolver.families = dns.families == .both ? .both : dns.families == .ipv4 ? .ipv4 : .ipv6
        resolver.prohibited = NetworkSet(dns.prohibitedNetworks)
        resolver.ownNames = Set([try hostname()] + settings.localHostnames.map(\.text))
        resolver.ownAddresses = Set(
            settings.listeners.compactMap { $0.address.flatMap { NetworkAddress($0.host) } }.filter { !$0.isLoopback })
        resolver.cacheEntries = dns.cacheEntries
        resolver.cacheSeconds = dns.cacheMinimum.seconds...max(dns.cacheMinimum.seconds, dns.cacheMaximum.seconds)
        return resolver
    }

    /// The root's key as Debian's dns-root-data has it, if it is there.
    private static var usualAnchor: String? {
        let file = "/usr/share/dns/root.key"
        return SystemFiles().text(file) == nil ? nil : file
    }

    /// - Parameter fault: puts the place in front of what is wrong.
    private func hop(_ endpoint: Endpoint, _ fault: (String) -> String) throws -> RouteTable.Hop {
        do {
            let address = try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
            return RouteTable.Hop(
                addresses: [.init(address: address, name: endpoint.host)], text: endpoint.description)
        } catch {
            throw UsageFault(fault("\(endpoint): \(error)"))
        }
    }

    func policies() -> DestinationPolicies {
        var policies = DestinationPolicies()
        policies.standard.retry = RetryPolicy(
            first: settings.retryFirst.milliseconds, factor: settings.retryFactor,
            cap: settings.retryCap.milliseconds, maximumAge: settings.retryMaxAge.milliseconds)
        policies.standard.delayWarning = settings.delayWarning?.milliseconds
        policies.standard.limits = limits(settings.delivery)
        policies.senders = senders()
        for domain in settings.domains {
            var policy = policies.standard
            policy.limits = limits(domain)
            policy.retry.first = domain.retryFirst?.milliseconds ?? policy.retry.first
            policy.retry.factor = domain.retryFactor ?? policy.retry.factor
            policy.retry.cap = domain.retryCap?.milliseconds ?? policy.retry.cap
            policy.retry.maximumAge = domain.retryMaxAge?.milliseconds ?? policy.retry.maximumAge
            policy.delayWarning = domain.delayWarning?.milliseconds ?? policy.delayWarning
            policies.named[domain.name!.text] = policy
        }
        return policies
    }

    func egress() throws -> EgressConfiguration {
        var egress = EgressConfiguration()
        let delivery = settings.delivery
        try addSources(to: &egress)
        egress.standard.pool = delivery.egressPool
        egress.rootsFile = delivery.tlsCA
        egress.standard.tls = .init(rawValue: delivery.tls.rawValue)!
        egress.standard.sources = delivery.sources
        egress.standard.ehloName = delivery.ehloName?.text
        egress.standard.port = delivery.port
        egress.standard.security = try security(delivery.security)
        egress.standard.hosts = hosts(delivery.hosts)
        for domain in settings.domains {
            var policy = egress.standard
            if let tls = domain.tls { policy.tls = .init(rawValue: tls.rawValue)! }
            if !domain.sources.isEmpty { policy.sources = domain.sources }
            policy.ehloName = domain.ehloName?.text ?? policy.ehloName
            policy.port = domain.port ?? policy.port
            policy.security = try security(domain.security, over: policy.security)
            policy.hosts = hosts(domain.hosts, over: policy.hosts)
            policy.pool = domain.egressPool ?? policy.pool
            policy.limitsBySource = Dictionary(domain.bySource.map { ($0.source, $0.values.limits) }) { $1 }
            egress.named[domain.name!.text] = policy
        }
        return egress
    }
}

extension HumanDuration {
    var milliseconds: UInt64 { nanoseconds / 1_000_000 }
}
