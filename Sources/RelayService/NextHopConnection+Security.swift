import MailRouting
import MailTypes
import NIOCore
import SMTPProtocol
import SMTPTransport
import TransportSecurity

// What a connection has to be before mail goes over it, and what is told of it afterwards.
extension NextHopConnection {
    /// Somebody else may demand something of this host. Without DANE and MTA-STS nobody is asked.
    func mustAsk(of host: HostAddress) -> Bool {
        policy.security.asks && policy.tls != .none && !host.name.isEmpty
    }

    /// Asks what the host has to be; the answer comes on this loop.
    func askDemand(of host: HostAddress, _ body: @escaping (HopDemand) -> Void) {
        let isConfigured = shard.routes.hop(of: name) != nil
        let wanted = policy.security.strictTransport && !isConfigured ? host.policy : nil
        guard policy.security.dane, host.isNameSecure || isConfigured, let names = shard.parts.security?.names,
            let port = host.address.port
        else { return body(HopDemand(wanted)) }
        let domains = isConfigured ? [] : domainsOfCertificate(host)
        let bound = NIOLoopBound(body, eventLoop: shard.context.eventLoop)
        shard.context.eventLoop.makeFutureWithTask { await names.dane(host.name, port: port) }
            .whenComplete { result in
                let outcome = (try? result.get()) ?? .failed("name service stopped")
                bound.value(HopDemand(outcome.with(otherNames: domains), otherwise: wanted))
            }
    }

    /// Names of the recipients' domain that a certificate may have instead of the host's, where an authority is in the DNS
    /// (RFC 7672 §3.2.2): only where the queue is this domain's alone.
    private func domainsOfCertificate(_ host: HostAddress) -> [String] {
        guard !name.hasPrefix(SiteName.prefix) || SiteName.isOwn(name) else { return [] }
        return [SiteName.isOwn(name) ? shard.representatives[name] : name, host.domainAlias].compactMap(\.self)
    }

    /// The certificate is not for the host, and may be for the domain: each domain with these exchangers gets a queue of its
    /// own, since connections with such a certificate are good for one of them only.
    func mustBeSeparate(_ connection: SMTPClientConnection) -> Bool {
        guard case .dane(let records) = security.demand, records.usesTrustAnchors,
            connection.certificateFault?.kind == .hostMismatch, name.hasPrefix(SiteName.prefix), !SiteName.isOwn(name)
        else { return false }
        return shard.hostMemory.separate(name)
    }

    /// Why the host must not be used; nil: it may. It is reported.
    func refusal(_ demand: HopDemand, _ host: HostAddress) -> SMTPReply? {
        guard case .unusable(let failure, let text) = demand else { return nil }
        tell(demand, host, (failure, text), from: nil)
        return SMTPReply(451, .init(4, 7, 5), "\(host.name): \(text)")
    }

    /// What of the client's behaviour depends on the destination and on what the host failed at before.
    func prepare(_ configuration: inout ClientConfiguration, _ target: HostAddress) {
        configuration.timeouts = policy.security.timeouts
        configuration.authentication = policy.security.login?.credentials
        configuration.pipelining = !shard.fails(.pipelining, at: target.address)
        configuration.avoidsChunking = shard.fails(.chunking, at: target.address)
    }

    // MARK: What came of it

    /// RFC 3463 §3.8: where mail has to wait for TLS, that is what it waits for.
    func withoutTLS(_ cause: ClientCloseCause) -> ClientCloseCause {
        guard security.tls.client == .required, case .lost(let text) = cause else { return cause }
        return .refused(SMTPReply(451, .init(4, 7, 5), "TLS is required and failed: \(text)"))
    }

    /// AUTH that is not offered, or not successful, is a matter of configuration here or there: the mail waits.
    func withoutAuthentication(_ connection: SMTPClientConnection, _ cause: ClientCloseCause) -> ClientCloseCause {
        guard policy.security.login != nil, connection.session.isSecure, case .refused(let reply) = cause,
            reply.isPermanent
        else { return cause }
        return .refused(SMTPReply(451, .init(4, 7, 0), "AUTH at the next hop: \(reply)"))
    }

