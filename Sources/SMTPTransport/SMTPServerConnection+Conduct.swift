import Glibc
package import MailTypes
import NIOCore
import NIOPosix
package import SMTPProtocol

// What a service can do to its client other than answer at once.
extension SMTPServerConnection {
    /// Where the client came in: `127.0.0.1:2526`; empty once it is gone.
    package var listenerText: String { context?.channel.localAddress?.endpointText ?? "" }

    /// Whose client it is.
    package var owner: any SMTPServerDelegate { delegate }

    /// In a call of the delegate: what it returns is not the answer, ``decide(_:)`` brings it later, or never.
    package func postpone() { decisionDue = true }

    /// The answer to ``Admission/later``.
    package func proceed(_ admission: Admission) {
        guard isAwaitingAdmission else { return }
        (isAwaitingAdmission, decisionDue) = (false, false)
        guard let context, !isClosing, admit(admission) else { return }
        open(context)
        if !isClosing, !isHandshaking { goOn() }
    }

    /// Lets the client go, whatever it was about: what was said so far is sent, then `reply`, then nothing.
    package func leave(saying reply: SMTPReply?) {
        guard !isClosing else { return }
        (isAwaitingAdmission, decisionDue) = (false, false)
        if let reply { session.close(with: reply) }
        isClosing = true
        guard !isWorking, let context else { return }
        flushReplies(context)
        finish(context)
    }

    /// Ends the connection with a reset: what was on its way may be lost.
    package func reset() {
        guard !isClosing, let context else { return }
        let abort = linger(l_onoff: 1, l_linger: 0)
        // On its own loop this is done by the time it returns.
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(abort)
        leave(saying: nil)
    }

    /// Says nothing more and still reads: the client sees the end of what we send (RFC 9293 §3.6).
    package func halfClose() {
        guard !isClosing, let context else { return }
        decisionDue = true
        flushReplies(context)
        context.close(mode: .output, promise: nil)
    }

    /// Does without these extensions, in a call of ``SMTPServerDelegate/hello(_:)``.
    package func withhold(_ extensions: ServiceExtensions) { session.withhold(extensions) }
}
