import ArgumentParser
import Measures
import MessageBuilding
import ProgramSupport

/// `mta queue summary`: what waits, by what it has in common.
struct SummaryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary",
        abstract:
            "Counts of deliveries by destination, site, pool, source, provider, domain, tenant, campaign, routing_domain.",
        aliases: ["queue-summary"])
    @OptionGroup var options: AdminOptions
    @OptionGroup var selection: SelectionOptions
    @Option(help: "By what.") var by = "destination"
    @Option(help: "The largest so many.") var limit = 50
    @Option(help: "text, csv or json.") var format = "text"

    private static let columns = [
        "name", "total", "ready", "deferred", "in_flight", "held", "suspended", "leaving", "oldest", "last_failure",
    ]

    func run() async throws {
        let format = try tableFormat(format)
        if let id = selection.ids.first ?? selection.queueName.first {
            throw UsageFault("'\(id)': what is counted is chosen by labels, one by one, not by ids or names")
        }
        let query = selection.query + [("by", by), ("limit", String(limit))]
        let answer = try options.call("GET", apiPath("/api/admin/summary/v1", query))
        if by == "source" {
            let table = AdminTable(["name", "connections", "in_flight"], answer["rows"]?.items ?? [])
            return print(table.render(format, whole: answer), terminator: "")
        }
        var rows = answer["rows"]?.items ?? []
        if let total = answer["total"], format == .text { rows.append(total.with("name", .string("(all)"))) }
        let shown = rows.map { row in
            row.with("oldest", .string(shortAge(row["oldest_age_seconds"]?.int ?? 0)))
                .with("name", .string(row["name"].map { $0.plain.isEmpty ? "(none)" : $0.plain } ?? ""))
        }
        print(AdminTable(Self.columns, shown).render(format, whole: answer), terminator: "")
    }
}

extension JSONValue {
    /// The same with another value for this key.
    func with(_ key: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members.removeAll { $0.key == key }
        return .object(members + [.init(key, value)])
    }
}

/// `mta inspect`: one message.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show a message: envelope, labels, state, attempts, last reply, header.",
        aliases: ["inspect-message"])
    @OptionGroup var options: AdminOptions
    @Argument(help: "The message's id.") var id: String
    @Flag(help: "With its content.") var content = false
    @Option(help: "Octets of content at most.") var limit = 65_536
    @Option(help: "text or json.") var format = "text"

    func run() async throws {
        let format = try tableFormat(format)
        let query = [("id", id), ("limit", String(limit))] + (content ? [("want_body", "true")] : [])
        let answer = try options.call("GET", apiPath("/api/admin/inspect-message/v1", query))
        if format == .json { return print(answer.line) }
        guard let message = answer["message"] else { return }
        for (title, field) in [
            ("sender", "sender"), ("size", "size"), ("created", "created"), ("attempts", "num_attempts"),
            ("due", "due"),
            ("held", "held"), ("last reply", "last_reply"),
        ] {
            guard let value = message[field] else { continue }
            show(title, field == "sender" && value.plain.isEmpty ? "<>" : value.plain)
        }
        for recipient in message["recipients"]?.items ?? [] {
            show("recipient", "\(recipient["email"]?.plain ?? "") (\(recipient["state"]?.plain ?? ""))")
        }
        if case .object(let meta)? = message["meta"] { for label in meta { show(label.key, label.value.plain) } }
        for one in answer["deliveries"]?.items ?? [] {
            show("queue", "\(one["queue"]?.plain ?? "") (\(one["place"]?.plain ?? ""))")
        }
        print("\n" + printable(message["data"] ?? message["headers"]))
        if message["truncated"] == .bool(true) {
            writeError("mta: only the first \(limit) octets; --limit shows more\n")
        }
    }

    private func show(_ title: String, _ value: String) {
        print(title + ":" + String(repeating: " ", count: max(1, 16 - title.count)) + value)
    }

    /// Mail is not to do anything to a terminal.
    private func printable(_ value: JSONValue?) -> String {
        String(
            String.UnicodeScalarView(
                (value?.plain ?? "").replacing("\r\n", with: "\n").unicodeScalars.map {
                    $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" || $0 == "\t" ? $0 : "?"
                }))
    }
}

