import ControlPlane
import HTTPService
import MailTypes
import MessageBuilding
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite struct ControlRoutesTests {
    private struct NoIntake: MessageIntake {
        var refusal: String?
        func submit(_ message: IntakeMessage, on loop: any EventLoop) -> EventLoopFuture<IntakeAnswer> {
            loop.makeSucceededFuture(.accepted)
        }
    }

    /// Remembers nothing and says what it was asked for.
    private struct Echo: Administration {
        func perform(_ order: AdminOrder) async throws -> JSONValue {
            if case .withdraw(_, "nothing") = order { throw AdminFault(.notFound, "there is no such order") }
            return .members(["order": .string("\(order)")])
        }
        func trace(_ wish: TraceWish) -> HTTPStream {
            { writer in
                writer.write(ByteBuffer(string: "{}\n"))
                writer.end()
            }
        }
        func unreadiness() async -> [String] { ["the disk is full"] }
    }

    /// Trusts 127.0.0.1; the one key is `app:secret`, and `boss:secret` where there is an admin API.
    private func routes(
        admin: AdminAccess? = nil, refusal: String? = nil, slowDown: InjectionService.SlowDown? = nil
    ) throws -> ControlRoutes {
        let intake = NoIntake(refusal: refusal)
        let injection = InjectionService(
            intake, hostname: "mta.test", builders: NIOThreadPool(numberOfThreads: 1), date: { "" }, newID: { "" },
            slowDown: slowDown)
        return ControlRoutes(
            injection: injection, intake: intake, trusted: NetworkSet([try #require(NetworkPrefix("127.0.0.1/32"))]),
            check: { name, key, _, loop in
                loop.makeSucceededFuture((name == "app" || name == "boss") && key == "secret")
            },
            metrics: { prefix, form in "\(form) \(prefix)" }, administration: Echo(), admin: admin)
    }

    private func injection(authorization: String? = nil) -> HTTPCall {
        var headers = HTTPHeaders()
        if let authorization { headers.add(name: "authorization", value: authorization) }
        let body =
            #"{"envelope_sender":"a@x.test","recipients":[{"email":"b@y.test"},{"email":"c@y.test"}],"content":"A: b\n\n"}"#
        return HTTPCall(
            .POST, "/api/inject/v1", headers: headers, body: ByteBuffer(string: body), peer: NetworkAddress("127.0.0.1")
        )
    }

    /// A load balancer learns that it stops, and a client is told to come again.
    @Test func whoStopsTakesNothing() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let routes = try routes(refusal: "shutting down")
        for call in [injection(), HTTPCall(.GET, "/api/check-liveness/v1")] {
            let answer = try await routes.respond(call, on: loop).get()
            #expect(answer.status == .serviceUnavailable && String(buffer: answer.body) == "shutting down\n")
        }
    }

    /// Callers are known by their key, or by their address; nothing of a request is taken that is too much.
    @Test func tooManyRecipientsAreTooMany() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let routes = try routes(slowDown: { count, caller in
            count == 2 && caller == "key app" ? 1_001 : caller == "127.0.0.1" ? nil : 9
        })
        let answer = try await routes.respond(injection(authorization: "Bearer app:secret"), on: loop).get()
        #expect(answer.status == .tooManyRequests && answer.headers.first(name: "retry-after") == "2")
        #expect(try await routes.respond(injection(), on: loop).get().status == .ok)
    }

    @Test(arguments: [
        ("GET", "/metrics", "127.0.0.1", nil, 200), ("HEAD", "/metrics", "127.0.0.1", nil, 200),
        ("GET", "/metrics.json", "127.0.0.1", nil, 200), ("GET", "/metrics.json", "192.0.2.1", nil, 401),
        ("GET", "/nothing", "127.0.0.1", nil, 404), ("POST", "/metrics", "127.0.0.1", nil, 405),
        ("GET", "/api/inject/v1", "127.0.0.1", nil, 405), ("GET", "/metrics", "192.0.2.1", nil, 401),
        ("GET", "/metrics", "192.0.2.1", "Bearer app:secret", 200),
        ("GET", "/metrics", "192.0.2.1", "Basic YXBwOnNlY3JldA==", 200),
        ("GET", "/metrics", "192.0.2.1", "Bearer app:wrong", 403),
        // Who shows a key is judged by it, from wherever it comes.
        ("GET", "/metrics", "127.0.0.1", "Bearer app:wrong", 403), ("GET", "/metrics", "192.0.2.1", "Digest x", 401),
        ("GET", "/api/check-liveness/v1", "192.0.2.1", nil, 200), ("GET", "/openapi.json", "192.0.2.1", nil, 200),
    ])
    func callsAreLetInOrNot(
        method: String, path: String, peer: String, authorization: String?, status: Int
    ) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var headers = HTTPHeaders()
        if let authorization { headers.add(name: "authorization", value: authorization) }
        let call = HTTPCall(
            HTTPMethod(rawValue: method), path, headers: headers, peer: NetworkAddress(peer))
        let refusal = try await routes().admission(call, on: loop).get()
        #expect((refusal?.status.code ?? 200) == status)
    }

    @Test(arguments: [
        ("GET", "/api/admin/suspend/v1", "127.0.0.1", nil, 200),
        ("PUT", "/api/admin/suspend/v1", "127.0.0.1", nil, 405),
        ("GET", "/api/admin/suspend/v1", "192.0.2.1", nil, 401),
        ("GET", "/api/admin/suspend/v1", "192.0.2.1", "Bearer boss:secret", 200),
        ("GET", "/api/admin/suspend/v1", "127.0.0.1", "Bearer boss:wrong", 403),
        // A key that may inject is no operator's.
        ("GET", "/api/admin/suspend/v1", "127.0.0.1", "Bearer app:secret", 403),
        ("POST", "/api/inject/v1", "192.0.2.1", "Bearer app:secret", 200),
    ])
    func operatorsAreLetIn(
        method: String, path: String, peer: String, authorization: String?, status: Int
    ) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var headers = HTTPHeaders()
        if let authorization { headers.add(name: "authorization", value: authorization) }
        let call = HTTPCall(HTTPMethod(rawValue: method), path, headers: headers, peer: NetworkAddress(peer))
        let access = AdminAccess(
            trusted: NetworkSet([try #require(NetworkPrefix("127.0.0.1/32"))]), keys: ["boss"])
        let refusal = try await routes(admin: access).admission(call, on: loop).get()
        #expect((refusal?.status.code ?? 200) == status)
        let without = try await routes().admission(call, on: loop).get()
        if path.contains("admin") { #expect(without?.status == .notFound, "there is none unless it is asked for") }
    }

    @Test func readinessSaysWhyNot() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = try await routes().respond(HTTPCall(.GET, "/api/check-readiness/v1"), on: loop).get()
        #expect(answer.status == .serviceUnavailable && String(buffer: answer.body) == "the disk is full\n")
    }

    // MARK: What calls mean

    private func ask(_ method: HTTPMethod, _ target: String, _ body: String = "") async throws -> (UInt, String) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = try await AdminService(Echo()).respond(
            HTTPCall(method, target, body: ByteBuffer(string: body)), on: loop
        ).get()
        return (answer.status.code, String(buffer: answer.body))
    }

    /// What KumoMTA's clients send is understood.
    @Test(arguments: [
        (
            "POST", "/api/admin/suspend/v1", #"{"domain":"Slow.test","reason":"too fast","duration":"20m"}"#,
            ["suspend", "slow.test", "too fast", "1200000"]
        ),
        (
            "POST", "/api/admin/suspend/v1", #"{"tenant":"t","campaign":"c","reason":"x","duration":90}"#,
            ["tenant", "campaign", "90000"]
        ),
        ("DELETE", "/api/admin/suspend/v1", #"{"id":"abc"}"#, ["withdraw", "suspension", "abc"]),
        ("GET", "/api/admin/bounce/v1", "", ["standing", "bounce"]),
        (
            "POST", "/api/admin/bounce/v1", #"{"reason":"gone","code":554,"enhanced_code":"5.4.7","quiet":true}"#,
            ["554", "gone", "300000"]
        ),
        (
            "POST", "/api/admin/rebind/v1", #"{"tenant":"a","reason":"x","data":{"pool":"warm"},"always_flush":true}"#,
            ["rebind", "warm", "flushes: true"]
        ),
        (
            "GET", "/api/admin/inspect-sched-q/v1?queue_name=spring:acme@x.test!y.test", "",
            ["spring", "acme", "x.test", "y.test"]
        ),
        ("GET", "/api/admin/ready-q-states/v1?queues=a&queues=b", "", [#"[\"a\", \"b\"]"#]),
        ("GET", "/api/admin/summary/v1?by=tenant&limit=3", "", ["summary", "tenant", "limit: 3"]),
    ])
    func callsAreUnderstood(method: String, target: String, body: String, parts: [String]) async throws {
        let (status, text) = try await ask(HTTPMethod(rawValue: method), target, body)
        #expect(status == 200, "\(text)")
        for part in parts { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test(arguments: [
        ("POST", "/api/admin/suspend/v1", "{", 400, "error"),
        ("POST", "/api/admin/suspend/v1", "[]", 422, #""pointer":"""#),
        ("POST", "/api/admin/suspend/v1", #"{"domain":"x"}"#, 422, "/reason"),
        ("POST", "/api/admin/suspend/v1", #"{"reason":"x","duration":"soon"}"#, 422, "/duration"),
        ("POST", "/api/admin/suspend/v1", #"{"reason":"x","domian":"x"}"#, 422, "/domian"),
        ("POST", "/api/admin/suspend/v1", #"{"reason":"x","ids":["12"]}"#, 422, "/ids/0"),
        ("POST", "/api/admin/suspend/v1", #"{"reason":"a\u0000b"}"#, 422, "/reason"),
        ("POST", "/api/admin/bounce/v1", #"{"reason":"x","code":450}"#, 422, "/code"),
        ("POST", "/api/admin/bounce/v1", #"{"reason":"x","enhanced_code":"4.1.1"}"#, 422, "/enhanced_code"),
        ("POST", "/api/admin/rebind/v1", #"{"reason":"x"}"#, 422, "/data"),
        ("POST", "/api/admin/rebind/v1", #"{"reason":"x","data":{"queue":"y"}}"#, 422, "/data/queue"),
        ("GET", "/api/admin/summary/v1?by=colour", "", 422, "/by"),
        ("GET", "/api/admin/summary/v1?limit=0", "", 422, "/limit"),
        ("GET", "/api/admin/inspect-message/v1?id=7", "", 422, "/id"),
        ("DELETE", "/api/admin/bounce/v1", #"{"id":"nothing"}"#, 404, "no such order"),
    ])
    func whatIsWrongIsPointedAt(
        method: String, target: String, body: String, status: UInt, part: String
    ) async throws {
        let (code, text) = try await ask(HTTPMethod(rawValue: method), target, body)
        #expect(code == status && text.contains(part), "\(code) \(text)")
    }
}
