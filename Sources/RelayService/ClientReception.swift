import DKIMSigning
import MailAuthentication
import MailTypes
import Measures
import NIOCore
import PolicyRules
import SMTPProtocol
import SMTPTransport
import SpoolContract

/// One client of the relay: receives messages and hands them to its shard, which answers when they are durable.
final class ClientReception: SMTPServerDelegate {
    private let shard: RelayShard
    private let listener: ListenerState
    /// When the client came, milliseconds since 1970.
    private(set) var since: UInt64
    private var visit: ListenerState.Visit?
    private lazy var authentication = ClientAuthentication(shard.parts.authentication)
    /// The client may send this transaction's message to anywhere.
    private var mayRelay = false
    /// When MAIL came that said something of time, milliseconds since 1970.
    private var mailAt: UInt64 = 0
    private var slices: [ByteBuffer] = []
    private var form = WireForm.dotStuffed
    private var hops = HopCounter()
    private var hash: StreamedHash?
    /// Nil: nothing of this client's mail is verified.
    private var verification: ClientVerification?
    private var verifiedHash: VerifiedHash?
    /// Octets of the message so far, and whether it is counted in the shard's budget.
    private var received = 0
    private var isReceiving = false
    /// Not read from, for want of memory.
    private(set) var heldConnection: SMTPServerConnection?

    init(_ shard: RelayShard, _ listener: ListenerState) {
        self.shard = shard
        self.listener = listener
        since = shard.wallMilliseconds()
        shard.counts.clients += 1
    }

    var wantsWireForm: Bool { true }
    var listenerName: String { listener.configuration.name }

    func admit(_ connection: SMTPServerConnection) -> Admission {
        // With XCLIENT the proxy's visit ends, and with it its limits; its right to say who the client is stays.
        let isProxy = visit?.mayUseXclient ?? false
        let isFirst = visit == nil
        if let visit { listener.leave(visit) }
        var (visit, session, refusal) = listener.enter(connection.client?.networkAddress, isProxy: isProxy)
        self.visit = visit
        session.recordsRejections = shard.recordsRejections
        var denial = visit.denial
        if refusal == nil, isFirst, let shed = shard.shedding.connection {
            shard.counts.shed += 1
            (refusal, denial) = (shed, .load)
        }
        if refusal == nil { refusal = shard.refusal(at: .connection, connection, listener) }
        if let refusal {
            // A session that has begun records it itself.
            if isFirst {
                shard.meters.denials[denial ?? .policy, default: 0] += 1
                shard.logRejection(Rejection(reply: refusal), connection, listener)
            }
            return .refused(refusal)
        }
        if isFirst { shard.counts.connections += 1 }
        if !shard.desk.traces.isEmpty { shard.follow(connection, listener.configuration.name) }
        connection.setIdleLimit(seconds: visit.limits.idleSeconds)
        verification = shard.verification(visit.verification, of: connection.client?.networkAddress)
        if isFirst, let verification, verification.plan.asksListsFirst {
            askLists(connection, session, verification)
            return .later
        }
        return .accepted(session)
    }

    func memory(of connection: SMTPServerConnection) -> ClientState.Service? {
        ClientState.Service(
            listener: listener.configuration.name, kind: listener.configuration.kind.rawValue, since: since,
            mayUseXclient: visit?.mayUseXclient ?? false)
    }

    /// Who was let in stays, whatever the limits are now; further ones are counted together with it.
    func resumed(_ connection: SMTPServerConnection, _ memory: ClientState.Service) -> ServerConfiguration {
        var (visit, session, _) = listener.enter(connection.client?.networkAddress, isProxy: memory.mayUseXclient)
        self.visit = visit
        since = memory.since
        session.recordsRejections = shard.recordsRejections
        connection.setIdleLimit(seconds: visit.limits.idleSeconds)
        verification = shard.verification(visit.verification, of: connection.client?.networkAddress)
        return session
    }

    /// Lists that are asked before a client is greeted.
    private func askLists(
        _ connection: SMTPServerConnection, _ session: ServerConfiguration, _ verification: ClientVerification
    ) {
        shard.signing += 1
        verification.askAboutClient { [self] in
            shard.signing -= 1
            guard let listed = verification.listedRefusal else { return connection.proceed(.accepted(session)) }
            // What a greeting may be (RFC 5321 §3.1).
            let refusal = SMTPReply(554, listed.enhanced, listed.text)
            shard.meters.denials[.policy, default: 0] += 1
            shard.logRejection(Rejection(reply: refusal), connection, listener)
            connection.proceed(.refused(refusal))
        }
    }

