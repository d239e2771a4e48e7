import MailTypes
import MessageBuilding

/// One path of the admin API: which methods it has, and what a request for it means. Paths and fields are those of KumoMTA
/// where it has such a thing.
struct AdminRoute: Sendable {
    /// What comes of a request.
    enum Meaning: Sendable, Hashable {
        case order(AdminOrder)
        case trace(TraceWish)
    }
    typealias Reading = @Sendable (AdminFields) throws(AdminRequestFault) -> Meaning

    struct Method: Sendable {
        var fields: [String]
        /// In the query; else in the body.
        var isQuery = false
        var read: Reading
    }

    /// By the method's name.
    var methods: [String: Method]

    /// Five minutes, as KumoMTA has it.
    static let usualMilliseconds: UInt64 = 300_000
    static let listLimit = 10_000

    private static let terms = AdminFields.selection + ["reason", "duration"]

    static let all: [String: AdminRoute] = [
        "/api/admin/suspend/v1": AdminRoute(methods: [
            "GET": listing(.suspension), "DELETE": withdrawal(.suspension),
            "POST": Method(fields: terms) { (f) throws(AdminRequestFault) in
                .order(.suspend(try f.terms(usualMilliseconds)))
            },
        ]),
        "/api/admin/suspend-ready-q/v1": AdminRoute(methods: [
            "GET": listing(.connectionSuspension), "DELETE": withdrawal(.connectionSuspension),
            "POST": Method(fields: ["name", "source", "reason", "duration"], read: suspendConnections),
        ]),
        "/api/admin/bounce/v1": AdminRoute(methods: [
            "GET": listing(.bounce), "DELETE": withdrawal(.bounce),
            "POST": Method(fields: terms + ["suppress_logging", "quiet", "code", "enhanced_code"], read: bounce),
        ]),
        "/api/admin/rebind/v1": AdminRoute(methods: [
            "POST": Method(
                fields: AdminFields.selection + ["reason", "data", "always_flush", "suppress_logging"], read: rebind)
        ]),
        "/api/admin/flush/v1": change { .flush($0) }, "/api/admin/hold/v1": change { .hold($0) },
        "/api/admin/release/v1": change { .release($0) }, "/api/admin/remove/v1": change { .remove($0) },
        "/api/admin/reroute/v1": change { .reroute($0) },
        "/api/admin/summary/v1": AdminRoute(methods: [
            "GET": Method(fields: querySelection + ["by", "limit"], isQuery: true, read: summary)
        ]),
        "/api/admin/list/v1": AdminRoute(methods: [
            "GET": Method(fields: querySelection + ["limit"], isQuery: true) { (f) throws(AdminRequestFault) in
                .order(.list(try f.selection(), limit: try f.number("limit", 1...listLimit) ?? 100))
            }
        ]),
        "/api/admin/inspect-message/v1": AdminRoute(methods: [
            "GET": Method(fields: ["id", "want_body", "limit"], isQuery: true, read: message)
        ]),
        "/api/admin/inspect-sched-q/v1": AdminRoute(methods: [
            "GET": Method(fields: ["queue_name", "limit"], isQuery: true) { (f) throws(AdminRequestFault) in
                let selection = SenderQueueName(try f.mustText("queue_name")).selection
                return .order(.list(selection, limit: try f.number("limit", 1...listLimit) ?? 100))
            }
        ]),
        "/api/admin/inspect-ready-q/v1": AdminRoute(methods: [
            "GET": Method(fields: ["queue_name", "limit"], isQuery: true) { (f) throws(AdminRequestFault) in
                .order(.queue(try f.mustText("queue_name"), limit: try f.number("limit", 1...listLimit) ?? 100))
            }
        ]),
        "/api/admin/explain/v1": AdminRoute(methods: [
            "GET": Method(fields: ["queue_name"], isQuery: true) { (f) throws(AdminRequestFault) in
                .order(.explain(try f.mustText("queue_name")))
            }
        ]),
        "/api/admin/ready-q-states/v1": AdminRoute(methods: [
            "GET": Method(fields: ["queues"], isQuery: true) { (f) throws(AdminRequestFault) in
                .order(
                    .states(try f.text("queues", limit: 8_192).map { $0.split(separator: ",").map(String.init) } ?? []))
            }
        ]),
        "/api/admin/connections/v1": AdminRoute(methods: [
            "GET": Method(fields: ["direction", "limit"], isQuery: true) { (f) throws(AdminRequestFault) in
                .order(.connections(try side(f), limit: try f.number("limit", 1...listLimit) ?? 100))
            }
        ]),
        "/api/admin/abort-ready-q-conn/v1": AdminRoute(methods: [
            "POST": Method(fields: ["queue_name", "session_id"]) { (f) throws(AdminRequestFault) in
                .order(.abort(id: try f.mustText("session_id"), queue: try f.text("queue_name")))
            }
        ]),
        "/api/admin/overview/v1": AdminRoute(methods: [
            "GET": Method(fields: ["limit"], isQuery: true) { (f) throws(AdminRequestFault) in
                .order(.overview(limit: try f.number("limit", 1...1_000) ?? 20))
            }
        ]),
        "/api/admin/trace-smtp-server/v1": AdminRoute(methods: [
            "GET": Method(fields: ["source_addr", "listener"] + traceFields, isQuery: true, read: traceServer)
        ]),
        "/api/admin/trace-smtp-client/v1": AdminRoute(methods: [
            "GET": Method(fields: ["destination"] + traceFields, isQuery: true, read: traceClient)
        ]),
    ]

