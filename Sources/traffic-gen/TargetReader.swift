import LoadGeneration
import Measures
import NIOCore
import ProgramSupport

/// `HOST:PORT`, `http://HOST:PORT/PATH`, `https://…` or `unix:PATH`; behind it `=WEIGHT` where there are several.
struct TargetReader {
    let kind: LoadTransport.Kind
    let allowsRemote: Bool

    /// - Returns: the targets, and whether their scheme wants TLS from the first octet.
    func read(_ texts: [String]) throws -> (targets: [LoadTransport.Target], isSecure: Bool) {
        let usual = kind == .http ? "127.0.0.1:8000" : "127.0.0.1:2025"
        let all = texts.isEmpty ? [usual] : texts
        let secure = Set(all.map { $0.hasPrefix("https://") })
        guard secure.count == 1 else { throw UsageFault("--target: expected http:// or https:// for all of them") }
        return (try all.map(target), secure.contains(true))
    }

    private func target(_ text: String) throws -> LoadTransport.Target {
        let (place, weight) = try weighted(text)
        if place.hasPrefix("unix:") { return try unix(String(place.dropFirst(5)), weight, text) }
        let (authority, path) = try url(place)
        let endpoint = try Endpoint(parsing: authority, flag: "--target")
        guard endpoint.isLoopback || allowsRemote else {
            throw UsageFault("--target \(text) is not this machine: give --allow-remote if you mean it")
        }
        do {
            let address = try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
            return .init(
                address: address, text: place, host: endpoint.host, authority: Self.authority(endpoint, place),
                weight: weight, path: path)
        } catch {
            throw UsageFault("--target \(text): \(error)")
        }
    }

    /// The Host field: without the port where the scheme says it (RFC 9110 §4.2.3).
    static func authority(_ endpoint: Endpoint, _ place: String) -> String {
        let usual = place.hasPrefix("https://") ? 443 : 80
        let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        return endpoint.port == usual ? host : "\(host):\(endpoint.port)"
    }

    private func weighted(_ text: String) throws -> (String, Double) {
        guard let equals = text.lastIndex(of: "=") else { return (text, 1) }
        guard let weight = Double(text[text.index(after: equals)...]), weight > 0, weight.isFinite else {
            throw UsageFault("--target '\(text)': expected a weight above 0 behind '='")
        }
        return (String(text[..<equals]), weight)
    }

    private func unix(_ path: String, _ weight: Double, _ text: String) throws -> LoadTransport.Target {
        guard kind != .http, let address = try? SocketAddress(unixDomainSocketPath: path) else {
            throw UsageFault("--target '\(text)': expected the path of a UNIX socket, for SMTP or LMTP")
        }
        return .init(address: address, text: "unix:" + path, host: "localhost", weight: weight)
    }

    /// Host and port, and the path behind them.
    private func url(_ text: String) throws -> (String, String) {
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: text.hasPrefix) else { return (text, "/api/inject/v1") }
        guard kind == .http else { throw UsageFault("--target \(text): a URL goes with --protocol http") }
        let rest = text.dropFirst(scheme.count)
        let authority = String(rest.prefix { $0 != "/" })
        let path = String(rest.dropFirst(authority.count))
        let hasPort = authority.last?.isNumber == true && authority.contains(":") && !authority.hasSuffix("]")
        let place = hasPort ? authority : authority + (scheme == "https://" ? ":443" : ":80")
        return (place, path.isEmpty || path == "/" ? "/api/inject/v1" : path)
    }
}