    func rejected(_ connection: SMTPServerConnection, _ rejections: [Rejection]) {
        for rejection in rejections { shard.logRejection(rejection, connection, listener) }
    }

    func authenticate(_ connection: SMTPServerConnection, isFirst: Bool) {
        let (address, now) = (connection.client?.networkAddress, shard.wallMilliseconds())
        let outcome =
            isFirst
            ? authentication.begin(connection.session, address, now: now)
            : authentication.goOn(connection.session, address, now: now)
        switch outcome {
        case .answer(let answer): decide(connection, answer)
        case .check(let check, let claimant):
            let loop = shard.context.eventLoop
            shard.parts.authentication.check(check, of: claimant, on: loop, now: now) { [self] verdict in
                guard case .answer(let answer) = authentication.checked(verdict, address, now: now) else { return }
                decide(connection, answer)
            }
        }
    }

    private func decide(_ connection: SMTPServerConnection, _ answer: AuthenticationAnswer) {
        if case .succeeded = answer { shard.counts.authenticated += 1 }
        if case .refused = answer { shard.counts.authenticationFailures += 1 }
        connection.decide(authentication: answer)
    }

    func secured(_ connection: SMTPServerConnection) { shard.counts.tlsSessions += 1 }

    func sender(_ connection: SMTPServerConnection) -> SMTPReply? {
        if let refusal = shard.refusesMail(goesOnElsewhere: connection.goesOnElsewhere) { return refusal }
        if let refusal = refusesSender(connection) { return refusal }
        if let terms = connection.session.envelope.terms {
            mailAt = shard.wallMilliseconds()
            guard !terms.isContradictory(at: mailAt) else {
                return SMTPReply(501, .init(5, 5, 4), "Would have to be delivered before it is released")
            }
        }
        mayRelay = isAllowedToRelay(connection)
        guard let visit, listener.mayBegin(visit, now: shard.wallMilliseconds()) else {
            return SMTPReply(450, .init(4, 7, 1), "Too many messages from your address, slow down")
        }
        guard let verification else { return shard.refusal(at: .sender, connection, listener) }
        guard !mayRelay else {
            verification.pass()
            return shard.refusal(at: .sender, connection, listener)
        }
        verify(connection, verification)
        return nil
    }

    /// MAIL of a stranger: answered when it is known who may send in this name.
    private func verify(_ connection: SMTPServerConnection, _ verification: ClientVerification) {
        connection.postpone()
        let (path, hello) = (connection.session.envelope.reversePath, connection.session.clientName)
        shard.signing += 1
        verification.ask(path, hello: hello) { [self] findings in
            shard.signing -= 1
            shard.count(findings)
            connection.decide(
                verification.plan.refusal(of: findings) ?? shard.refusal(at: .sender, connection, listener))
        }
    }

    /// What rules hear of the client and the sender; nil: they are not verified.
    var senderVerdicts: PolicyVerdicts? { verification?.findings.map { PolicyVerdicts($0) } }

    func recipient(_ connection: SMTPServerConnection) -> SMTPReply? {
        // No open relay: who may send anywhere, or mail that is ours to take.
        let address = connection.session.proposedRecipient
        guard mayRelay || shard.policy.isOurs(address.domain) || shard.takesReports(address) else {
            shard.counts.refused += 1
            return SMTPReply(554, .init(5, 7, 1), "Relay access denied")
        }
        let refusal = listedRefusal(address) ?? shard.refusal(at: .recipient, connection, listener)
        if refusal != nil { shard.counts.refused += 1 }
        return refusal
    }

    /// The postmaster hears also those who are listed (RFC 5321 §4.5.1).
    private func listedRefusal(_ address: MailAddress) -> SMTPReply? {
        guard !mayRelay, let refusal = verification?.listedRefusal else { return nil }
        let name = String(decoding: address.localPart, as: UTF8.self)
        return name.lowercased() == "postmaster" ? nil : refusal
    }

    /// Who has authenticated writes mail as those addresses that are the user's.
    private func refusesSender(_ connection: SMTPServerConnection) -> SMTPReply? {
        guard let name = connection.session.authenticatedUser, let user = shard.parts.authentication.users?[name] else {
            return nil
        }
        let path = connection.session.envelope.reversePath
        let domain = String(decoding: path.domain, as: UTF8.self)
        guard !user.maySend(as: path.description, domain: domain) else { return nil }
        return SMTPReply(553, .init(5, 7, 1), "Sender address is not yours")
    }

