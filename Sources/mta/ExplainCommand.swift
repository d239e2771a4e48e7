import ArgumentParser
import Measures
import MessageBuilding
import ProgramSupport

/// `mta explain`: why a queue's mail waits.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a queue's mail waits: limits, rates, suspensions, back-off, shaping, with figures.",
        discussion: "Queues have the names that 'mta queue list' shows. Nothing is changed by looking.",
        aliases: ["explain-throttle"])
    @OptionGroup var options: AdminOptions
    @Argument(help: "The queue's name.") var queue: String
    @Option(help: "text, csv or json.") var format = "text"

    func run() async throws {
        let format = try tableFormat(format)
        let answer = try options.call("GET", apiPath("/api/admin/explain/v1", [("queue_name", queue)]))
        let now = answer["now_unix_ms"]?.int ?? 0
        let rows = (answer["reasons"]?.items ?? []).map { reason -> JSONValue in
            let until = reason["until_unix_ms"]?.int ?? 0
            return reason.with("for", until > 0 ? .string(Self.span(until - now)) : .null).with(
                "why", reason["text"] ?? .null)
        }
        if format == .text { print(Self.headline(queue, answer)) }
        guard format != .text || !rows.isEmpty else { return }
        print(AdminTable(["kind", "count", "for", "why"], rows).render(format, whole: answer), terminator: "")
    }

    private static func headline(_ name: String, _ answer: JSONValue) -> String {
        guard let queue = answer["queue"] else { return name }
        let places = ["ready_count", "deferred", "scheduled", "in_flight", "held", "suspended", "leaving"]
        let total = places.reduce(0) { $0 + (queue[$1]?.int ?? 0) }
        let connections = queue["connection_count"]?.int ?? 0
        return
            "\(name): \(answer["verdict"]?.plain ?? ""), \(grouped(total)) \(total == 1 ? "delivery" : "deliveries"), "
            + "\(grouped(queue["ready_count"]?.int ?? 0)) ready, "
            + "\(connections) \(connections == 1 ? "connection" : "connections")"
    }

    /// `850 ms`, `12s`, `3h59m`.
    private static func span(_ milliseconds: Int) -> String {
        milliseconds < 1_000 ? "\(max(0, milliseconds)) ms" : shortAge((milliseconds + 500) / 1_000)
    }
}
