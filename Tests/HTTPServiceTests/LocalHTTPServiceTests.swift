import Foundation
import HTTPService
import Measures
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(1))) struct LocalHTTPServiceTests {
    /// Tells method, path, values of `r` and the body's size.
    private static let echo: LocalHTTPService.Handler = { call in
        let values = call.parameters.filter { $0.name == "r" }.map(\.value).joined(separator: ",")
        return HTTPAnswer(
            .ok, "\(call.method) \(call.path) \(values) \(call.body.readableBytes)", headers: ["x-test": "yes"])
    }

    private func service(
        _ change: (inout LocalHTTPService.Configuration) -> Void = { _ in },
        handler: @escaping LocalHTTPService.Handler = Self.echo
    ) async throws -> LocalHTTPService {
        var configuration = LocalHTTPService.Configuration(Endpoint(host: "127.0.0.1", port: 0))
        change(&configuration)
        return try await LocalHTTPService.start(configuration, handler: handler)
    }

    private func answer(
        _ service: LocalHTTPService, _ line: String, body: String = ""
    ) async throws -> (status: Int, head: String, body: String) {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let text = try await rawAnswer(
            service, "\(line) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(length)\r\n\(body)")
        let end = try #require(text.range(of: "\r\n\r\n"))
        let status = try #require(Int(text.split(separator: " ")[1]))
        return (status, text[..<end.lowerBound].lowercased(), String(text[end.upperBound...]))
    }

    @Test func requestsAreAnsweredWhole() async throws {
        let service = try await service()
        let (status, head, text) = try await answer(service, "GET /a%2e/b?r=1&r=x%20y")
        #expect(status == 200 && text == "GET /a%2e/b 1,x y 0")
        #expect(head.contains("\r\nx-test: yes") && head.contains("\r\ncontent-length: \(text.utf8.count)"))
        #expect(head.contains("\r\ndate: "), "\(head)")
        let post = try await answer(service, "POST /reset", body: String(repeating: "a", count: 1_000))
        #expect(post.body == "POST /reset  1000")
        // The length of what is not sent.
        let only = try await answer(service, "HEAD /")
        #expect(only.status == 200 && only.body.isEmpty && only.head.contains("content-length: 9"), "\(only.head)")
        await service.stop()
    }

    /// Where the answer says so, its client accepts it and it is long enough; HEAD and what announces itself are answered
    /// as ever, and one request after the other on a connection.
    @Test func longAnswersAreCompressed() async throws {
        let text = String(repeating: "millrace_x_total 1\n", count: 500)
        let service = try await service(handler: { call in
            var answer = HTTPAnswer(.ok, call.path == "/short" ? "short" : text)
            answer.isCompressible = call.path != "/plain"
            return answer
        })
        let accepts = "Accept-Encoding: gzip\r\n"
        for (line, more, isPacked) in [
            ("GET /", accepts, true), ("GET /", "", false), ("GET /plain", accepts, false),
            ("GET /short", accepts, false), ("HEAD /", accepts, false),
        ] {
            let answer = try await rawBytes(
                service, "\(line) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(more)\r\n")
            let head = answer.head.lowercased()
            #expect(head.contains("content-encoding: gzip") == isPacked, "\(line): \(head)")
            #expect(!head.contains("x-compress"))
            #expect(head.contains("vary: accept-encoding") == (line.hasSuffix(" /")), "\(line): \(head)")
            guard isPacked else { continue }
            #expect(head.contains("content-length: \(answer.body.count)") && answer.body.count < 1_000)
            #expect(answer.body.starts(with: [0x1F, 0x8B]))
        }
        // An interim answer, then the packed one, then the next one.
        let several = try await rawBytes(
            service,
            "POST / HTTP/1.1\r\nHost: localhost\r\n\(accepts)Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"
                + "GET /short HTTP/1.1\r\nHost: localhost\r\n\(accepts)Connection: close\r\n\r\n")
        #expect(several.head.hasPrefix("HTTP/1.1 100 "))
        #expect(String(decoding: several.body.suffix(5), as: UTF8.self) == "short")
        // What cannot be read is answered, too.
        let wrong = try await rawBytes(service, "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n\r\n")
        #expect(wrong.head.hasPrefix("HTTP/1.1 4"), "\(wrong.head)")
        await service.stop()
    }

    private func rawBytes(_ service: LocalHTTPService, _ text: String) async throws -> (head: String, body: [UInt8]) {
        let address = service.address
        let bytes = try await onThread {
            let connection = try RawConnection(address)
            connection.send(text)
            return connection.readBytes()
        }
        let blank = Array("\r\n\r\n".utf8)
        let end = try #require(bytes.indices.first { bytes[$0...].starts(with: blank) })
        return (String(decoding: bytes[..<end], as: UTF8.self), Array(bytes[(end + 4)...]))
    }

    @Test func bodiesBeyondTheLimitAreRefused() async throws {
        let service = try await service { $0.bodyLimit = 100 }
        #expect(try await answer(service, "POST /", body: String(repeating: "a", count: 101)).status == 413)
        #expect(try await answer(service, "POST /", body: String(repeating: "a", count: 100)).status == 200)
        await service.stop()
    }

    @Test(arguments: ["192.0.2.1", "0.0.0.0", "::", "localhost.example.test"])
    func addressesOfTheNetworkNeedToBeAllowed(host: String) async throws {
        await #expect(throws: LocalHTTPFault.self) { try await service { $0.endpoint = Endpoint(host: host, port: 0) } }
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        let first = try await service()
        let endpoint = try Endpoint(parsing: first.address, flag: "")
        do {
            await (try await service { $0.endpoint = endpoint }).stop()
            Issue.record("two listen on one port")
        } catch let fault as LocalHTTPFault {
            #expect(fault.description.contains(first.address), "\(fault)")
        }
        await first.stop()
    }

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST:8080", true), ("127.0.0.1:1", true), ("[::1]:8080", true), ("[::1]", true),
        ("127.9.9.9", true), ("", false), ("evil.test", false), ("127.0.0.1.evil.test:80", false),
        ("localhost.evil.test", false), ("[::2]:1", false), ("evil.test:80", false), ("127.0.0.1@evil.test", false),
    ])
    func namesOfOthersAreRefused(host: String, isRight: Bool) async throws {
        let service = try await service()
        let raw = try await rawAnswer(service, "GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(raw.hasPrefix(isRight ? "HTTP/1.1 200" : "HTTP/1.1 421"), "\(raw)")
        await service.stop()
    }

    @Test(arguments: [
        ("GET", "http://evil.test", 200), ("POST", "http://evil.test", 403), ("POST", "null", 403),
        ("POST", "http://localhost:7", 200), ("POST", "http://localhost:8", 403),
        ("DELETE", "https://localhost:7", 403),
    ])
    func pagesOfOthersCannotPost(method: String, origin: String, status: Int) async throws {
        let service = try await service()
        let raw = try await rawAnswer(
            service, "\(method) / HTTP/1.1\r\nHost: localhost:7\r\nOrigin: \(origin)\r\nConnection: close\r\n\r\n")
        #expect(raw.hasPrefix("HTTP/1.1 \(status)"), "\(raw)")
        await service.stop()
    }

    /// Idle connections end at once, an answer under way is finished, and says that it is the last.
    @Test func stoppingAnswersWhatIsUnderWay() async throws {
        let (started, startedSource) = AsyncStream.makeStream(of: Void.self)
        let (freed, free) = AsyncStream.makeStream(of: Void.self)
        let service = try await service({ $0.stopLimit = .seconds(30) }) { call in
            guard call.path == "/slow" else { return HTTPAnswer(.ok, "quick") }
            startedSource.yield()
            for await _ in freed { break }
            return HTTPAnswer(.ok, "slow, and whole")
        }
        let idle = try await onThread { try RawConnection(service.address) }
        idle.send("GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async let slow = rawAnswer(service, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for await _ in started { break }
        let stopping = Task { await service.stop() }
        // The end of the idle connection shows that the stop has begun.
        let idleText = try await onThread { idle.readToEnd() }
        #expect(idleText.hasSuffix("quick"))
        free.yield()
        let text = try await slow
        #expect(text.hasSuffix("slow, and whole") && text.lowercased().contains("connection: close"), "\(text)")
        await stopping.value
        await #expect(throws: (any Error).self) { try await onThread { try RawConnection(service.address) } }
    }

    private func rawAnswer(_ service: LocalHTTPService, _ text: String) async throws -> String {
        try await onThread {
            let connection = try RawConnection(service.address)
            connection.send(text)
            return connection.readToEnd()
        }
    }
}