    private func isAllowedToRelay(_ connection: SMTPServerConnection) -> Bool {
        if connection.session.authenticatedUser != nil { return true }
        if let address = connection.client?.networkAddress, shard.policy.networks.contains(address) { return true }
        return !shard.policy.clientSubjects.isEmpty
            && connection.tls?.peerNames.contains { shard.policy.clientSubjects.contains($0) } ?? false
    }

    func contentBegins(_ connection: SMTPServerConnection, form: WireForm) {
        slices = []
        hops = HopCounter()
        // Mail that anyone may hand in is not ours to sign: whoever writes our domain into From would have our word for it.
        hash = mayRelay ? StreamedHash(shard.configuration.dkim, form) : nil
        hash?.author = connection.session.authenticatedUser.flatMap { shard.parts.authentication.users?[$0] }
        verifiedHash = nil
        if let verification, verification.findings != nil, verification.plan.verifiesContent {
            verifiedHash = VerifiedHash(verification.plan, form)
        }
        self.form = form
        received = 0
        isReceiving = true
        shard.reception.begin()
    }

    func content(_ connection: SMTPServerConnection, _ slice: ByteBuffer) {
        hops.add(slice)
        if hash != nil { slice.withUnsafeReadableBytes { hash!.hash.feed($0) } }
        if verifiedHash != nil { slice.withUnsafeReadableBytes { verifiedHash!.hash.feed($0) } }
        received += slice.readableBytes
        if heldConnection == nil, shard.reception.add(slice.readableBytes, own: received) {
            heldConnection = connection
            connection.holdReading()
            shard.held.append(self)
        }
        // A small piece must not keep a whole receive buffer alive: copying it is cheaper than the memory.
        guard slice.readableBytes * 4 < slice.storageCapacity else { return slices.append(slice) }
        var copy = ByteBufferAllocator().buffer(capacity: slice.readableBytes)
        copy.writeBytes(slice.readableBytesView)
        slices.append(copy)
    }

    func contentEnds(_ connection: SMTPServerConnection) -> ContentDecision {
        defer { (slices, hash, verifiedHash) = ([], nil, nil) }
        guard hops.hops < SMTPLimits.hops else {
            forget()
            shard.counts.refused += UInt64(connection.session.envelope.recipients.count)
            return .now(SMTPReply(554, .init(5, 4, 6), "Too many hops, this is a mail loop"))
        }
        let id = shard.newID()
        let trace = ReceivedField(connection, listener.configuration.kind).bytes(
            hostname: shard.hostname, id: id, envelope: connection.session.envelope, date: shard.dateText())
        var message = SpoolMessage(
            id: id, envelope: connection.session.envelope, acceptedMilliseconds: shard.wallMilliseconds(),
            content: MessageContent(slices: slices, form: form))
        message.envelope.terms?.begin(at: mailAt)
        if mayRelay, shard.configuration.schedulingField != nil {
            let (changed, refusal) = shard.readSchedule(&message)
            if let refusal {
                forget()
                return .now(refusal)
            }
            if changed { hash = hash?.again(over: message.content) }
        }
        isReceiving = false
        shard.reception.commit(wasHeld: heldConnection != nil)
        leaveHeld()
        let unsigned = UnsignedMessage(
            message: message, hash: hash, trace: ByteBuffer(bytes: trace), supplement: visit?.supplement,
            connection: connection, listener: listener, received: received)
        if let verification, let findings = verification.findings {
            return shard.verify(unsigned, verifiedHash, verification, findings)
        }
        guard let user = connection.session.authenticatedUser, let verifier = shard.parts.verifier else {
            return shard.goOn(unsigned)
        }
        return shard.goOn(unsigned, from: user, isNamed: visit?.verification?.namesUsers ?? false, verifier)
    }

    /// There is room again.
    func goOn() {
        let connection = heldConnection
        heldConnection = nil
        connection?.releaseReading()
    }

    /// What was received of this message is not kept.
    private func forget() {
        guard isReceiving else { return }
        isReceiving = false
        shard.reception.abort(received, wasHeld: heldConnection != nil)
        leaveHeld()
        shard.releaseHeld()
    }

    private func leaveHeld() {
        guard heldConnection != nil else { return }
        shard.held.removeAll { $0 === self }
        goOn()
    }

    func contentAborted(_ connection: SMTPServerConnection) {
        (slices, hash, verifiedHash) = ([], nil, nil)
        forget()
        shard.counts.refused += UInt64(connection.session.envelope.recipients.count)
    }

    func closed(_ connection: SMTPServerConnection) {
        forget()
        if let visit { listener.leave(visit) }
        shard.counts.clients -= 1
    }
}
