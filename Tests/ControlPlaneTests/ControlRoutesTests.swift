import ControlPlane
import HTTPService
import MailTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite struct ControlRoutesTests {
    private struct NoIntake: MessageIntake {
        var refusal: String? { nil }
        func submit(_ message: IntakeMessage, on loop: any EventLoop) -> EventLoopFuture<SMTPReply?> {
            loop.makeSucceededFuture(nil)
        }
    }

    /// Trusts 127.0.0.1; the one key is `app:secret`.
    private func routes() throws -> ControlRoutes {
        let intake = NoIntake()
        let injection = InjectionService(
            intake, hostname: "mta.test", builders: NIOThreadPool(numberOfThreads: 1), date: { "" }, newID: { "" })
        return ControlRoutes(
            injection: injection, intake: intake, trusted: NetworkSet([try #require(NetworkPrefix("127.0.0.1/32"))]),
            check: { name, key, _, loop in loop.makeSucceededFuture(name == "app" && key == "secret") },
            metricsType: "text/plain", metrics: { _ in "" })
    }

    @Test(arguments: [
        ("GET", "/metrics", "127.0.0.1", nil, 200), ("HEAD", "/metrics", "127.0.0.1", nil, 200),
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
}
