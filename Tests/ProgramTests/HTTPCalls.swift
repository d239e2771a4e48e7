import Foundation

/// A call for `http_calls.py`.
struct HTTPRequest: Encodable {
    var method = "GET"
    var path: String
    var headers: [String: String] = [:]
    var body = Data()

    /// An injection, as JSON.
    static func injection(_ json: String, _ headers: [String: String] = [:]) -> HTTPRequest {
        let type = ["Content-Type": "application/json"]
        return HTTPRequest(
            method: "POST", path: "/api/inject/v1", headers: type.merging(headers) { $1 }, body: Data(json.utf8))
    }
}

struct HTTPReply: Decodable {
    var status: Int
    var text: String
}

extension Stage {
    /// A relay that takes mail over HTTP, too.
    /// - Parameter more: of its section `http`, indented, then further sections.
    func injectingRelay(
        to next: Int, spool: String = "segment", _ more: String = ""
    ) async throws -> (Server, http: Int) {
        let http = try freePort()
        let mta = try await mta(
            configured: """
                listen: 127.0.0.1:0
                smart_host: 127.0.0.1:\(next)
                spool: \(spool)
                http:
                  address: 127.0.0.1:\(http)
                \(more)
                """)
        return (mta, http)
    }

    /// Makes the calls over one connection; over TLS, with the server's name verified, where `authority` (PEM) is given.
    func http(_ calls: [HTTPRequest], to port: Int, authority: String? = nil) async throws -> [HTTPReply] {
        let file = path("calls-\(UUID().uuidString).json")
        try JSONEncoder().encode(calls).write(to: URL(fileURLWithPath: file))
        let output = try await runScript("http_calls.py", [String(port), file] + (authority.map { [$0] } ?? []))
        return try JSONDecoder().decode([HTTPReply].self, from: Data(output.utf8))
    }

    /// What /metrics says, by the name with its labels.
    func metrics(_ port: Int) async throws -> [String: Double] {
        let reply = try await http([HTTPRequest(path: "/metrics")], to: port)[0]
        guard reply.status == 200 else { throw StageFault("/metrics: \(reply)") }
        let lines = reply.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let space = line.lastIndex(of: " ")!
                return (String(line[..<space]), Double(line[line.index(after: space)...]) ?? .nan)
            })
    }
}
