import ArgumentParser
import MessageBuilding
import ProgramSupport
import RelayService
import RunRecords

/// Which relay an operator speaks to: over its control socket, with the calls of the admin API.
struct AdminOptions: ParsableArguments {
    @OptionGroup var relay: QueueCommand.Options

    /// - Returns: what the relay says.
    /// - Throws: ``UsageFault`` for what was asked wrongly, ``RunFault`` for what could not be done.
    func call(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
        let (status, bytes) = try reach {
            try ControlClient.call($0, ControlCall(method, path, body: body?.line ?? ""))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let answer: JSONValue
        do { answer = try JSONValue.parse(text) } catch { throw RunFault("the relay said '\(text.prefix(200))'") }
        guard status != 200 else { return answer }
        throw fault(status, answer)
    }

    /// - Parameter body: takes what comes as it comes; returns false to hear no more.
    func stream(_ path: String, _ body: ([UInt8]) -> Bool) throws {
        var said: [UInt8] = []
        var isFault = false
        let status = try reach { socket in
            try ControlClient.stream(socket, ControlCall("GET", path)) { part in
                // A fault is one short line; what is followed begins with its time.
                if said.isEmpty { isFault = part.starts(with: Array(#"{"error""#.utf8)) }
                said = Array((said + part).prefix(1_000))
                return isFault || body(part)
            }
        }
        guard status != 200 else { return }
        throw fault(status, (try? JSONValue.parse(String(decoding: said, as: UTF8.self))) ?? .null)
    }

    private func reach<Answer>(_ body: (String) throws -> Answer) throws -> Answer {
        let socket = try relay.socket()
        do { return try body(socket) } catch { throw RunFault("\(error)") }
    }

    private func fault(_ status: Int, _ answer: JSONValue) -> any Error {
        let text = answer["error"]?.plain ?? "status \(status)"
        let place = answer["pointer"]?.plain.drop { $0 == "/" } ?? ""
        return status == 422 ? UsageFault(place.isEmpty ? text : "\(place): \(text)") : RunFault(text)
    }
}

/// Which deliveries; all that is said has to hold.
struct SelectionOptions: ParsableArguments {
    @Argument(help: "Message ids, 32 hexadecimal digits each.")
    var ids: [String] = []
    @Option(help: "Deliveries whose recipients are all of this domain.")
    var domain: String?
    @Option(help: "Deliveries of this tenant.")
    var tenant: String?
    @Option(help: "Deliveries of this campaign.")
    var campaign: String?
    @Option(help: "Deliveries that are sent where this domain's mail goes.")
    var routingDomain: String?
    @Option(
        name: [.customLong("destination"), .customLong("site")],
        help: "Deliveries in this queue: a domain with settings of its own, a site (mx:…), or HOST:PORT.")
    var destination: String?
    @Option(help: "Deliveries that leave by this egress pool; '' for the usual one.")
    var pool: String?
    @Option(name: .customLong("by-source"), help: "Deliveries that may leave by this egress source: their pool has it.")
    var bySource: String?
    @Option(help: "Deliveries of this queue by its whole KumoMTA name, CAMPAIGN:TENANT@DOMAIN!ROUTING; repeatable.")
    var queueName: [String] = []
    @Flag(help: "All deliveries.")
    var all = false

    private var said: [(String, String?)] {
        [
            ("domain", domain), ("tenant", tenant), ("campaign", campaign), ("routing_domain", routingDomain),
            ("destination", destination), ("pool", pool), ("source", bySource),
        ]
    }

    /// - Parameter mustChoose: something has to be said, or `--all`.
    func members(mustChoose: Bool = true) throws -> [JSONValue.Member] {
        var members = said.compactMap { name, value in value.map { JSONValue.Member(name, .string($0)) } }
        if !ids.isEmpty { members.append(.init("ids", .array(ids.map { .string($0) }))) }
        if !queueName.isEmpty { members.append(.init("queue_names", .array(queueName.map { .string($0) }))) }
        guard !mustChoose || members.isEmpty == all else {
            throw UsageFault(
                "expected message ids, --domain, --tenant, --campaign, --destination, --pool or --all: what is meant?")
        }
        return members
    }

    /// The same for a path's query.
    var query: [(String, String)] { said.compactMap { name, value in value.map { (name, $0) } } }
}

/// A path with a query.
func apiPath(_ path: String, _ query: [(String, String)]) -> String {
    guard !query.isEmpty else { return path }
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    let words = query.map { name, value in
        var out = Array((name + "=").utf8)
        for byte in value.utf8 {
            out += plain.contains(byte) ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: out, as: UTF8.self)
    }
    return path + "?" + words.joined(separator: "&")
}

extension JSONValue {
    /// As it is shown in a table.
    var plain: String {
        switch self {
        case .null: ""
        case .string(let text): text
        case .number(let text): text
        case .bool(let value): value ? "yes" : "no"
        case .array, .object: line
        }
    }

    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    var int: Int { if case .number(let text) = self { Int(text) ?? 0 } else { 0 } }
}
