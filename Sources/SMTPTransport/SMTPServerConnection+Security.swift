import MailTypes
package import NIOCore
import NIOSSL
import NIOTLS
package import SMTPProtocol

// Handshakes, and who the client is.
extension SMTPServerConnection {
    /// Between the reply to STARTTLS and the end of the handshake; or, with implicit TLS, before it.
    var isHandshaking: Bool { handshake == .due }

    enum Handshake { case none, due, done }

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
        guard let tls = security.tls else { return finish(context) }
        handshake = .due
        do {
            try context.pipeline.syncOperations.addHandler(tls.handler(), position: .before(self))
        } catch {
            context.close(promise: nil)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent, isHandshaking else {
            return context.fireUserInboundEventTriggered(event)
        }
        handshake = .done
        tls = TLSDetails(context, peerIsVerified: security.tls?.verifiesClients ?? false)
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
        let refusal = delegate.clientAttributes(self)
        if refusal == nil, case .value(let text)? = session.proposedAttributes?.address {
            var port = 0
            if case .value(let number)? = session.proposedAttributes?.port { port = Int(number) ?? 0 }
            stateClient(try? SocketAddress(ipAddress: text, port: port))
        }
        session.answer(refusal)
    }

    /// A proxy that is trusted says who the client is.
    func stateClient(_ address: SocketAddress?) {
        guard let address else { return }
        statedClient = address
        peerAddress = Self.text(address)
    }
}
