import MailRouting
import MailTypes
import Measures
import NIOCore
import SMTPProtocol
import SMTPTransport
import Synchronization
import TransportSecurity

/// Asks one host, and judges it as ``NextHopConnection`` would.
struct HostProbe {
    let host: HostAddress
    let policy: EgressPolicy
    /// Of recipients; nil: not known.
    let domain: String?
    let egress: Egress
    let trust: TrustStore
    let settings: TLSProbe.Settings
    let isConfigured: Bool
    let serverProtocol: ServerProtocol

    func run(_ names: MailRouter, _ loop: LoopContext) async -> TLSProbeReport.Host {
        let outcome = host.name.isEmpty ? DANEOutcome.none : await names.dane(host.name, port: host.address.port ?? 25)
        let dane = outcome.with(otherNames: isConfigured ? [] : [domain, host.domainAlias].compactMap(\.self))
        let answer = await ask(dane, loop)
        var report = TLSProbeReport.Host(
            name: host.name, address: host.address.endpointText, isNameSecure: host.isNameSecure || isConfigured,
            dane: describe(dane), offersTLS: answer.offersTLS, version: answer.tls?.version, cipher: answer.tls?.cipher,
            verdict: verdict(demand(dane), answer))
        report.certificates = answer.chain.compactMap { CertificateReport($0) }
        report.fault = answer.fault
        report.checks = checks(dane, answer)
        return report
    }

    // MARK: DANE

    private func describe(_ outcome: DANEOutcome) -> TLSProbeReport.DANE {
        switch outcome {
        case .none: return .init(state: "none", records: [], names: [])
        case .failed(let text): return .init(state: "failed", records: [], names: [], fault: text)
        case .policy(let policy):
            return .init(
                state: policy.authenticates ? "usable" : "unusable", baseDomain: policy.baseDomain,
                records: policy.texts, names: [policy.baseDomain] + policy.otherNames)
        }
    }

    /// As the relay would see it: only what is switched on.
    private func demand(_ dane: DANEOutcome) -> HopDemand {
        let wanted = policy.security.strictTransport && !isConfigured ? host.policy : nil
        guard policy.tls != .none, !host.name.isEmpty else { return .usual }
        guard policy.security.dane, host.isNameSecure || isConfigured else { return HopDemand(wanted) }
        return HopDemand(dane, otherwise: wanted)
    }

    // MARK: The connection

    private func ask(_ dane: DANEOutcome, _ loop: LoopContext) async -> ProbeAnswer {
        let promise = loop.eventLoop.makePromise(of: ProbeAnswer.self)
        let context: TLSClientContext
        do throws(TLSFault) {
            context = try TLSClientContext(
                .byCheck, rootsFile: nil, identity: policy.security.identity, rules: policy.security.rules)
        } catch {
            return ProbeAnswer(fault: error.description)
        }
        let (source, client) = (egress.source(policy.sources, to: host.address), configuration)
        loop.eventLoop.execute {
            let delegate = ProbeDelegate(promise)
            var way = SMTPClientConnection.Security(context: context, name: name(dane), source: source)
            way.check = ChainCheck(.shown(delegate.chain.keep))
            delegate.hold(
                SMTPClientConnection.connect(
                    to: host.address, loop: loop, configuration: client, delegate: delegate, security: way))
        }
        return (try? await promise.futureResult.get()) ?? ProbeAnswer(fault: "stopped")
    }

    private var configuration: ClientConfiguration {
        var configuration = ClientConfiguration(hostname: policy.ehloName ?? settings.hostname)
        configuration.tls = .opportunistic
        configuration.timeouts.opening = settings.timeoutSeconds
        configuration.timeouts.connect = settings.timeoutSeconds
        configuration.serverProtocol = serverProtocol
        return configuration
    }

    private func name(_ dane: DANEOutcome) -> String? {
        if case .policy(let records) = dane { return records.baseDomain }
        return host.name.isEmpty ? nil : host.name
    }

    // MARK: What follows

    private func checks(_ dane: DANEOutcome, _ answer: ProbeAnswer) -> [TLSProbeReport.Check] {
        guard answer.tls != nil else { return [] }
        var checks: [TLSProbeReport.Check] = []
        func add(_ name: String, _ fault: CertificateFault?) {
            checks.append(.init(name: name, passed: fault == nil, reason: fault?.description))
        }
        if case .policy(let records) = dane, records.authenticates { add("dane", fault(.dane(records), answer)) }
        if !host.name.isEmpty { add("certificate", fault(.trusted(name: host.name, trust), answer)) }
        if let policy = host.policy, policy.policy.mode != .none {
            let isRight = policy.coversHost
            checks.append(
                .init(name: "mta-sts", passed: isRight, reason: isRight ? nil : "not among the hosts of the policy"))
        }
        return checks
    }

