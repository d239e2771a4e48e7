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
    private let failures = Mutex(FailureBook())
    private let checkers = NIOThreadPool(numberOfThreads: 1)

    init(_ users: UserFile?) {
        current = Mutex(users)
        checkers.start()
    }

    var users: UserFile? { current.withLock { $0 } }
    func replace(_ users: UserFile?) { current.withLock { $0 = users } }
    func shutDown() async throws { try await checkers.shutdownGracefully() }

    /// - Parameters: `keys` say who tries: the client's address, the name.
    func mayTry(_ keys: [String], now: UInt64) -> Bool {
        failures.withLock { book in keys.allSatisfy { book.mayTry($0, now: now) } }
    }

    func note(_ isRight: Bool, _ keys: [String], now: UInt64) {
        failures.withLock { book in
            for key in keys { if isRight { book.succeeded(key) } else { book.failed(key, now: now) } }
        }
    }

    /// Whether the password is right; the answer comes on the loop, at once if it was checked a moment ago.
    func check(
        _ check: PasswordCheck, on loop: any EventLoop, now: UInt64, _ body: @escaping (Bool) -> Void
    ) {
        if verified.withLock({ $0.contains(check, now: now) }) { return body(true) }
        let bound = NIOLoopBound(body, eventLoop: loop)
        checkers.runIfActive(eventLoop: loop) { check.run() }.whenComplete { [self] result in
            let isRight = (try? result.get()) ?? false
            if isRight { verified.withLock { $0.insert(check, now: now) } }
            bound.value(isRight)
        }
    }
}

/// AUTH on one connection: drives the exchange and turns its steps into replies (RFC 4954 §6).
struct ClientAuthentication {
    private var exchange: SASLExchange?
    private let service: AuthenticationService

    init(_ service: AuthenticationService) { self.service = service }

    enum Outcome {
        case answer(AuthenticationAnswer)
        case check(PasswordCheck)
    }

    /// Who tries, as the book of failures knows it.
    func keys(_ address: NetworkAddress?) -> [String] {
        let name = exchange?.claimedName ?? ""
        return [address.map { "\($0)" } ?? "?"] + (name.isEmpty ? [] : ["user " + name])
    }

    mutating func begin(_ session: ServerSession, _ address: NetworkAddress?, now: UInt64) -> Outcome {
        guard let users = service.users, let mechanism = SASLMechanism(rawValue: session.proposedMechanism) else {
            return .answer(.refused(SMTPReply(454, .init(4, 7, 0), "Authentication is not available now")))
        }
        exchange = nil
        guard service.mayTry(keys(address), now: now) else { return .answer(.refused(Self.tooMany)) }
        exchange = SASLExchange(mechanism, users: users)
        return outcome(exchange!.start(session.proposedResponse), address, now)
    }

    mutating func goOn(_ session: ServerSession, _ address: NetworkAddress?, now: UInt64) -> Outcome {
        guard exchange != nil else { return .answer(.refused(Self.wrong)) }
        return outcome(exchange!.respond(session.proposedResponse ?? ""), address, now)
    }

    mutating func checked(_ isRight: Bool, _ address: NetworkAddress?, now: UInt64) -> Outcome {
        guard exchange != nil else { return .answer(.refused(Self.wrong)) }
        return outcome(exchange!.checked(isRight), address, now)
    }

    private func outcome(_ step: SASLExchange.Step, _ address: NetworkAddress?, _ now: UInt64) -> Outcome {
        switch step {
        case .challenge(let text): return .answer(.challenge(text))
        case .check(let check):
            return service.mayTry(keys(address), now: now) ? .check(check) : .answer(.refused(Self.tooMany))
        case .succeeded(let user, let data):
            service.note(true, keys(address), now: now)
            return .answer(.succeeded(user: user, data: data))
        case .failed:
            service.note(false, keys(address), now: now)
            return .answer(.refused(Self.wrong))
        case .malformed(let text): return .answer(.refused(SMTPReply(501, .init(5, 5, 2), "Authentication: \(text)")))
        }
    }

    private static let wrong = SMTPReply(535, .init(5, 7, 8), "Authentication credentials invalid")
    private static let tooMany = SMTPReply(454, .init(4, 7, 0), "Too many failures, try again later")
}
