import MailTypes
package import NIOCore
import Synchronization

/// From a domain to the addresses that take its mail: MX, A and AAAA through libunbound, remembered for as long as the
/// DNS allows.
package final class MailRouter: ExchangerLookup {
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// Since the start.
    package struct Counts: Sendable, Hashable {
        /// Domains asked for.
        package var lookups: UInt64 = 0
        /// Asked for while the same question was under way.
        package var joined: UInt64 = 0
        package var permanent: UInt64 = 0
        package var temporary: UInt64 = 0
        /// Questions put to the resolver.
        package var questions: UInt64 = 0
        /// Asked for what is remembered: it was, or it was not.
        package var hits: UInt64 = 0
        package var misses: UInt64 = 0
        /// Domains that are remembered.
        package var remembered = 0
    }

    private struct State {
        var cache: RouteCache
        var underWay: [String: [EventLoopPromise<ExchangerOutcome>]] = [:]
        var waiting: [String] = []
        /// Domains whose policy is being asked for: web servers of strangers take their time.
        var asking = 0
        var counts = Counts()
    }

    let settings: ResolverSettings
    private let engine: DNSEngine
    private let state: Mutex<State>
    private let policies: (any DomainPolicies)?

    /// - Parameter policies: what domains demand of those who send them mail (MTA-STS); nil: nobody asks.
    /// - Throws: ``Fault`` for settings that the resolver does not take.
    package init(_ settings: ResolverSettings, policies: (any DomainPolicies)? = nil) throws(Fault) {
        self.settings = settings
        self.policies = policies
        do throws(DNSEngine.Fault) { engine = try DNSEngine(settings) } catch {
            throw Fault(description: error.description)
        }
        state = Mutex(State(cache: RouteCache(limit: settings.cacheEntries)))
    }

    deinit { engine.stop() }

    package var counts: Counts {
        state.withLock { state in
            state.counts.remembered = state.cache.count
            return state.counts
        }
    }

    package func known(_ domain: String) -> ExchangerOutcome? {
        let now = DNSEngine.now()
        return state.withLock { state in
            let found = state.cache.outcome(domain, now: now)
            if found == nil { state.counts.misses += 1 } else { state.counts.hits += 1 }
            return found
        }
    }

    package func ask(_ domain: String, on loop: any EventLoop) -> EventLoopFuture<ExchangerOutcome> {
        let promise = loop.makePromise(of: ExchangerOutcome.self)
        let begins = state.withLock { state in
            if state.underWay[domain] != nil {
                state.counts.joined += 1
                state.underWay[domain]!.append(promise)
                return false
            }
            state.underWay[domain] = [promise]
            state.counts.lookups += 1
            guard state.underWay.count - state.waiting.count - state.asking <= settings.concurrency else {
                state.waiting.append(domain)
                return false
            }
            return true
        }
        if begins { begin(domain) }
        return promise.futureResult
    }

    private static let leastSeconds = 1.0

    private func begin(_ domain: String) {
        Task {
            let (outcome, ttl) = await resolve(domain)
            let bounds = settings.cacheSeconds
            // What has run out before it is used would be asked for again and again.
            let seconds = max(Self.leastSeconds, min(max(Double(ttl), bounds.lowerBound), bounds.upperBound))
            let until = DNSEngine.now() + UInt64(seconds * 1e9)
            let (promises, following) = state.withLock { state -> ([EventLoopPromise<ExchangerOutcome>], String?) in
                state.cache.insert(domain, outcome, until: until)
                if case .permanent = outcome { state.counts.permanent += 1 }
                if case .temporary = outcome { state.counts.temporary += 1 }
                let promises = state.underWay.removeValue(forKey: domain) ?? []
                return (promises, next(&state))
            }
            for promise in promises { promise.succeed(outcome) }
            if let following { begin(following) }
        }
    }

    /// A domain that is waiting, if there is room for one more.
    private func next(_ state: inout State) -> String? {
        guard !state.waiting.isEmpty,
            state.underWay.count - state.waiting.count - state.asking < settings.concurrency
        else { return nil }
        return state.waiting.removeFirst()
    }

    /// Domains that leave their place to others while their policy is asked for.
    private static let mostAsking = 1_000

    /// What the domain demands. Others are looked up meanwhile: 512 domains with slow web servers must not stop all mail.
    private func demand(of name: String, _ policies: any DomainPolicies) async -> DomainDemand? {
        let (leaves, following) = state.withLock { state -> (Bool, String?) in
            guard state.asking < Self.mostAsking else { return (false, nil) }
            state.asking += 1
            return (true, next(&state))
        }
        if let following { begin(following) }
        let demand = await policies.demand(of: name, asking: self)
        if leaves { state.withLock { $0.asking -= 1 } }
        return demand
    }

    // MARK: One domain

    /// The outcome and for how many seconds it holds.
    private func resolve(_ domain: String) async -> (ExchangerOutcome, ttl: Int) {
        switch DomainForm(domain) {
        case .invalid: return (.permanent(SMTPReply(550, .init(5, 1, 2), "'\(domain)' is no domain name")), 86_400)
        case .literal(let address): return (literal(domain, address), 86_400)
        case .name(let name): return await exchangers(of: name)
        }
    }

    private func literal(_ domain: String, _ address: NetworkAddress) -> ExchangerOutcome {
        let addresses = usable([address], host: "")
        guard !addresses.isEmpty else {
            return .permanent(SMTPReply(550, .init(5, 4, 4), "Mail to \(domain) is not sent from here"))
        }
        return .hosts(site: SiteName.prefix + domain.lowercased(), addresses: addresses)
    }

    private func exchangers(of name: String) async -> (ExchangerOutcome, ttl: Int) {
        let answer = await ask(name, .mx)
        let seed = UInt64.random(in: 0...UInt64.max)
        switch ExchangerPlan.make(name, answer, ownNames: settings.ownNames, seed: seed) {
        case .permanent(let reply): return (.permanent(reply), answer.ttl)
        case .temporary(let reply): return (.temporary(reply), 0)
        case .implicit:
            guard !settings.ownNames.contains(name) else {
                return (.permanent(SMTPReply(554, .init(5, 4, 6), "Mail for \(name) loops back to this host")), 0)
            }
            let plan = ExchangerPlan(
                hosts: [name], ranks: [0], site: name, isSecure: answer.isSecure, alias: answer.secureAlias)
            return await addresses(plan, of: name, ttl: answer.ttl)
        case .plan(let plan): return await addresses(plan, of: name, ttl: answer.ttl)
        }
    }

    private func addresses(_ plan: ExchangerPlan, of name: String, ttl: Int) async -> (ExchangerOutcome, ttl: Int) {
        var found: [String: HostAnswers] = [:]
        await withTaskGroup(of: (String, HostAnswers).self) { group in
            for host in plan.hosts { group.addTask { (host, await self.addresses(of: host)) } }
            for await (host, answers) in group { found[host] = answers }
        }
        var verdict = AddressVerdict(name, ttl: ttl)
        // Where this host is an exchanger, it and all that are not better are left out (RFC 5321 §5.1).
        let own = plan.hosts.indices.first { found[plan.hosts[$0]]!.addresses.contains(where: isOwn) }
        verdict.loops = own != nil
        let demand: DomainDemand? = if let policies { await demand(of: name, policies) } else { nil }
        for (host, rank) in zip(plan.hosts, plan.ranks) where own.map({ rank < plan.ranks[$0] }) ?? true {
            var usable = usable(found[host]!.addresses, host: host)
            for index in usable.indices {
                usable[index].isNameSecure = plan.isSecure
                usable[index].domainAlias = plan.alias
                usable[index].policy = demand?.policy.map {
                    HostPolicy(domain: name, policy: $0, coversHost: $0.covers(host))
                }
            }
            verdict.take(found[host]!, usable)
        }
        if let demand { verdict.hold(atMost: demand.seconds) }
        return (verdict.outcome(site: SiteName.text(plan, demand?.policy)), verdict.ttl)
    }

    private func isOwn(_ address: NetworkAddress) -> Bool { settings.ownAddresses.contains(address) }

    func addresses(of host: String) async -> HostAnswers {
        async let six = settings.families == .ipv4 ? nil : ask(host, .aaaa)
        async let four = settings.families == .ipv6 ? nil : ask(host, .a)
        return HostAnswers(await [six, four].compactMap { $0 })
    }

    func ask(_ name: String, _ type: DNSType) async -> DNSAnswer {
        state.withLock { $0.counts.questions += 1 }
        return await engine.ask(name, type)
    }

    private func usable(_ addresses: [NetworkAddress], host: String) -> [HostAddress] {
        addresses.filter { !settings.prohibited.contains($0) }.compactMap { address in
            (try? SocketAddress(ipAddress: address.description, port: 25)).map { HostAddress(address: $0, name: host) }
        }
    }
}
