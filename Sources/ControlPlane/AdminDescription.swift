/// The admin API as OpenAPI 3.1 describes it; a part of ``OpenAPIDescription`` where it is served.
struct AdminDescription {
    /// No client goes without a key.
    var keyIsNeeded: Bool

    private var security: String { (keyIsNeeded ? "" : "{}, ") + #"{"basic": []}, {"bearer": []}"# }

    private struct Operation {
        var path: String
        var method: String
        var summary: String
        /// Schema of the body; nil: it has none.
        var body: String?
        var query: [(name: String, isRequired: Bool, schema: String, text: String)] = []
        var answer: String
        /// What is asked for may not be there.
        var mayBeMissing = false
        var isStream = false
    }

    var paths: String {
        let grouped = Dictionary(grouping: Self.operations, by: \.path)
        return grouped.keys.sorted().map { path in
            let methods = grouped[path]!.map { "      \"\($0.method)\": " + text($0) }.joined(separator: ",\n")
            return "    \"\(path)\": {\n\(methods)\n    }"
        }.joined(separator: ",\n")
    }

    private func text(_ operation: Operation) -> String {
        let name = operation.path.split(separator: "/").dropFirst(2).first.map(String.init) ?? ""
        var parts = [
            "\"operationId\": \"\(operation.method)-\(name)\"", "\"summary\": \"\(operation.summary)\"",
            "\"tags\": [\"admin\"]", "\"security\": [\(security)]",
        ]
        if let body = operation.body {
            parts.append(
                """
                "requestBody": {"required": true, "content": {"application/json": \
                {"schema": {"$ref": "#/components/schemas/\(body)"}}}}
                """)
        }
        if !operation.query.isEmpty {
            let parameters = operation.query.map { name, isRequired, schema, text in
                """
                {"name": "\(name)", "in": "query", "required": \(isRequired), "schema": \(schema), "description": "\(text)"}
                """
            }
            parts.append("\"parameters\": [\(parameters.joined(separator: ", "))]")
        }
        parts.append("\"responses\": {\(responses(operation))}")
        return "{" + parts.joined(separator: ", ") + "}"
    }

    private func responses(_ operation: Operation) -> String {
        let type = operation.isStream ? "application/x-ndjson" : "application/json"
        var faults = [
            ("400", "Malformed"), ("401", "KeyMissing"), ("403", "KeyWrong"), ("405", "MethodNotAllowed"),
            ("422", "Wrong"), ("431", "HeaderTooLarge"), ("503", "Unavailable"),
        ]
        if operation.mayBeMissing { faults.append(("404", "NotFound")) }
        if operation.body != nil { faults += [("408", "TooSlow"), ("413", "TooLarge"), ("415", "WrongType")] }
        let done = """
            "200": {"description": "It is done.", "content": {"\(type)": {"schema": \
            {"$ref": "#/components/schemas/\(operation.answer)"}}}}
            """
        return ([done] + faults.map { "\"\($0)\": {\"$ref\": \"#/components/responses/\($1)\"}" }).joined(
            separator: ", ")
    }

    private static let text =
        #"{"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^\\u0000-\\u001f\\u007f]+$"}"#
    private static let flag = #"{"enum": ["true", "false"]}"#
    private static let id = #"{"type": "string", "pattern": "^[0-9a-fA-F]{32}$"}"#

    private static func limit(_ most: Int) -> (String, Bool, String, String) {
        ("limit", false, #"{"type": "integer", "minimum": 1, "maximum": \#(most)}"#, "At most so many.")
    }

    private static let selection: [(String, Bool, String, String)] = [
        ("domain", "Of all recipients of a delivery."), ("tenant", "Its tenant."), ("campaign", "Its campaign."),
        ("routing_domain", "Its routing domain."), ("destination", "The queue that it waits in."),
        ("source", "An egress source of its pool."),
    ].map { ($0, false, text, $1) }

    private static var operations: [Operation] { views + orders + changes + traces }

    private static var views: [Operation] {
        let name = ("queue_name", true, text, "The queue's name.")
        return [
            Operation(
                path: "/api/admin/summary/v1", method: "get",
                summary: "Counts of deliveries by what they have in common.",
                query: selection + [
                    (
                        "by", false,
                        #"{"enum": [\#(SummaryGrouping.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))]}"#,
                        "What."
                    ), limit(10_000),
                ], answer: "AdminSummary"),
            Operation(
                path: "/api/admin/list/v1", method: "get", summary: "Deliveries one by one.",
                query: selection + [limit(10_000)], answer: "AdminMessages"),
            Operation(
                path: "/api/admin/inspect-message/v1", method: "get", summary: "One message.",
                query: [
                    ("id", true, id, "Its id."), ("want_body", false, flag, "With its content."),
                    ("limit", false, #"{"type": "integer", "minimum": 1, "maximum": 16777216}"#, "Octets of content."),
                ], answer: "AdminMessage", mayBeMissing: true),
            Operation(
                path: "/api/admin/inspect-sched-q/v1", method: "get",
                summary: "Deliveries by KumoMTA's name of a queue, campaign:tenant@domain!routing_domain.",
                query: [name, limit(10_000)], answer: "AdminMessages"),
            Operation(
                path: "/api/admin/inspect-ready-q/v1", method: "get", summary: "One destination's queue.",
                query: [name, limit(10_000)], answer: "AdminObject", mayBeMissing: true),
            Operation(
                path: "/api/admin/explain/v1", method: "get", summary: "Why a queue's mail waits, with figures.",
                query: [name], answer: "AdminExplanation", mayBeMissing: true),
            Operation(
                path: "/api/admin/ready-q-states/v1", method: "get", summary: "Why queues do not move.",
                query: [
                    (
                        "queues", false,
                        #"{"type": "string", "minLength": 1, "maxLength": 8192, "pattern": "^[^\\u0000-\\u001f\\u007f]+$"}"#,
                        "These, with commas."
                    )
                ], answer: "AdminObject"),
            Operation(
                path: "/api/admin/connections/v1", method: "get", summary: "Connections of clients and to next hops.",
                query: [
                    ("direction", false, #"{"enum": ["in", "out"]}"#, "Of clients, or to next hops."), limit(10_000),
                ],
                answer: "AdminObject"),
            Operation(
                path: "/api/admin/abort-ready-q-conn/v1", method: "post", summary: "Ends a connection.",
                body: "AdminAbort", answer: "AdminObject", mayBeMissing: true),
            Operation(
                path: "/api/admin/overview/v1", method: "get", summary: "All at a glance.", query: [limit(1_000)],
                answer: "AdminObject"),
        ]
    }

    private static var orders: [Operation] {
        var all: [Operation] = []
        for (path, body, answer) in [
            ("suspend", "AdminTerms", "AdminOrdered"), ("suspend-ready-q", "AdminPath", "AdminOrdered"),
            ("bounce", "AdminBounce", "AdminOrdered"),
        ] {
            let path = "/api/admin/\(path)/v1"
            all += [
                Operation(path: path, method: "post", summary: "Orders it.", body: body, answer: answer),
                Operation(path: path, method: "get", summary: "What is ordered.", answer: "AdminOrders"),
                Operation(
                    path: path, method: "delete", summary: "Withdraws it.", body: "AdminID", answer: "AdminOrdered",
                    mayBeMissing: true),
            ]
        }
        return all
    }

    private static var changes: [Operation] {
        var all = [
            Operation(
                path: "/api/admin/rebind/v1", method: "post", summary: "Gives queued mail other labels.",
                body: "AdminRebind", answer: "AdminChanged")
        ]
        for (name, summary) in [
            ("flush", "Deferred mail is tried at once."), ("hold", "Mail waits until it is released."),
            ("release", "Held mail goes on."), ("remove", "Mail is forgotten; nobody is told."),
            ("reroute", "Mail is asked anew where it goes."),
        ] {
            all.append(
                Operation(
                    path: "/api/admin/\(name)/v1", method: "post", summary: summary, body: "AdminSelection",
                    answer: "AdminChanged"))
        }
        return all
    }

    private static var traces: [Operation] {
        let common: [(String, Bool, String, String)] = [
            ("only_new", false, flag, "Sessions that begin from now on."),
            ("only_one", false, flag, "The next session, and no other."),
            ("duration", false, duration, "How long, an hour where nothing is said."),
        ]
        return [
            Operation(
                path: "/api/admin/trace-smtp-server/v1", method: "get", summary: "Follows sessions of clients.",
                query: [
                    ("source_addr", false, text, "Clients of this network."),
                    ("listener", false, text, "Of this listener."),
                ] + common, answer: "AdminTrace", isStream: true),
            Operation(
                path: "/api/admin/trace-smtp-client/v1", method: "get", summary: "Follows sessions with next hops.",
                query: [("destination", false, text, "Of this queue, or with this host.")] + common,
                answer: "AdminTrace", isStream: true),
        ]
    }

    static let duration = #"{"type": "string", "pattern": "^[0-9]{1,8}(\\.[0-9]{1,3})?(ms|s|m|h|d)?$"}"#
}
