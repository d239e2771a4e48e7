import Foundation
package import MailTypes
import MessageBuilding
package import NIOCore
import NIOHTTP1

/// What is served under which path, and to whom.
package struct ControlRoutes: Sendable {
    package typealias PasswordCheck =
        @Sendable (_ name: String, _ key: String, _ loop: any EventLoop) -> EventLoopFuture<Bool>

    private let injection: InjectionService
    private let intake: any MessageIntake
    private let trusted: NetworkSet
    private let check: PasswordCheck?
    private let metrics: @Sendable (_ prefix: String) async throws -> String
    private let metricsType: String
    private let description: ByteBuffer

    /// - Parameters:
    ///   - trusted: clients that need no key.
    ///   - check: a key of `Authorization: Basic` or `Bearer name:key`; nil: there are none.
    ///   - metrics: the text of /metrics.
    package init(
        injection: InjectionService, intake: any MessageIntake, trusted: NetworkSet, check: PasswordCheck?,
        metricsType: String, metrics: @escaping @Sendable (_ prefix: String) async throws -> String
    ) {
        self.injection = injection
        self.intake = intake
        self.trusted = trusted
        self.check = check
        self.metricsType = metricsType
        self.metrics = metrics
        description = ByteBuffer(
            string: OpenAPIDescription.json(
                keyIsNeeded: trusted == NetworkSet(), recipientLimit: InjectionRequest.recipientLimit))
    }

    package func respond(_ call: HTTPCall, on loop: any EventLoop) -> EventLoopFuture<HTTPAnswer> {
        switch call.path {
        case "/api/inject/v1":
            return allowing(call, .POST, loop) { authorized(call, loop) { injection.respond(call, on: loop) } }
        case "/metrics": return allowing(call, .GET, loop) { authorized(call, loop) { metrics(call, loop) } }
        case "/api/check-liveness/v1": return allowing(call, .GET, loop) { loop.makeSucceededFuture(liveness()) }
        case "/openapi.json":
            return allowing(call, .GET, loop) {
                loop.makeSucceededFuture(HTTPAnswer(.ok, description, contentType: "application/json"))
            }
        default: return loop.makeSucceededFuture(.fault(.notFound, "there is nothing at \(call.path.prefix(200))"))
        }
    }

    private func allowing(
        _ call: HTTPCall, _ method: HTTPMethod, _ loop: any EventLoop, _ body: () -> EventLoopFuture<HTTPAnswer>
    ) -> EventLoopFuture<HTTPAnswer> {
        if call.method == method || (method == .GET && call.method == .HEAD) { return body() }
        var answer = HTTPAnswer.fault(.methodNotAllowed, "expected \(method)")
        answer.headers.add(name: "allow", value: method == .GET ? "GET, HEAD" : method.rawValue)
        return loop.makeSucceededFuture(answer)
    }

    private func authorized(
        _ call: HTTPCall, _ loop: any EventLoop, _ body: @escaping @Sendable () -> EventLoopFuture<HTTPAnswer>
    ) -> EventLoopFuture<HTTPAnswer> {
        let credentials = call.headers.first(name: "authorization")
        if credentials == nil, let peer = call.peer, trusted.contains(peer) { return body() }
        guard let check, let (name, key) = Self.credentials(credentials) else {
            var answer = HTTPAnswer.fault(.unauthorized, "a key is needed")
            answer.headers.add(name: "www-authenticate", value: "Basic realm=\"millrace\"")
            return loop.makeSucceededFuture(answer)
        }
        return check(name, key, loop).flatMap { isRight in
            isRight ? body() : loop.makeSucceededFuture(.fault(.forbidden, "the key is wrong"))
        }
    }

    private static func credentials(_ header: String?) -> (String, String)? {
        guard let header, let blank = header.firstIndex(of: " ") else { return nil }
        var text = String(header[header.index(after: blank)...]).trimmingCharacters(in: .whitespaces)
        switch header[..<blank].lowercased() {
        case "basic":
            guard let data = Data(base64Encoded: text), let decoded = String(data: data, encoding: .utf8) else {
                return nil
            }
            text = decoded
        case "bearer": break
        default: return nil
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    private func metrics(_ call: HTTPCall, _ loop: any EventLoop) -> EventLoopFuture<HTTPAnswer> {
        let (metrics, type, prefix) = (metrics, metricsType, call.query["prefix"] ?? "")
        return loop.makeFutureWithTask { HTTPAnswer(.ok, try await metrics(prefix), contentType: type) }
    }

    private func liveness() -> HTTPAnswer {
        intake.refusal.map { HTTPAnswer(.serviceUnavailable, $0 + "\n") } ?? HTTPAnswer(.ok, "OK\n")
    }
}
