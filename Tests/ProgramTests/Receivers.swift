import Foundation
import RunRecords

/// Next hops by aiosmtpd that note what they get: `receivers.py`.
struct Receivers {
    /// What a next hop noted of a message.
    struct Arrival: Decodable, Hashable {
        var receiver: String
        var tls: Bool
        /// RFC 6066 §3; nil: none was named.
        var server_name: String?
        var peer: String
        var ehlo: String
        /// Number of the connection.
        var session: Int
        var recipients: [String]
    }

    /// By name.
    let ports: [String: Int]
    private let ledger: String

    /// - Parameter kinds: names, with `=CERTIFICATE,KEY` where they have TLS.
    init(_ stage: Stage, _ kinds: [String], ledger: String = "arrivals") async throws {
        self.ledger = stage.path(ledger)
        let program = try stage.script("receivers.py", [self.ledger] + kinds)
        _ = try await program.listeningPort()
        let words = program.output.split(separator: "\n").map { $0.split(separator: " ") }
        ports = Dictionary(uniqueKeysWithValues: words.dropLast().map { (String($0[0]), Int($0[1])!) })
    }

    var arrivals: [Arrival] { get throws { try Self.arrivals(ledger) } }

    static func arrivals(_ ledger: String) throws -> [Arrival] {
        try (FileManager.default.contents(atPath: ledger) ?? Data()).split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Arrival.self, from: Data($0))
        }
    }

    /// `RECEIVER clear|TLS SENDER`, a line a MAIL.
    var mails: [String] {
        let text = String(decoding: FileManager.default.contents(atPath: ledger + ".mail") ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }
}

extension Stage {
    /// Why the mail of each queue of `mta` waits, once all of `names` have been tried.
    func failures(of names: Set<String>, mta name: String = "mta") async throws -> [String: String] {
        for attempt in 0... {
            let waiting = (try await queue(name + "-spool").destinations ?? []).filter {
                $0.ready + $0.deferred + $0.leased > 0
            }
            let found = Dictionary(uniqueKeysWithValues: waiting.map { ($0.name, $0.failure) })
            if names.allSatisfy({ (found[$0] ?? nil) != nil }) || attempt == 200 {
                return found.mapValues { $0 ?? "not tried" }
            }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        return [:]
    }
}
