import Foundation
package import HTTPService
package import MailTypes
package import Measures
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
    package typealias Metrics = @Sendable (_ prefix: String, _ form: MetricText.Form) async throws -> String

    private let metrics: Metrics
    private let description: ByteBuffer
    private let administration: any Administration
    private let admin: AdminAccess?
    private let service: AdminService

    /// - Parameters:
    ///   - trusted: clients that need no key.
    ///   - check: a key of `Authorization: Basic` or `Bearer name:key`; nil: there are none.
    ///   - metrics: the text of /metrics and /metrics.json.
    ///   - admin: who may use the admin API; nil: there is none.
    package init(
        injection: InjectionService, intake: any MessageIntake, trusted: NetworkSet, check: PasswordCheck?,
        metrics: @escaping Metrics, administration: any Administration, admin: AdminAccess? = nil
    ) {
        self.administration = administration
        self.admin = admin
        service = AdminService(administration)
        self.injection = injection
        self.intake = intake
        self.trusted = trusted
        self.check = check
        self.metrics = metrics
        description = ByteBuffer(
            string: OpenAPIDescription.json(
                keyIsNeeded: trusted == NetworkSet(), recipientLimit: InjectionRequest.recipientLimit,
                admin: admin.map { .init(keyIsNeeded: $0.trusted == NetworkSet()) }))
    }

    private struct Route {
        var methods: [HTTPMethod]
        var needsKey: Bool
        var isAdmin = false
    }
    private static let routes = [
        "/api/inject/v1": Route(methods: [.POST], needsKey: true), "/metrics": Route(methods: [.GET], needsKey: true),
        "/metrics.json": Route(methods: [.GET], needsKey: true),
        "/api/check-liveness/v1": Route(methods: [.GET], needsKey: false),
        "/api/check-readiness/v1": Route(methods: [.GET], needsKey: false),
        "/openapi.json": Route(methods: [.GET], needsKey: false),
    ]

    private func route(_ call: HTTPCall) -> Route? {
        if let route = Self.routes[call.path] { return route }
        guard admin != nil, let methods = AdminService.methods(call.path) else { return nil }
        return Route(methods: methods, needsKey: true, isAdmin: true)
    }

    /// Why a call is refused whatever is in its body, which has not been read yet; nil: it is not.
    package func admission(_ call: HTTPCall, on loop: any EventLoop) -> EventLoopFuture<HTTPAnswer?> {
        let route = route(call)
        if let refusal = refusal(call, route) { return loop.makeSucceededFuture(refusal) }
        guard let route, route.needsKey, let check, let (name, key) = Self.credentials(call) else {
            return loop.makeSucceededFuture(nil)
        }
        let mayUse = !route.isAdmin || admin?.keys.contains(name) ?? false
        return check(name, key, call.peer, loop).map { isRight in
            guard isRight else { return .fault(.forbidden, "the key is wrong, or too many wrong ones came before it") }
            return mayUse ? nil : .fault(.forbidden, "this key is not for the admin API")
        }
    }

    private func refusal(_ call: HTTPCall, _ route: Route?) -> HTTPAnswer? {
        guard let route else { return .fault(.notFound, "there is nothing at \(call.path.prefix(200))") }
        guard route.methods.contains(call.method) || (route.methods.contains(.GET) && call.method == .HEAD) else {
            let names = route.methods.map(\.rawValue) + (route.methods.contains(.GET) ? ["HEAD"] : [])
            var answer = HTTPAnswer.fault(.methodNotAllowed, "expected \(names[0])")
            answer.headers.add(name: "allow", value: names.joined(separator: ", "))
            return answer
        }
        let trusted = route.isAdmin ? admin?.trusted ?? NetworkSet() : trusted
        guard !route.needsKey || isTrusted(call, trusted) || (check != nil && Self.credentials(call) != nil) else {
            var answer = HTTPAnswer.fault(.unauthorized, "a key is needed")
            answer.headers.add(name: "www-authenticate", value: "Basic realm=\"millrace\"")
            return answer
        }
        return nil
    }

    /// Answers a call that ``admission(_:on:)`` let through.
    package func respond(_ call: HTTPCall, on loop: any EventLoop) -> EventLoopFuture<HTTPAnswer> {
        switch call.path {
        case "/api/inject/v1":
            // Its key was checked on admission.
            let user = check == nil ? nil : Self.credentials(call)?.0
            return injection.respond(call, user: user, on: loop)
        case "/metrics": return metrics(call, .prometheus, loop)
        case "/metrics.json": return metrics(call, .json, loop)
        case "/api/check-liveness/v1": return loop.makeSucceededFuture(liveness())
        case "/api/check-readiness/v1": return readiness(loop)
        case "/openapi.json":
            return loop.makeSucceededFuture(HTTPAnswer(.ok, description, contentType: "application/json"))
        default: return service.respond(call, on: loop)
        }
    }

    private func isTrusted(_ call: HTTPCall, _ trusted: NetworkSet) -> Bool {
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

    private func metrics(
        _ call: HTTPCall, _ form: MetricText.Form, _ loop: any EventLoop
    ) -> EventLoopFuture<HTTPAnswer> {
        let (metrics, prefix) = (metrics, call.query["prefix"] ?? "")
        return loop.makeFutureWithTask {
            var answer = HTTPAnswer(.ok, try await metrics(prefix, form), contentType: form.contentType)
            answer.isCompressible = true
            return answer
        }
    }

    private func liveness() -> HTTPAnswer {
        intake.refusal.map { HTTPAnswer(.serviceUnavailable, $0 + "\n") } ?? HTTPAnswer(.ok, "OK\n")
    }

    /// Whether mail should be sent here: everything of the spool is queued, and nothing is refused.
    private func readiness(_ loop: any EventLoop) -> EventLoopFuture<HTTPAnswer> {
        if let refusal = intake.refusal {
            return loop.makeSucceededFuture(HTTPAnswer(.serviceUnavailable, refusal + "\n"))
        }
        let administration = administration
        return loop.makeFutureWithTask {
            let reasons = await administration.unreadiness()
            return reasons.isEmpty
                ? HTTPAnswer(.ok, "OK\n") : HTTPAnswer(.serviceUnavailable, reasons.joined(separator: "; ") + "\n")
        }
    }
}

/// Who may use the admin API.
package struct AdminAccess: Sendable {
    /// Clients that need no key.
    package var trusted: NetworkSet
    /// Names of keys.
    package var keys: Set<String>

    package init(trusted: NetworkSet, keys: Set<String>) {
        self.trusted = trusted
        self.keys = keys
    }
}
