import Foundation
import MailRouting
import MailTypes
import RelayService
import Testing
import TransportSecurity

/// Reports that are posted to strangers' servers.
@Suite(.timeLimit(.minutes(1))) struct ReportPostTests {
    private struct Names: NameLookups {
        func texts(at name: String) async -> TextOutcome { .none(ttl: 60) }
        func hostAddresses(_ name: String) async -> [NetworkAddress] { [NetworkAddress("127.0.0.1")!] }
    }

    /// The status is all that is waited for: a server that says more and more of it, or nothing, keeps nobody.
    @Test(arguments: [200, 404]) func theBodyIsNotWaitedFor(status: Int) async throws {
        let server = try SlowServer("HTTP/1.1 \(status) Whatever\r\nContent-Length: 1000\r\n\r\n")
        let post = WebReportPost()
        let report = TLSReportMail(
            submitter: "mta.test", domain: "x.test", day: ReportDay(number: 20_000), reportID: "1", body: [1, 2, 3],
            from: MailAddress("tls@mta.test"))
        var fault: ReportPostFault?
        do throws(ReportPostFault) {
            try await post.post(report, to: "http://reports.test:\(server.port)/", asking: Names())
        } catch { fault = error }
        #expect(fault?.description == (status == 200 ? nil : "HTTP status 404"))
        await post.shutDown()
    }
}

/// Answers one request with the begin of an answer, and nothing more until the client goes.
private final class SlowServer: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init(_ begin: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            let client = accept(listener, nil, nil)
            defer { close(client) }
            var (byte, ending): (UInt8, [UInt8]) = (0, [])
            while ending != Array("\r\n\r\n".utf8) {
                guard recv(client, &byte, 1, 0) == 1 else { return }
                ending = ending.suffix(3) + [byte]
            }
            _ = begin.withCString { send(client, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            while recv(client, &byte, 1, 0) == 1 {}
        }
    }

    deinit { close(descriptor) }
}
