import AsyncHTTPClient
import Foundation
package import MailRouting
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Posts TLS reports (RFC 8460 §5.4).
package protocol ReportPost: Sendable {
    /// - Parameter url: `https://…`, from a stranger's DNS.
    /// - Throws: ``ReportPostFault``.
    func post(
        _ report: TLSReportMail, to url: String, asking names: any NameLookups
    ) async throws(ReportPostFault)
    func shutDown() async
}

package struct ReportPostFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Over HTTPS, to addresses that mail may be taken to. A certificate that is not valid is no reason to keep a report from
/// who asks for it: it may be about just that (RFC 8460 §3). Redirections are not followed.
package final class WebReportPost: ReportPost {
    /// Until the server has said what it made of a report.
    private static let timeoutSeconds: Int64 = 60

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    package init() {}

    package func shutDown() async { try? await group.shutdownGracefully() }

    package func post(
        _ report: TLSReportMail, to url: String, asking names: any NameLookups
    ) async throws(ReportPostFault) {
        guard let host = URL(string: url)?.host, !host.isEmpty else { throw ReportPostFault("no host in it") }
        // The resolver that mail goes by keeps away from networks that mail must not go to.
        guard let address = await names.hostAddresses(host).first else {
            throw ReportPostFault("\(host) has no address")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        let fault = await OneHostClient.with(host, at: address, tls, on: group) { client in
            await Self.fault(client, report, url)
        }
        if let fault { throw fault }
    }

    private static func fault(
        _ client: HTTPClient, _ report: TLSReportMail, _ url: String
    ) async -> ReportPostFault? {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: TLSReportMail.mediaType)
        request.headers.add(name: "user-agent", value: "Millrace")
        request.body = .bytes(ByteBuffer(bytes: report.body))
        do {
            // What follows the status is not waited for: a stranger's server may take for ever over it.
            let answer = try await client.execute(request, timeout: .seconds(timeoutSeconds))
            return (200..<300).contains(answer.status.code) ? nil : ReportPostFault("HTTP status \(answer.status.code)")
        } catch {
            return ReportPostFault("\(error)")
        }
    }
}
