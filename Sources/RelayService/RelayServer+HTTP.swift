import ControlPlane
import HTTPService
import MailTypes
import Measures
import NIOCore
import NIOPosix
import ProcessLife
import RunRecords
import SASLAuthentication
import SMTPTransport
import TextCodecs

/// The HTTP side of a relay, with threads of its own: making messages must not hold up those that come by SMTP.
struct RelayHTTP: Sendable {
    let server: HTTPServer
    let intake: RelayIntake
    private let group: MultiThreadedEventLoopGroup
    /// They make messages where that takes long.
    private let builders: NIOThreadPool
    private let authentication: AuthenticationService

    /// - Parameter metrics: the text of /metrics and /metrics.json.
    /// - Throws: ``RecordFault`` that names the address.
    static func open(
        _ configuration: HTTPConfiguration, hostname: String, threads: Int, shards: [RelayShard],
        gate: ConnectionGate, socket: Int32?, administrator: Administrator,
        metrics: @escaping ControlRoutes.Metrics
    ) async throws -> RelayHTTP {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads / 2))
        group.join(.http)
        let builders = NIOThreadPool.started(threads / 2, for: .http)
        let authentication = AuthenticationService(configuration.keys)
        let intake = RelayIntake(shards)
        var slowDown: InjectionService.SlowDown?
        if let rates = SharedInjectionRates(configuration) {
            slowDown = { count, caller in rates.take(count, caller: caller, now: WallInstant.now().milliseconds) }
        }
        let injection = InjectionService(
            intake, hostname: hostname, builders: builders,
            date: { MailDate.text(unixSeconds: Int(WallInstant.now().seconds)) },
            newID: {
                "\(MessageID(high: UInt64.random(in: 0...UInt64.max), low: UInt64.random(in: 0...UInt64.max)))"
            },
            slowDown: slowDown)
        let routes = ControlRoutes(
            injection: injection, intake: intake, trusted: configuration.trusted,
            check: configuration.keys == nil ? nil : authentication.checkKey, metrics: metrics,
            administration: administrator,
            admin: configuration.offersAdmin
                ? AdminAccess(trusted: configuration.adminTrusted, keys: configuration.adminKeys) : nil)
        var listener = HTTPServer.Configuration(host: configuration.host, port: configuration.port)
        listener.tls = configuration.tls
        (listener.gate, listener.boundSocket) = (gate, socket)
        listener.seconds = { Int(WallInstant.now().seconds) }
        listener.bodyLimit = configuration.bodyLimit
        listener.maximumConnections = configuration.connections
        listener.requestTimeout = .nanoseconds(Int64(configuration.requestSeconds * 1e9))
        do {
            let server = try await HTTPServer.bind(
                listener, group: group, admission: { routes.admission($0, on: $1) },
                service: { routes.respond($0, on: $1) })
            return RelayHTTP(
                server: server, intake: intake, group: group, builders: builders, authentication: authentication)
        } catch {
            throw RecordFault("http on \(configuration.host):\(configuration.port): \(error)")
        }
    }

    private init(
        server: HTTPServer, intake: RelayIntake, group: MultiThreadedEventLoopGroup,
        builders: NIOThreadPool, authentication: AuthenticationService
    ) {
        self.server = server
        self.intake = intake
        self.group = group
        self.builders = builders
        self.authentication = authentication
    }

    /// No new connections; idle ones are closed and requests under way are answered, within `limit` seconds. What comes
    /// later on a connection that is still there is refused.
    func close(within limit: Double) async {
        await server.stop(within: .nanoseconds(Int64(limit * 1e9)))
        intake.refuse("shutting down")
    }

    func shutDown() async throws {
        try await builders.shutdownGracefully()
        try await group.shutdownGracefully()
        try await authentication.shutDown()
    }
}

extension AuthenticationService {
    /// A name and its key, as Basic or Bearer credentials bring them.
    @Sendable func checkKey(
        _ name: String, _ key: String, _ peer: NetworkAddress?, _ loop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        let now = WallInstant.now().milliseconds
        guard let users else { return loop.makeSucceededFuture(false) }
        var exchange = SASLExchange(.plain, users: users)
        let step = exchange.start(Base64.encode([0] + Array(name.utf8) + [0] + Array(key.utf8)))
        let claimant = Claimant(address: peer.map { "\($0)" } ?? "", name: exchange.claimedName)
        guard case .check(let check) = step, mayTry(claimant, check, now: now) else {
            return loop.makeSucceededFuture(false)
        }
        let promise = loop.makePromise(of: Bool.self)
        self.check(check, of: claimant, on: loop, now: now) { promise.succeed($0 == .right) }
        return promise.futureResult
    }
}
