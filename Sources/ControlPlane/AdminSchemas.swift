/// Bodies and answers of the admin API, as JSON Schema of 2020-12 tells them.
extension AdminDescription {
    private static func text(_ limit: Int, mayBeEmpty: Bool = false, mayBeNull: Bool = true) -> String {
        let type = mayBeNull ? #"["string", "null"]"# : #""string""#
        let least = mayBeEmpty ? 0 : 1
        return
            #"{"type": \#(type), "minLength": \#(least), "maxLength": \#(limit), "pattern": "^[^\\u0000-\\u001f\\u007f]*$"}"#
    }

    private static let selection = """
        "domain": \(text(AdminFields.textLimit)), "tenant": \(text(AdminFields.textLimit)),
        "campaign": \(text(AdminFields.textLimit)), "routing_domain": \(text(AdminFields.textLimit)),
        "destination": \(text(AdminFields.textLimit)), "pool": \(text(AdminFields.textLimit, mayBeEmpty: true)),
        "source": \(text(AdminFields.textLimit)), "queue_names": {"type": ["array", "null"], \
        "maxItems": \(AdminFields.namesLimit), "items": {"type": "string", "minLength": 1, "maxLength": 1024}},
        "ids": {"type": ["array", "null"], "maxItems": \(AdminFields.idsLimit), "items": {"type": "string", "pattern": \
        "^[0-9a-fA-F]{32}$"}}
        """
    private static let reason = "\"reason\": " + text(AdminFields.reasonLimit, mayBeNull: false)
    private static let time = """
        "duration": {"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 0, "maximum": 2147483647}, \(duration)]}
        """
    private static let quiet = #""suppress_logging": {"type": ["boolean", "null"]}"#

    private static func object(_ name: String, required: [String] = [], _ properties: String) -> String {
        let names = required.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
                  "\(name)": {"type": "object", "additionalProperties": false, "required": [\(names)],
                    "properties": {\(properties)}}
            """
    }

    private static func answer(_ name: String, required: [String], _ properties: String) -> String {
        let names = required.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
                  "\(name)": {"type": "object", "required": [\(names)], "properties": {\(properties)}}
            """
    }

    var schemas: String {
        let labels = ["tenant", "campaign", "pool", "routing_domain"].map {
            "\"\($0)\": " + Self.text(AdminFields.textLimit, mayBeEmpty: true)
        }.joined(separator: ", ")
        return [
            Self.object("AdminSelection", Self.selection),
            Self.object(
                "AdminTerms", required: ["reason"], [Self.selection, Self.reason, Self.time].joined(separator: ", ")),
            Self.object(
                "AdminBounce", required: ["reason"],
                [
                    Self.selection, Self.reason, Self.time, Self.quiet, #""quiet": {"type": ["boolean", "null"]}"#,
                    #""code": {"type": ["integer", "null"], "minimum": 500, "maximum": 599}"#,
                    #""enhanced_code": {"type": ["string", "null"], "pattern": "^5\\.[0-9]{1,3}\\.[0-9]{1,3}$"}"#,
                ].joined(separator: ", ")),
            Self.object(
                "AdminPath", required: ["name", "reason"],
                [
                    "\"name\": " + Self.text(AdminFields.textLimit, mayBeNull: false),
                    "\"source\": " + Self.text(AdminFields.textLimit), Self.reason, Self.time,
                ].joined(separator: ", ")),
            Self.object(
                "AdminRebind", required: ["reason", "data"],
                [
                    Self.selection, Self.reason, Self.quiet, #""always_flush": {"type": ["boolean", "null"]}"#,
                    #""data": {"type": "object", "additionalProperties": false, "properties": {\#(labels)}}"#,
                ].joined(separator: ", ")),
            Self.object(
                "AdminID", required: ["id"], "\"id\": " + Self.text(AdminFields.textLimit, mayBeNull: false)),
            Self.object(
                "AdminAbort", required: ["session_id"],
                "\"session_id\": " + Self.text(AdminFields.textLimit, mayBeNull: false) + ", \"queue_name\": "
                    + Self.text(AdminFields.textLimit)),
            Self.answer("AdminChanged", required: ["changed"], #""changed": {"type": "integer", "minimum": 0}"#),
            Self.answer("AdminOrdered", required: ["id"], #""id": {"type": "string"}"#),
            Self.answer(
                "AdminMessages", required: ["messages", "num_scheduled"], #""messages": {"type": "array"}"#),
            Self.answer("AdminMessage", required: ["id", "message"], #""message": {"type": "object"}"#),
            Self.answer("AdminExplanation", required: ["queue", "reasons"], #""reasons": {"type": "array"}"#),
            Self.answer("AdminSummary", required: ["by", "rows"], #""rows": {"type": "array"}"#),
            #"      "AdminOrders": {"type": "array", "items": {"type": "object", "required": ["id", "reason", "duration"]}}"#,
            #"      "AdminObject": {"type": "object"}"#, #"      "AdminTrace": {"type": "string"}"#,
        ].joined(separator: ",\n")
    }
}
