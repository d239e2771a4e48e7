import Glibc
package import NIOCore
import Synchronization

/// How many clients the listeners of a program have together, and what happens beyond: the next ones are told 421 (503
/// over HTTP), and beyond ``turnedAway`` more nobody is accepted until some have gone; they wait in the kernel's queue.
/// So accept(2) never fails for want of descriptors, and where it does, it rests instead of failing over and over.
package final class ConnectionGate: Sendable {
    /// Clients beyond the limit that are told so.
    package static let turnedAway = 64

    private let limit: Atomic<Int>
    private let open = Atomic<Int>(0)
    /// What waits for a place: listeners that do not accept.
    private let waiting = Mutex<[@Sendable () -> Void]>([])
    private let failures = Atomic<Int>(0)

    /// - Parameter limit: clients at a time.
    package init(limit: Int = .max) { self.limit = Atomic(limit) }

    package var openConnections: Int { open.load(ordering: .relaxed) }

    /// Clients at a time that may be there.
    package var limitNow: Int { limit.load(ordering: .relaxed) }

    /// Times that accept(2) found no descriptor or no memory.
    package var failedAccepts: Int { failures.load(ordering: .relaxed) }

    /// Other limits, for clients that come.
    package func adopt(limit: Int) {
        self.limit.store(limit, ordering: .relaxed)
        wake()
    }

    /// The client that was just accepted is one too many.
    package var isBeyond: Bool { open.load(ordering: .relaxed) > limit.load(ordering: .relaxed) }

    var mayAccept: Bool {
        let most = limit.load(ordering: .relaxed).addingReportingOverflow(Self.turnedAway)
        return most.overflow || open.load(ordering: .relaxed) < most.partialValue
    }

    func enter() { open.add(1, ordering: .relaxed) }

    func leave() {
        open.subtract(1, ordering: .relaxed)
        wake()
    }

    func noteFailure() { failures.add(1, ordering: .relaxed) }

    /// `body` runs once, as soon as there is a place.
    func whenThereIsRoom(_ body: @escaping @Sendable () -> Void) {
        waiting.withLock { $0.append(body) }
        // Somebody may have left just before.
        wake()
    }

    private func wake() {
        guard mayAccept else { return }
        let bodies = waiting.withLock { held in
            defer { held.removeAll() }
            return held
        }
        for body in bodies { body() }
    }
}

/// In a listener's pipeline: counts the clients and accepts nobody while the gate is shut.
package final class AcceptGate: ChannelDuplexHandler {
    package typealias InboundIn = any Channel
    package typealias OutboundIn = Never
    /// How long accepting rests after accept(2) has failed.
    private static let rest = TimeAmount.milliseconds(100)

    private let gate: ConnectionGate
    private var isResting = false
    private var isWithheld = false

    package init(_ gate: ConnectionGate) { self.gate = gate }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let gate = gate
        gate.enter()
        Self.unwrapInboundIn(data).closeFuture.whenComplete { _ in gate.leave() }
        context.fireChannelRead(data)
    }

    package func read(context: ChannelHandlerContext) {
        guard !isResting, gate.mayAccept else {
            guard !isWithheld else { return }
            isWithheld = true
            if !isResting { resumeWithRoom(context) }
            return
        }
        context.read()
    }

    private func resumeWithRoom(_ context: ChannelHandlerContext) {
        let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        gate.whenThereIsRoom {
            loop.execute {
                let (handler, context) = bound.value
                handler.resume(context)
            }
        }
    }

    private func resume(_ context: ChannelHandlerContext) {
        guard isWithheld, !isResting else { return }
        isWithheld = false
        if context.channel.isActive { read(context: context) }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(fault.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        gate.noteFailure()
        guard !isResting else { return }
        isResting = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.rest) {
            let (handler, context) = bound.value
            handler.isResting = false
            handler.resume(context)
        }
    }
}
