import ArgumentParser
import Measures
import MessageBuilding
import ProgramSupport

/// `mta suspend`: mail waits.
struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Have mail wait for a while, what comes later too; deliveries under way go on.",
        discussion: """
            Kept over restarts; ends by itself. With --connections no connection is opened to a queue, or to it from one \
            egress source, whatever mail waits there. 'mta suspensions' lists what is suspended, 'mta resume ID' ends it.
            """)
    @OptionGroup var options: AdminOptions
    @OptionGroup var selection: SelectionOptions
    @Option(help: "How long: 20m, 2h, 1d.") var duration = "5m"
    @Option(help: "Why, for whoever finds it.") var reason: String
    @Option(help: "No connections to this queue, by the name that 'mta queue list' shows.") var connections: String?
    @Option(help: "With --connections: only from this egress source.") var source: String?

    func run() async throws {
        var members: [JSONValue.Member] = [.init("reason", .string(reason)), .init("duration", .string(duration))]
        let answer: JSONValue
        if let connections {
            guard try selection.members(mustChoose: false).isEmpty, !selection.all else {
                throw UsageFault("--connections is about a queue, and --domain and its like are about mail")
            }
            members.append(.init("name", .string(connections)))
            if let source { members.append(.init("source", .string(source))) }
            answer = try options.call("POST", "/api/admin/suspend-ready-q/v1", .object(members))
            return print("suspended: \(answer["id"]?.plain ?? "")")
        }
        if source != nil { throw UsageFault("--source needs --connections QUEUE") }
        members += try selection.members()
        answer = try options.call("POST", "/api/admin/suspend/v1", .object(members))
        let count = answer["changed"]?.int ?? 0
        print(
            "suspended: \(answer["id"]?.plain ?? ""), \(grouped(count)) \(count == 1 ? "delivery waits" : "deliveries wait")"
        )
    }
}

/// `mta resume`: an order ends.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End suspensions, or the return of mail that comes, by their ids.",
        aliases: ["suspend-cancel", "bounce-cancel", "suspend-ready-q-cancel"])
    @OptionGroup var options: AdminOptions
    @Argument(help: "Ids, as 'mta suspensions' and 'mta bounces' list them.") var ids: [String] = []
    @Flag(help: "All suspensions.") var all = false

    func run() async throws {
        guard ids.isEmpty == all else { throw UsageFault("expected ids or --all") }
        let kinds = ["suspend", "suspend-ready-q", "bounce"]
        var ended = 0
        for kind in all ? Array(kinds.prefix(2)) : kinds {
            let path = "/api/admin/\(kind)/v1"
            for order in try options.call("GET", path).items {
                guard let id = order["id"], all || ids.contains(id.plain) else { continue }
                _ = try options.call("DELETE", path, .members(["id": id]))
                ended += 1
            }
        }
        print("\(ended) ended")
        if !all, ended < ids.count { throw RunFault("\(ids.count - ended) of \(ids.count) not found") }
    }
}

/// `mta suspensions` and `mta bounces`.
struct SuspensionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspensions", abstract: "What is suspended, and how long yet.",
        aliases: ["suspend-list", "suspend-ready-q-list"])
    @OptionGroup var options: AdminOptions
    @Option(help: "text, csv or json.") var format = "text"

    static let columns = [
        "id", "name", "source", "domain", "tenant", "campaign", "routing_domain", "destination", "pool", "by_source",
        "queue_names", "ids",
        "duration",
        "changed", "reason",
    ]

    /// With the time that is left as people read it.
    static func shown(_ orders: [JSONValue]) -> [JSONValue] {
        orders.map { order in
            let text = order["duration"]?.plain ?? ""
            guard let seconds = (try? HumanDuration(parsing: text))?.seconds else { return order }
            return order.with("duration", .string(shortAge(Int(seconds.rounded()))))
        }
    }

    func run() async throws {
        let format = try tableFormat(format)
        let orders =
            try options.call("GET", "/api/admin/suspend/v1").items
            + options.call("GET", "/api/admin/suspend-ready-q/v1").items
        print(AdminTable(Self.columns, Self.shown(orders)).render(format, whole: .array(orders)), terminator: "")
    }
}

