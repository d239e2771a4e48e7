import MailTypes
import NIOCore
import NIOPosix
import SASLAuthentication
import SMTPProtocol
import Synchronization

/// Who may authenticate, shared by all loops: the users of the moment, what was verified lately and who fails too often.
/// Passwords are checked on a thread of its own, so that guessing costs neither the loops nor the spool.
final class AuthenticationService: Sendable {
    private let current: Mutex<UserFile?>
    private let verified = Mutex(VerifiedPasswords())
    private let attempts = Mutex(AttemptBook())
    private let checkers = NIOThreadPool.started(1, for: .authentication)

    init(_ users: UserFile?) {
        current = Mutex(users)
    }

    var users: UserFile? { current.withLock { $0 } }
    func replace(_ users: UserFile?) { current.withLock { $0 = users } }
    func shutDown() async throws { try await checkers.shutdownGracefully() }

    func mayTry(_ claimant: Claimant, now: UInt64) -> Bool { attempts.withLock { $0.mayTry(claimant, now: now) } }

    /// Whether the password may be looked at: beside those who may try, those who come with what was right a moment ago,
    /// so that an old password somewhere does not lock out the others of the same address.
    func mayTry(_ claimant: Claimant, _ check: PasswordCheck, now: UInt64) -> Bool {
        let (may, recall) = attempts.withLock {
            ($0.mayTry(claimant, now: now), $0.mayRecall(claimant, now: now))
        }
        if may { return true }
        guard recall else { return false }
        if verified.withLock({ $0.recall(check, now: now) }) { return true }
        // Wrong or forgotten: a guess against the memory is a failure, too.
        note(false, claimant, now: now)
        return false
    }

    func note(_ isRight: Bool, _ claimant: Claimant, now: UInt64) {
        attempts.withLock { book in
            if isRight { book.succeeded(claimant, now: now) } else { book.failed(claimant, now: now) }
        }
    }

    /// What a check came to.
    enum Verdict: Sendable {
        case right, wrong
        /// Too many have failed while it waited for its turn.
        case tooMany
    }

    /// Whether the password is right; the answer comes on the loop, at once if it was checked a moment ago. What comes of it
    /// counts when it is known, on the thread that checks: of many guesses begun at the same time, those behind the free
    /// ones are not looked at.
    func check(
        _ check: PasswordCheck, of claimant: Claimant, on loop: any EventLoop, now: UInt64,
        _ body: @escaping (Verdict) -> Void
    ) {
        if verified.withLock({ $0.recall(check, now: now) }) {
            note(true, claimant, now: now)
            return body(.right)
        }
        let bound = NIOLoopBound(body, eventLoop: loop)
        checkers.runIfActive(eventLoop: loop) { [self] in judge(check, claimant, now) }.whenComplete { result in
            bound.value((try? result.get()) ?? .tooMany)
        }
    }

    private func judge(_ check: PasswordCheck, _ claimant: Claimant, _ now: UInt64) -> Verdict {
        let isRemembered = verified.withLock { $0.recall(check, now: now) }
        guard isRemembered || mayTry(claimant, now: now) else { return .tooMany }
        let isRight = isRemembered || check.run()
        if isRight, !isRemembered { verified.withLock { $0.insert(check, now: now) } }
        note(isRight, claimant, now: now)
        return isRight ? .right : .wrong
    }
}

/// AUTH on one connection: drives the exchange and turns its steps into replies (RFC 4954 §6).
struct ClientAuthentication {
    private var exchange: SASLExchange?
    private let service: AuthenticationService

    init(_ service: AuthenticationService) { self.service = service }

    enum Outcome {
        case answer(AuthenticationAnswer)
        case check(PasswordCheck, of: Claimant)
    }

    /// Who tries, as the book of attempts knows it.
    private func claimant(_ address: NetworkAddress?) -> Claimant {
        Claimant(address: address.map { "\($0)" } ?? "", name: exchange?.claimedName ?? "")
    }

    mutating func begin(_ session: borrowing ServerSession, _ address: NetworkAddress?, now: UInt64) -> Outcome {
        guard let users = service.users, let mechanism = SASLMechanism(rawValue: session.proposedMechanism) else {
            return .answer(.refused(SMTPReply(454, .init(4, 7, 0), "Authentication is not available now")))
        }
        exchange = SASLExchange(mechanism, users: users)
        // Before the outcome: the step is what tells the name.
        let step = exchange!.start(session.proposedResponse)
        return outcome(step, address, now)
    }

    mutating func goOn(_ session: borrowing ServerSession, _ address: NetworkAddress?, now: UInt64) -> Outcome {
        guard exchange != nil else { return .answer(.refused(Self.wrong)) }
        // With SCRAM the name is known by now, and others may have failed for it since its challenge.
        guard exchange!.claimedName.isEmpty || service.mayTry(claimant(address), now: now) else { return tooMany() }
        let step = exchange!.respond(session.proposedResponse ?? "")
        return outcome(step, address, now)
    }

    mutating func checked(
        _ verdict: AuthenticationService.Verdict, _ address: NetworkAddress?, now: UInt64
    ) -> Outcome {
        guard exchange != nil else { return .answer(.refused(Self.wrong)) }
        if case .tooMany = verdict { return tooMany() }
        let step = exchange!.checked(verdict == .right)
        return outcome(step, address, now, isNoted: true)
    }

    /// - Parameter isNoted: what came of it is in the book of attempts.
    private mutating func outcome(
        _ step: SASLExchange.Step, _ address: NetworkAddress?, _ now: UInt64, isNoted: Bool = false
    ) -> Outcome {
        let claimant = claimant(address)
        switch step {
        case .challenge(let text):
            // SCRAM, if the name is known. Before a password comes it is too early: it may be one that was right lately.
            guard claimant.name.isEmpty || service.mayTry(claimant, now: now) else { return tooMany() }
            return .answer(.challenge(text))
        case .check(let check):
            return service.mayTry(claimant, check, now: now) ? .check(check, of: claimant) : tooMany()
        case .succeeded(let user, let data):
            if !isNoted { service.note(true, claimant, now: now) }
            return .answer(.succeeded(user: user, data: data))
        case .failed:
            // Who is locked out does not lock out others.
            guard isNoted || service.mayTry(claimant, now: now) else { return tooMany() }
            if !isNoted { service.note(false, claimant, now: now) }
            return .answer(.refused(Self.wrong))
        case .malformed(let text): return .answer(.refused(SMTPReply(501, .init(5, 5, 2), "Authentication: \(text)")))
        }
    }

    private mutating func tooMany() -> Outcome {
        exchange = nil
        return .answer(.refused(Self.tooMany))
    }

    private static let wrong = SMTPReply(535, .init(5, 7, 8), "Authentication credentials invalid")
    private static let tooMany = SMTPReply(454, .init(4, 7, 0), "Too many failures, try again later")
}