    private func fault(_ rule: ChainCheck.Rule, _ answer: ProbeAnswer) -> CertificateFault? {
        ChainCheck(rule).fault(answer.chain, now: Int(WallInstant.now().milliseconds / 1000))
    }

    /// What the relay would do with a message that it may take to this host.
    private func verdict(_ demand: HopDemand, _ answer: ProbeAnswer) -> TLSProbeReport.Verdict {
        if case .unusable(_, let text) = demand { return .init(way: .waits, reason: text) }
        if answer.offersTLS == nil { return .init(way: .waits, reason: answer.fault ?? "not reached") }
        let security = HopSecurity(demand, policy, isBroken: false)
        guard security.tls != .none else { return .init(way: .clear, reason: "`tls` is none") }
        let mustBe = security.tls.client == .required
        guard answer.offersTLS == true else {
            return .init(
                way: mustBe ? .waits : .clear,
                reason: mustBe ? "TLS is required (\(cause(demand))) and not offered" : "TLS is not offered")
        }
        guard answer.tls != nil else {
            let text = "the handshake fails: \(answer.fault ?? "")"
            return .init(
                way: mustBe ? .waits : .clear, reason: mustBe ? "TLS is required (\(cause(demand))): \(text)" : text)
        }
        return verdict(of: answer, demand, security)
    }

    private func verdict(
        of answer: ProbeAnswer, _ demand: HopDemand, _ security: HopSecurity
    ) -> TLSProbeReport.Verdict {
        var found: CertificateFault?
        switch demand {
        case .dane(let records) where records.authenticates: found = fault(.dane(records), answer)
        case .strict: found = fault(.trusted(name: host.name, trust), answer)
        default: if security.tls == .verified { found = fault(.trusted(name: host.name, trust), answer) }
        }
        if let found { return .init(way: .waits, reason: "\(cause(demand)): \(found.description)") }
        return .init(
            way: .encrypted,
            reason: security.isAuthenticated
                ? "the host has proven who it is (\(cause(demand)))" : "any certificate will do (\(cause(demand)))")
    }

    /// Who has it so.
    private func cause(_ demand: HopDemand) -> String {
        switch demand {
        case .dane(let records): records.authenticates ? "DANE" : "TLSA records that cannot be used"
        case .strict: "MTA-STS policy"
        case .tested: "`tls: \(policy.tls.rawValue)`, MTA-STS policy in testing"
        case .usual, .unusable: "`tls: \(policy.tls.rawValue)`"
        }
    }
}

/// What a connection to a host came to.
struct ProbeAnswer: Sendable {
    /// Nil: it did not say.
    var offersTLS: Bool?
    var tls: TLSDetails?
    /// DER, as the host showed them.
    var chain: [[UInt8]] = []
    var fault: String?
}

/// The certificates that a host showed.
final class ShownChain: Sendable {
    private let certificates = Mutex<[[UInt8]]>([])
    var all: [[UInt8]] { certificates.withLock { $0 } }

    @Sendable func keep(_ chain: [[UInt8]]) { certificates.withLock { $0 = chain } }
}

/// Says hello, shakes hands and goes. Confined to its loop.
private final class ProbeDelegate: SMTPClientDelegate {
    let chain = ShownChain()
    private let promise: EventLoopPromise<ProbeAnswer>
    private var answer = ProbeAnswer()
    /// Until it is closed, which is told once.
    private var connection: SMTPClientConnection?
    private var isOver = false

    init(_ promise: EventLoopPromise<ProbeAnswer>) { self.promise = promise }

    func hold(_ connection: SMTPClientConnection) {
        if !isOver { self.connection = connection }
    }

    func maySend(_ connection: SMTPClientConnection) {
        answer.tls = connection.tls
        answer.offersTLS = connection.tls != nil || connection.session.capabilities.startTLS
        connection.quit()
    }

    func finished(_ connection: SMTPClientConnection, _ result: TransactionResult) {}

    func closed(_ connection: SMTPClientConnection, cause: ClientCloseCause, unfinished: [Bool]) {
        isOver = true
        self.connection = nil
        answer.chain = chain.all
        if answer.offersTLS == nil {
            if connection.handshakeFailed { answer.offersTLS = true }
            answer.fault = cause.reply.text
        }
        promise.succeed(answer)
    }
}