struct BouncesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounces", abstract: "What is being returned to its senders, and how long yet.",
        aliases: ["bounce-list"])
    @OptionGroup var options: AdminOptions
    @Option(help: "text, csv or json.") var format = "text"

    func run() async throws {
        let format = try tableFormat(format)
        let orders = try options.call("GET", "/api/admin/bounce/v1")
        let columns = SuspensionsCommand.columns + ["reply", "quiet", "pending"]
        print(AdminTable(columns, SuspensionsCommand.shown(orders.items)).render(format, whole: orders), terminator: "")
    }
}

/// `mta bounce`: mail goes back.
struct BounceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounce",
        abstract: "Return mail to its senders, with --duration also what comes later.",
        discussion: """
            The mail is out of the queue when the command ends. Senders are told bit by bit behind that, as for any mail \
            that failed; the order is kept until all of them were, over restarts, too. Mail without a sender is ended \
            without a word.
            """)
    @OptionGroup var options: AdminOptions
    @OptionGroup var selection: SelectionOptions
    @Option(help: "Why; senders read it.") var reason: String
    @Option(help: "Mail that comes within it goes back, too.") var duration = "0s"
    @Option(help: "Code of the reply that senders read, 500 to 599.") var code = 550
    @Option(help: "Its enhanced code.") var enhancedCode = "5.7.1"
    @Flag(help: "Tell nobody.") var quiet = false

    func run() async throws {
        let members =
            try selection.members() + [
                .init("reason", .string(reason)), .init("duration", .string(duration)), .init("code", .int(code)),
                .init("enhanced_code", .string(enhancedCode)), .init("quiet", .bool(quiet)),
            ]
        let answer = try options.call("POST", "/api/admin/bounce/v1", .object(members))
        let count = answer["total_bounced"]?.int ?? 0
        print("bounced: \(answer["id"]?.plain ?? ""), \(grouped(count)) \(count == 1 ? "delivery" : "deliveries")")
    }
}

/// `mta rebind`: mail gets other labels.
struct RebindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebind",
        abstract: "Give queued mail another tenant, campaign, egress pool or routing domain.",
        discussion: "A label set to '' is taken off. What has another pool or routing domain goes to the queue for it.")
    @OptionGroup var options: AdminOptions
    @OptionGroup var selection: SelectionOptions
    @Option(help: "Why.") var reason: String
    @Option(help: "The tenant it is to have.") var setTenant: String?
    @Option(help: "The campaign it is to have.") var setCampaign: String?
    @Option(help: "The egress pool it is to leave by.") var setPool: String?
    @Option(help: "The domain whose way it is to go.") var setRoutingDomain: String?
    @Flag(help: "Try what is deferred at once.") var flush = false
    @Flag(help: "No AdminRebind events.") var suppressLogging = false

    func run() async throws {
        let labels = [
            ("tenant", setTenant), ("campaign", setCampaign), ("pool", setPool), ("routing_domain", setRoutingDomain),
        ].compactMap { name, value in value.map { JSONValue.Member(name, .string($0)) } }
        guard !labels.isEmpty else {
            throw UsageFault("expected --set-tenant, --set-campaign, --set-pool or --set-routing-domain")
        }
        let members =
            try selection.members() + [
                .init("reason", .string(reason)), .init("data", .object(labels)), .init("always_flush", .bool(flush)),
                .init("suppress_logging", .bool(suppressLogging)),
            ]
        let count = try options.call("POST", "/api/admin/rebind/v1", .object(members))["changed"]?.int ?? 0
        print("\(grouped(count)) \(count == 1 ? "delivery" : "deliveries") rebound")
    }
}

/// `mta flush`, and `mta reroute`.
struct FlushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flush", abstract: "Try deferred mail at once.")
    @OptionGroup var options: AdminOptions
    @OptionGroup var selection: SelectionOptions

    func run() async throws {
        let count =
            try options.call("POST", "/api/admin/flush/v1", .object(try selection.members()))["changed"]?.int ?? 0
        print("\(grouped(count)) \(count == 1 ? "delivery" : "deliveries") tried now")
    }
}

struct RerouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reroute",
        abstract: "Ask anew where waiting mail goes: the configuration or the DNS has changed.")
    @OptionGroup var options: AdminOptions
    @OptionGroup var selection: SelectionOptions

    func run() async throws {
        let count =
            try options.call("POST", "/api/admin/reroute/v1", .object(try selection.members()))["changed"]?.int ?? 0
        print("\(grouped(count)) \(count == 1 ? "delivery" : "deliveries") rerouted")
    }
}