    /// A query has no room for lists.
    private static let querySelection = AdminFields.selection.filter { $0 != "ids" && $0 != "queue_names" }
    private static let traceFields = ["only_new", "only_one", "duration"]

    private static func listing(_ kind: AdminOrder.OrderKind) -> Method {
        Method(fields: [], isQuery: true) { _ in .order(.standing(kind)) }
    }

    private static func withdrawal(_ kind: AdminOrder.OrderKind) -> Method {
        Method(fields: ["id"]) { (f) throws(AdminRequestFault) in .order(.withdraw(kind, id: try f.mustText("id"))) }
    }

    private static func change(_ order: @escaping @Sendable (MailSelection) -> AdminOrder) -> AdminRoute {
        AdminRoute(methods: [
            "POST": Method(fields: AdminFields.selection) { (f) throws(AdminRequestFault) in
                .order(order(try f.selection()))
            }
        ])
    }

    @Sendable private static func suspendConnections(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        let path = ConnectionPath(queue: try fields.mustText("name"), source: try fields.text("source"))
        let reason = try fields.mustText("reason", limit: AdminFields.reasonLimit)
        let milliseconds = try fields.milliseconds("duration") ?? usualMilliseconds
        return .order(.suspendConnections(path, reason: reason, milliseconds: milliseconds))
    }

    @Sendable private static func bounce(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        let terms = try fields.terms(usualMilliseconds)
        let code = try fields.number("code", 500...599) ?? 550
        var enhanced = EnhancedStatusCode(5, 7, 1)
        if let text = try fields.text("enhanced_code") {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt16($0) }
            guard parts.count == 3, parts[0] == 5, let subject = parts[1], let detail = parts[2], subject < 1000,
                detail < 1000
            else { throw fields.fault("enhanced_code", "expected one such as 5.7.1") }
            enhanced = EnhancedStatusCode(5, subject, detail)
        }
        let isQuiet = try fields.flag("quiet")
        // KumoMTA's; events here are kept or not by the log's own settings.
        _ = try fields.flag("suppress_logging")
        return .order(.bounce(terms, SMTPReply(UInt16(code), enhanced, terms.reason), isQuiet: isQuiet))
    }

    @Sendable private static func rebind(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        let terms = OrderTerms(
            try fields.selection(), reason: try fields.mustText("reason", limit: AdminFields.reasonLimit),
            milliseconds: 0)
        guard let data = fields.value("data") else { throw fields.fault("data", "is missing") }
        let change: LabelChange
        do throws(AdminRequestFault) {
            let labels = try AdminFields(data, ["tenant", "campaign", "pool", "routing_domain"])
            change = LabelChange(
                tenant: try labels.text("tenant", mayBeEmpty: true),
                campaign: try labels.text("campaign", mayBeEmpty: true),
                pool: try labels.text("pool", mayBeEmpty: true),
                routingDomain: try labels.text("routing_domain", mayBeEmpty: true)?.lowercased())
        } catch {
            throw AdminRequestFault(text: error.text, pointer: "/data" + (error.pointer ?? ""))
        }
        return .order(
            .rebind(
                terms, change, isQuiet: try fields.flag("suppress_logging"), flushes: try fields.flag("always_flush")))
    }

    @Sendable private static func summary(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        let name = try fields.text("by") ?? "destination"
        guard let grouping = SummaryGrouping(rawValue: name) else {
            throw fields.fault(
                "by", "expected \(SummaryGrouping.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return .order(
            .summary(try fields.selection(), grouping, limit: try fields.number("limit", 1...listLimit) ?? 1_000))
    }

    @Sendable private static func message(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        let limit = try fields.number("limit", 1...16 << 20) ?? 65_536
        return .order(.message(try fields.id("id"), content: try fields.flag("want_body") ? limit : nil))
    }

    private static func side(_ fields: AdminFields) throws(AdminRequestFault) -> AdminOrder.Side? {
        guard let text = try fields.text("direction") else { return nil }
        guard let side = AdminOrder.Side(rawValue: text) else { throw fields.fault("direction", "expected in or out") }
        return side
    }

    // MARK: Following sessions

    @Sendable private static func traceServer(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        var wish = try trace(fields, .inbound)
        wish.listener = try fields.text("listener")
        if let text = try fields.text("source_addr") {
            guard let network = NetworkPrefix(text) else {
                throw fields.fault("source_addr", "expected an address or a network such as 10.0.0.0/8")
            }
            wish.client = network
        }
        return .trace(wish)
    }

    @Sendable private static func traceClient(_ fields: AdminFields) throws(AdminRequestFault) -> Meaning {
        var wish = try trace(fields, .outbound)
        wish.destination = try fields.text("destination")
        return .trace(wish)
    }

    private static func trace(
        _ fields: AdminFields, _ side: AdminOrder.Side
    ) throws(AdminRequestFault) -> TraceWish {
        var wish = TraceWish()
        wish.side = side
        (wish.onlyNew, wish.onlyOne) = (try fields.flag("only_new"), try fields.flag("only_one"))
        if let milliseconds = try fields.milliseconds("duration") {
            wish.seconds = max(1, min(Int(milliseconds / 1_000), TraceWish.secondsLimit))
        }
        return wish
    }
}
