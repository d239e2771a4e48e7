package import Measures
package import NIOCore
import NIOPosix

/// Pages and figures of a program for whoever sits at this machine: an HTTP listener with a thread of its own. Pages of
/// other sites that a browser shows can neither read it under a name of theirs nor post to it.
package struct LocalHTTPService: Sendable {
    package typealias Handler = @Sendable (HTTPCall) async -> HTTPAnswer

    package struct Configuration: Sendable {
        /// Port 0 picks a free one.
        package var endpoint: Endpoint
        /// Serves on addresses of the network, too, and under any name.
        package var allowsRemote = false
        /// Octets of a body.
        package var bodyLimit = 1 << 20
        package var maximumConnections = 256
        /// For a request's header, and again for its body.
        package var requestTimeout = TimeAmount.seconds(15)
        /// What a stop waits for answers under way.
        package var stopLimit = TimeAmount.seconds(2)

        package init(_ endpoint: Endpoint) { self.endpoint = endpoint }
    }

    private let server: HTTPServer
    private let group: MultiThreadedEventLoopGroup
    private let stopLimit: TimeAmount

    /// `127.0.0.1:8080`, with the port really bound.
    package var address: String { server.address }

    /// Binds the listener. It serves until ``stop()``.
    /// - Parameter handler: answers a request of whatever method and path; called in a task of its own.
    /// - Throws: ``LocalHTTPFault`` that names the address.
    package static func start(
        _ configuration: Configuration, handler: @escaping Handler
    ) async throws(LocalHTTPFault) -> LocalHTTPService {
        let endpoint = configuration.endpoint
        guard configuration.allowsRemote || endpoint.isLoopback else {
            throw LocalHTTPFault("\(endpoint): not an address of this machine alone")
        }
        var listener = HTTPServer.Configuration(host: endpoint.host, port: endpoint.port)
        listener.bodyLimit = configuration.bodyLimit
        listener.bodyBudget = configuration.bodyLimit * 16
        listener.maximumConnections = configuration.maximumConnections
        listener.requestTimeout = configuration.requestTimeout
        listener.seconds = { Int(WallInstant.now().seconds) }
        let origins = LocalOrigins(allowsRemote: configuration.allowsRemote)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let server = try await HTTPServer.bind(
                listener, group: group,
                admission: { call, loop in loop.makeSucceededFuture(origins.refusal(of: call)) },
                service: { call, loop in loop.makeFutureWithTask { await handler(call) } })
            return LocalHTTPService(server: server, group: group, stopLimit: configuration.stopLimit)
        } catch {
            try? await group.shutdownGracefully()
            throw LocalHTTPFault("cannot serve on \(endpoint): \(error)")
        }
    }

    /// Answers what is under way, and ends.
    package func stop() async {
        await server.stop(within: stopLimit)
        try? await group.shutdownGracefully()
    }
}

/// Why nothing is served; the address is named.
package struct LocalHTTPFault: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Tells calls of this machine's people and programs from those that a foreign page makes a browser send.
struct LocalOrigins: Sendable {
    var allowsRemote: Bool

    /// Nil: it may be answered.
    func refusal(of call: HTTPCall) -> HTTPAnswer? {
        let host = call.headers.first(name: "host") ?? ""
        // A name that resolves to the loopback is no name of ours: whoever owns it would read what is served here.
        guard allowsRemote || Self.isLocal(host) else {
            return .fault(.misdirectedRequest, "this is served as localhost alone, not as '\(host.prefix(200))'")
        }
        guard call.method != .GET && call.method != .HEAD, let origin = call.headers.first(name: "origin") else {
            return nil
        }
        return origin.lowercased() == "http://" + host.lowercased()
            ? nil : .fault(.forbidden, "not from a page of '\(origin.prefix(200))'")
    }

    /// - Parameter host: as the field of that name says it, with or without a port.
    static func isLocal(_ host: String) -> Bool {
        for text in [host, host + ":80"] {
            if let endpoint = try? Endpoint(parsing: text.lowercased(), flag: "Host"), endpoint.isLoopback {
                return true
            }
        }
        return false
    }
}