    /// RFC 8689 §4.2.1: the next hop has to have proven who it is. Where neither DANE nor MTA-STS is used, TLS alone has
    /// to do.
    func impossibility(_ message: QueuedMessage) -> SMTPReply? {
        guard message.envelope.requiresTLS, policy.security.asks, !security.isAuthenticated else { return nil }
        return SMTPReply(550, .init(5, 7, 30), "REQUIRETLS needed: the next hop did not prove who it is")
    }

    /// The connection takes mail.
    func noteReady(_ connection: SMTPClientConnection) {
        guard shard.parts.security?.reports != nil, security.tls != .none, let address else { return }
        var failure: (TLSFailure, String)?
        if connection.tls == nil {
            failure = (.startTLSNotSupported, "")
        } else if case .tested(let host) = security.demand {
            if !host.coversHost { failure = (.validation, "not among the hosts of the policy") }
            if let fault = connection.certificateFault { failure = (fault.kind, fault.description) }
        }
        tell(security.demand, address, failure, from: connection.localAddress)
    }

    /// The connection came to nothing, perhaps because of TLS.
    func noteFailed(_ connection: SMTPClientConnection, _ cause: ClientCloseCause) {
        guard shard.parts.security?.reports != nil, let address else { return }
        if connection.handshakeFailed {
            let fault = connection.certificateFault
            let text = if case .lost(let text) = cause { text } else { "" }
            tell(security.demand, address, (fault?.kind ?? .validation, fault?.description ?? text), from: nil)
        } else if security.tls.client == .required, !connection.session.isSecure, case .refused = cause,
            connection.session.capabilities != ServerCapabilities(), !connection.session.capabilities.startTLS
        {
            tell(security.demand, address, (.startTLSNotSupported, ""), from: nil)
        }
    }

    /// For the report about the recipients' domain (RFC 8460); hosts of the configuration are nobody's.
    private func tell(
        _ demand: HopDemand, _ host: HostAddress, _ failure: (TLSFailure, String)?, from local: SocketAddress?
    ) {
        // Mail that need not be encrypted says nothing of what would become of other mail.
        guard let reports = shard.parts.security?.reports, shard.routes.hop(of: name) == nil,
            !path.queue.isTLSOptional
        else { return }
        let isSite = name.hasPrefix(SiteName.prefix)
        guard let domain = isSite ? shard.representatives[name] : name else { return }
        var result = TLSSessionResult(domain: domain, kind: .none)
        switch demand {
        case .dane(let records):
            result = TLSSessionResult(
                domain: domain, kind: .tlsa, strings: records.texts, hosts: [records.baseDomain])
        case .unusable(.dnssecInvalid, _):
            result = TLSSessionResult(domain: domain, kind: .tlsa, hosts: [host.name])
        case .strict, .tested, .unusable, .usual:
            guard let policy = host.policy, policy.policy.mode != .none else { break }
            result = TLSSessionResult(
                domain: policy.domain, kind: .sts, strings: policy.policy.lines, hosts: policy.policy.patterns)
        }
        result.failure = failure?.0
        result.reason = failure.flatMap { $0.1.isEmpty ? nil : $0.1 }
        result.receivingHost = host.name
        result.receivingIP = host.address.ipAddress
        result.sendingIP = local?.ipAddress
        reports.note(result)
    }

    // MARK: What it does not get along with

    /// The connection went away: perhaps of something that this host does not get along with.
    func noteFault(_ connection: SMTPClientConnection, _ cause: ClientCloseCause, _ evidence: HostMemory.Evidence) {
        guard case .lost = cause, let address,
            // What needs BDAT is not to be returned for a guess.
            !connection.session.capabilities.binaryMIME,
            let fault = HostMemory.suspect(evidence, isPipelined: connection.session.usesPipelining)
        else { return }
        shard.note(fault, at: address.address, for: HostMemory.dayMilliseconds)
        // Connections from now on know it: this one did not. Where nothing more can be remembered, mail waits as usual.
        hasNewFault = shard.fails(fault, at: address.address)
    }
}

extension RelayShard {
    func fails(_ fault: HostMemory.Fault, at address: SocketAddress) -> Bool {
        hostMemory.has(fault, address, now: wallMilliseconds())
    }

    func note(_ fault: HostMemory.Fault, at address: SocketAddress, for milliseconds: UInt64) {
        let now = wallMilliseconds()
        guard !hostMemory.has(fault, address, now: now) else { return }
        counts.hostFaults[fault, default: 0] += 1
        hostMemory.note(fault, address, until: now + milliseconds, now: now)
    }
}
