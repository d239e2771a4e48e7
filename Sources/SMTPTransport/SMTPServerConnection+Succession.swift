import Glibc
import NIOCore
import SMTPProtocol

// One process hands its clients to another one, between two transactions. Nothing of what a client sends is lost or read
// twice: what was read and not worked on goes with the session, and what comes later waits in the socket, which is the
// same one all the time.
extension SMTPServerConnection {
    /// Another process goes on with this client as soon as it rests. Not over TLS: whose keys are in this process.
    package var goesOnElsewhere: Bool { loop.handOver != nil && canChangeProcess }

    private var canChangeProcess: Bool { tls == nil && handshake == .none && !security.isImplicit && !isClosing }

    /// The client is let go as soon as it rests.
    var isLeaving: Bool { isDraining || loop.handOver != nil }

    /// The client is at a place where it can be let go.
    var rests: Bool {
        guard !decisionDue, !isHandshaking else { return false }
        return session.isIdle || goesOnElsewhere && session.canBeResumed
    }

    /// What was read behind this place is the other process's to work on.
    var stopsHere: Bool { loop.handOver != nil && session.isIdle && goesOnElsewhere }

    /// Lets a client go that rests: to the other process, or, where that cannot be, with 421.
    func leave(_ context: ChannelHandlerContext) {
        guard goesOnElsewhere else { return closeForDrain() }
        flushReplies(context)
        // Asked again soon: the client has not taken its replies, or half of its PROXY header has come.
        guard output.isDone, hasBegun || proxyHeader?.isUntouched ?? true else { return }
        guard let state = state(), let octets = state.encoded, handOver(octets, context) else { return closeForDrain() }
        dropBacklog()
        isClosing = true
        context.close(promise: nil)
    }

    private func handOver(_ state: [UInt8], _ context: ChannelHandlerContext) -> Bool {
        guard let desk = loop.handOver else { return false }
        let taken = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { desk.take($0, state) }
        return (taken ?? nil) ?? false
    }

    private func state() -> ClientState? {
        guard let service = delegate.memory(of: self) else { return nil }
        var state = ClientState(service: service)
        if hasBegun {
            guard let memory = session.memory else { return nil }
            state.session = memory
            state.host = client?.ipAddress
            state.port = UInt16(clamping: client?.port ?? 0)
            state.isProxied = isProxied
            state.unread = unreadOctets
        }
        return state
    }

    /// Another process has greeted this client: goes on where that stopped.
    func resume(_ context: ChannelHandlerContext, _ state: ClientState, _ memory: SessionMemory) {
        stateClient(state.host.flatMap { try? SocketAddress(ipAddress: $0, port: Int(state.port)) })
        isProxied = state.isProxied
        hasBegun = true
        session.resume(memory, delegate.resumed(self, state.service))
        let input = memory.begunCommand + state.unread
        guard !input.isEmpty, !isClosing else { return }
        goOn(with: ByteBuffer(bytes: input))
    }
}
