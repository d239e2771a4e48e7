import Foundation
package import HTTPService
package import MailTypes
import MessageBuilding
package import NIOCore
import NIOHTTP1

/// What is served under which path, and to whom.
package struct ControlRoutes: Sendable {
    package typealias PasswordCheck =
        @Sendable (_ name: String, _ key: String, _ peer: NetworkAddress?, _ loop: any EventLoop) -> EventLoopFuture<
            Bool
        >

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

    private struct Route {
        var method: HTTPMethod
        var needsKey: Bool
    }
    private static let routes = [
        "/api/inject/v1": Route(method: .POST, needsKey: true), "/metrics": Route(method: .GET, needsKey: true),
        "/api/check-liveness/v1": Route(method: .GET, needsKey: false),
        "/openapi.json": Route(method: .GET, needsKey: false),
    ]

    /// Why a call is refused whatever is in its body, which has not been read yet; nil: it is not.
    package func admission(_ call: HTTPCall, on loop: any EventLoop) -> EventLoopFuture<HTTPAnswer?> {
        if let refusal = refusal(call) { return loop.makeSucceededFuture(refusal) }
        guard Self.routes[call.path]?.needsKey ?? false, let check, let (name, key) = Self.credentials(call) else {
            return loop.makeSucceededFuture(nil)
        }
        return check(name, key, call.peer, loop).map { isRight in
            isRight ? nil : .fault(.forbidden, "the key is wrong, or too many wrong ones came before it")
        }
    }

    private func refusal(_ call: HTTPCall) -> HTTPAnswer? {
        guard let route = Self.routes[call.path] else {
            return .fault(.notFound, "there is nothing at \(call.path.prefix(200))")
        }
        guard call.method == route.method || (route.method == .GET && call.method == .HEAD) else {
            var answer = HTTPAnswer.fault(.methodNotAllowed, "expected \(route.method)")
            answer.headers.add(name: "allow", value: route.method == .GET ? "GET, HEAD" : route.method.rawValue)
            return answer
        }
        guard !route.needsKey || isTrusted(call) || (check != nil && Self.credentials(call) != nil) else {
            var answer = HTTPAnswer.fault(.unauthorized, "a key is needed")
            answer.headers.add(name: "www-authenticate", value: "Basic realm=\"millrace\"")
            return answer
        }
        return nil
    }

    /// Answers a call that ``admission(_:on:)`` let through.
    package func respond(_ call: HTTPCall, on loop: any EventLoop) -> EventLoopFuture<HTTPAnswer> {
        switch call.path {
        case "/api/inject/v1": return injection.respond(call, on: loop)
        case "/metrics": return metrics(call, loop)
        case "/api/check-liveness/v1": return loop.makeSucceededFuture(liveness())
        default: return loop.makeSucceededFuture(HTTPAnswer(.ok, description, contentType: "application/json"))
        }
    }

    private func isTrusted(_ call: HTTPCall) -> Bool {
        guard !call.headers.contains(name: "authorization"), let peer = call.peer else { return false }
        return trusted.contains(peer)
    }

    private static func credentials(_ call: HTTPCall) -> (String, String)? {
        guard let header = call.headers.first(name: "authorization"), let blank = header.firstIndex(of: " ") else {
            return nil
        }
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
