import AsyncHTTPClient
package import MailTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import TransportSecurity

/// Gets the text of a domain's MTA-STS policy (RFC 8461 §3.3).
package protocol PolicyFetcher: Sendable {
    /// - Parameters:
    ///   - domain: whose policy; the host is `mta-sts.` and this.
    ///   - addresses: of that host, at least one.
    /// - Throws: ``PolicyFetchFault``.
    func fetch(_ domain: String, at addresses: [NetworkAddress]) async throws(PolicyFetchFault) -> [UInt8]
    func shutDown() async
}

package struct PolicyFetchFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var kind: TLSFailure
    package var description: String
    package init(_ kind: TLSFailure, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// Over HTTPS: the certificate has to be valid for the policy host, redirections are not followed, the answer is
/// text/plain of 64 KiB at most, and all of it takes a minute at most.
package final class WebPolicyFetcher: PolicyFetcher {
    package struct Settings: Sendable {
        package var port = 443
        /// Who may have signed certificates of policy hosts, PEM; nil: the system's roots.
        package var rootsFile: String?
        /// For all of one policy (RFC 8461 §3.3 proposes 60).
        package var timeoutSeconds = 60.0
        package init() {}
    }

    /// Addresses of one policy host that are tried.
    private static let mostAddresses = 3

    private let settings: Settings
    private let tls: TLSConfiguration
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// - Throws: ``PolicyFetchFault`` that names the file.
    package init(_ settings: Settings) throws(PolicyFetchFault) {
        self.settings = settings
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = settings.rootsFile {
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file)) } catch {
                throw PolicyFetchFault(.policyWebPKI, "\(file): \(error)")
            }
        }
        self.tls = tls
    }

    package func shutDown() async { try? await group.shutdownGracefully() }

    package func fetch(_ domain: String, at addresses: [NetworkAddress]) async throws(PolicyFetchFault) -> [UInt8] {
        let host = "mta-sts." + domain
        var fault = PolicyFetchFault(.policyFetch, "\(host) has no address")
        for address in addresses.prefix(Self.mostAddresses) {
            do throws(PolicyFetchFault) { return try await fetch(host, at: address) } catch {
                fault = error
                // The host was there and gave an answer: another address of it would give the same.
                if fault.kind != .policyFetch { break }
            }
        }
        throw fault
    }

    private func fetch(_ host: String, at address: NetworkAddress) async throws(PolicyFetchFault) -> [UInt8] {
        let result = await OneHostClient.with(host, at: address, tls, on: group) { client in
            await answer(client, "https://\(host):\(settings.port)/.well-known/mta-sts.txt")
        }
        return try result.get()
    }

    /// The body, or why there is none; never later than the timeout.
    private func answer(_ client: HTTPClient, _ url: String) async -> Result<[UInt8], PolicyFetchFault> {
        let timeout = settings.timeoutSeconds
        return await withTaskGroup(of: Result<[UInt8], PolicyFetchFault>.self) { tasks in
            tasks.addTask { await Self.get(client, url, timeout) }
            tasks.addTask {
                try? await Task.sleep(nanoseconds: UInt64(timeout * 1e9))
                return .failure(PolicyFetchFault(.policyFetch, "no whole answer within \(Int(timeout)) s"))
            }
            defer { tasks.cancelAll() }
            return await tasks.next()!
        }
    }

    private static func get(
        _ client: HTTPClient, _ url: String, _ timeout: Double
    ) async -> Result<[UInt8], PolicyFetchFault> {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "user-agent", value: "Millrace")
        do {
            let answer = try await client.execute(request, timeout: .nanoseconds(Int64(timeout * 1e9)))
            guard answer.status == .ok else {
                return .failure(PolicyFetchFault(.policyFetch, "HTTP status \(answer.status.code)"))
            }
            let type = answer.headers.first(name: "content-type") ?? ""
            let essence = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
            guard essence == "text/plain" else {
                return .failure(PolicyFetchFault(.policyFetch, "Content-Type '\(type.prefix(80))' is not text/plain"))
            }
            let body = try await answer.body.collect(upTo: StrictTransportPolicy.longestText)
            return .success(Array(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            return .failure(PolicyFetchFault(.policyInvalid, "longer than 64 KiB"))
        } catch let error as NIOSSLError {
            return .failure(PolicyFetchFault(.policyWebPKI, "\(error)"))
        } catch let error as NIOSSLExtraError {
            return .failure(PolicyFetchFault(.policyWebPKI, "\(error)"))
        } catch {
            return .failure(PolicyFetchFault(.policyFetch, "\(error)"))
        }
    }
}
