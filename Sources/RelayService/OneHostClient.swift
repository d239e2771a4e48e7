import AsyncHTTPClient
import MailTypes
import NIOCore
import NIOSSL

/// Asks one host over HTTPS, once, at an address that the resolver which mail goes by has found, within the networks that
/// mail may go to. Redirections are not followed.
enum OneHostClient {
    static let connectSeconds: Int64 = 20

    /// - Parameters:
    ///   - host: whose name the certificate has to have, where that is checked.
    ///   - body: makes the request; the client ends with it, whatever is still under way.
    static func with<Answer: Sendable>(
        _ host: String, at address: NetworkAddress, _ tls: TLSConfiguration, on group: any EventLoopGroup,
        _ body: (HTTPClient) async -> Answer
    ) async -> Answer {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.dnsOverride = [host: address.description]
        configuration.timeout.connect = .seconds(connectSeconds)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        let answer = await body(client)
        try? await client.shutdown()
        return answer
    }
}
