import ArgumentParser
import Foundation
import LoadGeneration
import Measures
import NIOCore
import ProgramSupport
import SASLAuthentication
import SMTPProtocol
import SMTPTransport
import TextCodecs

/// How mail gets to its targets.
struct TransportOptions: ParsableArguments {
    @Option(help: "smtp, lmtp, or http (KumoMTA's injection API).")
    var `protocol`: String?
    @Flag(name: [.customLong("http")], help: "The same as --protocol http.")
    var isHTTP = false
    @Option(
        name: [.customLong("http-batch-size"), .customLong("batch")], help: "Messages a request over HTTP, at most.")
    var batchSize = 1
    @Flag(help: "Over HTTP: deferred_spool, a quick answer rather than a safe message.")
    var httpDeferSpool = false
    @Flag(help: "Over HTTP: deferred_generation.")
    var httpDeferGeneration = false
    @Option(help: "none, starttls (required, not tried), or implicit.")
    var tls: String?
    @Flag(name: [.customLong("starttls")], help: "The same as --tls starttls.")
    var isStartTLS = false
    @Flag(name: [.customShort("k"), .customLong("insecure")], help: "Take any certificate.")
    var insecure = false
    @Option(name: [.customLong("ca-file")], help: "Certificates of those who may have signed the target's, PEM.")
    var rootsFile: String?
    @Option(help: "Name for AUTH (SCRAM-SHA-256 where it is offered, PLAIN or LOGIN elsewhere); over HTTP for Basic.")
    var authUser: String?
    @Option(help: "Its password; others can see it in the list of processes: better --auth-password-file.")
    var authPassword: String?
    @Option(help: "File with the password in its first line.")
    var authPasswordFile: String?
    @Option(help: "Local address to connect from, repeatable: 127.0.0.2, or 127.0.0.2-127.0.0.9.")
    var source: [String] = []
    @Option(name: [.customLong("ehlo")], help: "Name in EHLO.")
    var hostname = "traffic-gen.test"
    @Option(
        help:
            "For connecting, greeting, TLS, EHLO and AUTH together. Default: 30s. A connection that is not ready then has failed."
    )
    var connectTimeout: String?
    @Option(
        help: """
            For each reply, and each answer over HTTP: 10s. Default: RFC 5321's (5 minutes a command, 2 to 354, 10 behind \
            the content), over HTTP 60s.
            """)
    var replyTimeout: String?
    @Flag(inversion: .prefixedNo, help: "Envelope in one write, the next one behind the content (RFC 2920).")
    var pipelining = true
    @Option(
        help: """
            0: each command alone; 1: MAIL, RCPT and DATA in one write; 2: and the next message's behind the content \
            (RFC 2920 §3.1), the default.
            """)
    var pipeliningDepth: Int?
    @Flag(help: "BDAT instead of DATA (RFC 3030).")
    var chunking = false
    @Flag(help: "Known from KumoMTA's traffic-gen; a connection always goes on after an error here.")
    var keepGoing = false

    func kind() throws -> LoadTransport.Kind {
        guard let name = `protocol` else { return isHTTP ? .http : .smtp }
        guard let kind = LoadTransport.Kind(rawValue: name), !isHTTP || kind == .http else {
            throw UsageFault(
                "--protocol '\(name)': expected smtp, lmtp or http\(isHTTP ? ", and --http says http" : "")")
        }
        return kind
    }

    func apply(to transport: inout LoadTransport) throws {
        transport.kind = try kind()
        let depth = pipeliningDepth ?? (pipelining ? 2 : 0)
        guard (0...2).contains(depth) else {
            throw UsageFault("--pipelining-depth \(depth): expected 0, 1 or 2; DATA ends a group (RFC 2920 §3.1)")
        }
        (transport.pipelining, transport.overlap) = (depth > 0, depth > 1)
        transport.chunking = chunking
        transport.hostname = hostname
        transport.sources = try source.flatMap { try SourceAddresses.read($0) }
        try applyHTTP(to: &transport)
        try applyTLS(to: &transport)
        try applyAuthentication(to: &transport)
    }

