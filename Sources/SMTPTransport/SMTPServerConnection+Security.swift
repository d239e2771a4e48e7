import MailTypes
package import NIOCore
import NIOSSL
import NIOTLS
package import SMTPProtocol

// Handshakes, and who the client is.
extension SMTPServerConnection {
    /// Between the reply to STARTTLS and the end of the handshake; or, with implicit TLS, before it.
    var isHandshaking: Bool { handshake == .due || handshake == .garbage }

    /// `garbage`: what the client begins with is answered with something that is no TLS.
    enum Handshake { case none, due, garbage, done }

    /// Octets came while a handshake is due and are not part of it.
    func outsideOfHandshake() {
        guard handshake == .garbage, let context, !isClosing else { return }
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: "This is not TLS\r\n")), promise: nil)
        finish(context)
    }

    /// STARTTLS was accepted. What the client sent behind it in the clear is not answered and not kept: it may be from
    /// someone else (CVE-2011-0411).
    func startTLS() {
        guard let context else { return }
        dropBacklog()
        flushReplies(context)
        shakeHands(context)
    }

    func shakeHands(_ context: ChannelHandlerContext) {
        // Offered without a certificate: a fault of ours, and no reason to go on in the clear.
        guard let usual = security.tls else { return finish(context) }
        output.useChannel()
        let tls: TLSServerContext
        switch delegate.handshake(self) {
        case .usual: tls = usual
        case .with(let other): tls = other
        case .garbage:
            handshake = .garbage
            return
        case .closed: return finish(context)
        }
        handshake = .due
        do {
            let handlers: [any ChannelHandler] = [ServerHelloReader(server: .here), tls.handler()]
            try context.pipeline.syncOperations.addHandlers(handlers, position: .before(self))
        } catch {
            context.close(promise: nil)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent, isHandshaking else {
            return context.fireUserInboundEventTriggered(event)
        }
        handshake = .done
        // Behind XCLIENT the certificate is the proxy's, not the client's.
        tls = TLSDetails(context, peerIsVerified: !isProxied && (security.tls?.verifiesClients ?? false))
        session.secured()
        delegate.secured(self)
        if security.isImplicit { greet(context) }
    }

    /// The PROXY header was read.
    func beginAfterProxy() {
        if let context { begin(context) }
    }

    // MARK: AUTH and XCLIENT

    func identify(_ action: ServerSession.Action) {
        switch action {
        case .authenticate, .authenticationLine:
            decisionDue = true
            isAuthenticating = true
            delegate.authenticate(self, isFirst: action == .authenticate)
            isAuthenticating = false
        case .clientAttributes: takeAttributes()
        default: break
        }
    }

    /// The answer to ``SMTPServerDelegate/authenticate(_:isFirst:)``.
    package func decide(authentication answer: AuthenticationAnswer) {
        guard decisionDue else { return }
        decisionDue = false
        guard context != nil, !isClosing else { return }
        if session.answer(authentication: answer) == .close { end() }
        // Within the call the input is being worked on already.
        if !isAuthenticating { goOn() }
    }

    private func takeAttributes() {
        let refusal = session.proposedAttributes.flatMap(takeClient)
        session.answer(refusal)
        if refusal != nil { end() }
    }

    /// - Returns: why the client is not welcome of whom XCLIENT speaks.
    private func takeClient(_ attributes: XclientCommand) -> SMTPReply? {
        var port = 0
        if case .value(let number)? = attributes.port { port = Int(number) ?? 0 }
        switch attributes.address {
        case .value(let text): stateClient(try? SocketAddress(ipAddress: text, port: port))
        case .unavailable: stateClient(nil)
        case nil:
            guard attributes.port != nil, let text = client?.ipAddress else { return nil }
            stateClient(try? SocketAddress(ipAddress: text, port: port))
            return nil
        }
        isProxied = true
        tls?.forgetPeer()
        switch delegate.admit(self) {
        case .accepted(nil), .later: return nil
        case .accepted(let rules?):
            session.configure(rules)
            return nil
        case .refused(let reply): return reply
        }
    }

    /// A proxy that is trusted says who the client is; nil: it does not know.
    func stateClient(_ address: SocketAddress?) {
        client = address
        peerAddress = Self.text(address)
    }
}