/// `mta connections`.
struct ConnectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "List connections of clients and to next hops, or end one.")
    @OptionGroup var options: AdminOptions
    @Option(help: "in: of clients; out: to next hops.") var direction: String?
    @Option(help: "At most so many.") var limit = 100
    @Option(help: "End this connection: a client is told 421, what was on its way is tried again.") var abort: String?
    @Option(help: "text, csv or json.") var format = "text"

    func run() async throws {
        let format = try tableFormat(format)
        if let abort {
            _ = try options.call(
                "POST", "/api/admin/abort-ready-q-conn/v1", .members(["session_id": .string(abort)]))
            return print("\(abort) ended")
        }
        let query = [("limit", String(limit))] + (direction.map { [("direction", $0)] } ?? [])
        let answer = try options.call("GET", apiPath("/api/admin/connections/v1", query))
        let columns = [
            "session_id", "direction", "peer", "name", "queue", "source", "listener", "tls", "user", "state",
            "messages",
        ]
        print(AdminTable(columns, answer["connections"]?.items ?? []).render(format, whole: answer), terminator: "")
    }
}

/// `mta trace`: sessions as they go on.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Follow sessions live: commands, replies, octets of content. Passwords are not shown.",
        discussion: "--in follows clients, --out next hops. Ends with ctrl-C, after --duration, or with --only-one.",
        aliases: ["trace-smtp"])
    @OptionGroup var options: AdminOptions
    @Flag(name: .customLong("in"), help: "Sessions of clients.") var isInbound = false
    @Flag(name: .customLong("out"), help: "Sessions with next hops.") var isOutbound = false
    @Option(help: "Of clients: only from this address or network.") var client: String?
    @Option(help: "Of clients: only of this listener.") var listener: String?
    @Option(help: "Of next hops: only of this queue, or to this host.") var destination: String?
    @Flag(help: "Only sessions that begin from now on.") var onlyNew = false
    @Flag(help: "The next session, and no other.") var onlyOne = false
    @Option(help: "How long.") var duration = "1h"
    @Option(help: "text, or json as it comes.") var format = "text"

    func run() async throws {
        let isOut = isOutbound || destination != nil
        guard !(isOut && (isInbound || client != nil || listener != nil)) else {
            throw UsageFault("either clients (--in, --client, --listener) or next hops (--out, --destination)")
        }
        let format = try tableFormat(format)
        var query = [("duration", duration)]
        if onlyNew { query.append(("only_new", "true")) }
        if onlyOne { query.append(("only_one", "true")) }
        for (name, value) in [("source_addr", client), ("listener", listener), ("destination", destination)] {
            if let value { query.append((name, value)) }
        }
        var rest: [UInt8] = []
        try options.stream(apiPath("/api/admin/trace-smtp-\(isOut ? "client" : "server")/v1", query)) { part in
            rest += part
            while let end = rest.firstIndex(of: 0x0A) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeFirst(end + 1)
                print(format == .json ? line : Self.shown(line))
            }
            flushStandardOutput()
            return true
        }
    }

    /// `12:03:04.123 i0.17 127.0.0.1:3456 C: MAIL FROM:<a@x.test>`
    private static func shown(_ line: String) -> String {
        guard let event = try? JSONValue.parse(line) else { return line }
        guard let when = event["when"]?.int else { return "(\(event["lines"]?.plain ?? "?") lines were dropped)" }
        let seconds = when / 1_000 % 86_400
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = String(1_000 + when % 1_000).dropFirst()
        let time = "\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(fraction)"
        let text = event["text"]?.plain ?? ""
        let words =
            switch event["event"]?.plain {
            case "command": "C: " + text
            case "reply": "S: " + text
            case "content": "C: (\(event["octets"]?.plain ?? "") octets of content)"
            case "open":
                "-- follows \(event["peer"]?.plain ?? "") \(event["queue"]?.plain ?? event["listener"]?.plain ?? "")"
            default: "-- closed"
            }
        return "\(time) \(event["session_id"]?.plain ?? "") \(words)"
    }
}