    /// Flags go before the profile.
    func applyTimes(to transport: inout LoadTransport, _ profile: LoadProfile?) throws {
        if let time = try waitingTime(connectTimeout, "--connect-timeout") ?? profile?.connectTimeout {
            transport.openingSeconds = time
        }
        transport.replySeconds = try waitingTime(replyTimeout, "--reply-timeout") ?? profile?.replyTimeout
    }

    private func waitingTime(_ text: String?, _ flag: String) throws -> Double? {
        guard let text, let time = try seconds(text, flag) else { return nil }
        guard LoadTransport.waitingTimes.contains(time) else {
            throw UsageFault("\(flag) \(text): expected 1s to 24h")
        }
        return time
    }

    private func applyHTTP(to transport: inout LoadTransport) throws {
        let usesHTTP = transport.kind == .http
        guard usesHTTP || (batchSize == 1 && !httpDeferSpool && !httpDeferGeneration) else {
            throw UsageFault(
                "--http-batch-size, --http-defer-spool and --http-defer-generation go with --protocol http")
        }
        guard (1...100_000).contains(batchSize) else {
            throw UsageFault("--http-batch-size \(batchSize): expected 1 to 100,000")
        }
        transport.injection.batchSize = batchSize
        transport.injection.deferredSpool = httpDeferSpool
        transport.injection.deferredGeneration = httpDeferGeneration
    }

    private func applyTLS(to transport: inout LoadTransport) throws {
        let name = tls ?? (isStartTLS ? "starttls" : "none")
        guard let encryption = LoadTransport.Encryption(rawValue: name), !isStartTLS || encryption == .starttls else {
            throw UsageFault("--tls '\(name)': expected none, starttls or implicit")
        }
        // https:// has said it already.
        if encryption != .none { transport.encryption = encryption }
        if transport.kind == .http, transport.encryption == .starttls {
            throw UsageFault("--tls starttls: HTTP has none; https:// or --tls implicit")
        }
        guard transport.encryption != .none else { return }
        do {
            transport.tls = try TLSClientContext(verifies: !insecure, rootsFile: rootsFile)
        } catch { throw UsageFault("\(error)") }
    }

    private func applyAuthentication(to transport: inout LoadTransport) throws {
        guard let user = authUser else {
            guard authPassword == nil, authPasswordFile == nil else { throw UsageFault("--auth-user is missing") }
            return
        }
        guard transport.kind != .lmtp else { throw UsageFault("--auth-user: not over LMTP") }
        let secret = try password()
        if transport.kind == .http {
            transport.injection.authorization = "Basic " + Base64.encode(Array("\(user):\(secret)".utf8))
        } else {
            transport.authentication = ClientCredentials(name: user, password: secret)
        }
    }

    private func password() throws -> String {
        switch (authPassword, authPasswordFile) {
        case (let secret?, nil): return secret
        case (nil, let path?):
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw UsageFault("--auth-password-file \(path): cannot be read")
            }
            return text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        default: throw UsageFault("--auth-user goes with --auth-password-file or --auth-password")
        }
    }
}

/// `127.0.0.2` or `127.0.0.2-127.0.0.9`.
enum SourceAddresses {
    static func read(_ text: String) throws -> [SocketAddress] {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        if ends.count == 2 {
            guard let first = number(ends[0]), let last = number(ends[1]), first <= last, last - first < 65_536 else {
                throw fault(text)
            }
            return try (first...last).map { value in
                let parts = [24, 16, 8, 0].map { String(value >> UInt32($0) & 255) }
                return try address(parts.joined(separator: "."), text)
            }
        }
        return [try address(text, text)]
    }

    private static func address(_ host: String, _ text: String) throws -> SocketAddress {
        do { return try SocketAddress(ipAddress: host, port: 0) } catch { throw fault(text) }
    }

    private static func number(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, !parts.contains(nil) else { return nil }
        return parts.reduce(0) { $0 << 8 | UInt32($1!) }
    }

    private static func fault(_ text: String) -> UsageFault {
        UsageFault("--source '\(text)': expected an address of this machine, or two IPv4 ones with a dash between them")
    }
}
