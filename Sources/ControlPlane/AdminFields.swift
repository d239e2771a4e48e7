import MailTypes
import Measures
import MessageBuilding

/// What is wrong with a request, and where in it (RFC 6901).
struct AdminRequestFault: Error, Equatable {
    var text: String
    /// Nil: it is no request at all.
    var pointer: String?
}

/// The fields of a request, of a body or of a query, read strictly: what is not asked for is refused.
struct AdminFields {
    static let textLimit = 255
    static let reasonLimit = 500
    static let idsLimit = 100_000
    static let longestMilliseconds: UInt64 = 365 * 86_400_000

    private let members: [JSONValue.Member]

    /// - Parameter known: the names that there are.
    init(_ body: JSONValue, _ known: [String]) throws(AdminRequestFault) {
        guard case .object(let members) = body else {
            throw AdminRequestFault(text: "expected an object, not \(body.kind)", pointer: "")
        }
        for member in members where !known.contains(member.key) {
            throw AdminRequestFault(
                text: "there is no field '\(member.key.prefix(80))': expected \(known.joined(separator: ", "))",
                pointer: "/" + InjectionRequest.escaped(member.key))
        }
        self.members = members
    }

    func value(_ key: String) -> JSONValue? {
        guard let value = members.first(where: { $0.key == key })?.value, value != .null else { return nil }
        return value
    }

    func fault(_ key: String, _ text: String) -> AdminRequestFault { AdminRequestFault(text: text, pointer: "/" + key) }

    /// A line of text.
    func text(_ key: String, limit: Int = textLimit, mayBeEmpty: Bool = false) throws(AdminRequestFault) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw fault(key, "expected a text, not \(value.kind)") }
        guard text.unicodeScalars.count <= limit, mayBeEmpty || !text.isEmpty else {
            throw fault(key, "expected \(mayBeEmpty ? 0 : 1) to \(limit) characters")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw fault(key, "expected a text without control characters")
        }
        return text
    }

    func mustText(_ key: String, limit: Int = textLimit) throws(AdminRequestFault) -> String {
        guard let text = try text(key, limit: limit) else { throw fault(key, "is missing") }
        return text
    }

    /// Also as a query has it.
    func flag(_ key: String) throws(AdminRequestFault) -> Bool {
        switch value(key) {
        case nil: return false
        case .bool(let flag)?: return flag
        case .string("true")?: return true
        case .string("false")?: return false
        case let other?: throw fault(key, "expected true or false, not \(other.kind)")
        }
    }

    /// Also as a query has it.
    func number(_ key: String, _ range: ClosedRange<Int>) throws(AdminRequestFault) -> Int? {
        let text: String
        switch value(key) {
        case nil: return nil
        case .number(let written)?: text = written
        case .string(let written)?: text = written
        case let other?: throw fault(key, "expected a number, not \(other.kind)")
        }
        // 1.0 and 1e2 are whole numbers, too, in JSON Schema.
        let number = Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
        guard let number, range.contains(number) else {
            throw fault(key, "expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `20m`, `1.5h`, or seconds; more than a year is a year.
    func milliseconds(_ key: String) throws(AdminRequestFault) -> UInt64? {
        let text: String
        switch value(key) {
        case nil: return nil
        case .string(let written)?: text = written
        case .number?:
            return try number(key, 0...Int(Int32.max)).map { min(UInt64($0) * 1_000, Self.longestMilliseconds) }
        case let other?: throw fault(key, "expected a duration, not \(other.kind)")
        }
        let isOne = (try? Self.durationForm.wholeMatch(in: text)) ?? nil
        guard isOne != nil, let duration = try? HumanDuration(parsing: text) else {
            throw fault(key, "expected \(HumanDuration.allowedForm)")
        }
        return min(duration.nanoseconds / 1_000_000, Self.longestMilliseconds)
    }
    // Regex is no Sendable type; it is never changed.
    nonisolated(unsafe) private static let durationForm = /[0-9]{1,8}(\.[0-9]{1,3})?(ms|s|m|h|d)?/

    // MARK: What deliveries are meant

    static let selection = [
        "domain", "tenant", "campaign", "routing_domain", "destination", "pool", "source", "ids", "queue_names",
    ]
    static let namesLimit = 10_000

    func selection() throws(AdminRequestFault) -> MailSelection {
        MailSelection(
            destination: try text("destination"), domain: try text("domain")?.lowercased(), tenant: try text("tenant"),
            campaign: try text("campaign"), routingDomain: try text("routing_domain")?.lowercased(),
            pool: try text("pool", mayBeEmpty: true), ids: try ids(), queueNames: try queueNames(),
            source: try text("source"))
    }

    /// An empty list chooses nothing by it, as KumoMTA has it.
    private func queueNames() throws(AdminRequestFault) -> Set<SenderQueueName>? {
        let names = try list("queue_names", atMost: Self.namesLimit, "CAMPAIGN:TENANT@DOMAIN") { text in
            (1...1_024).contains(text.unicodeScalars.count) ? SenderQueueName(text) : nil
        }
        return names?.isEmpty ?? true ? nil : names
    }

    private func ids() throws(AdminRequestFault) -> Set<MessageID>? {
        try list("ids", atMost: Self.idsLimit, "32 hexadecimal digits") { MessageID($0) }
    }

    /// A list of texts.
    /// - Parameters:
    ///   - form: of one of them, for people.
    ///   - read: nil: it has not this form.
    private func list<Value: Hashable>(
        _ key: String, atMost limit: Int, _ form: String, _ read: (String) -> Value?
    ) throws(AdminRequestFault) -> Set<Value>? {
        guard let value = value(key) else { return nil }
        guard case .array(let items) = value else { throw fault(key, "expected a list, not \(value.kind)") }
        guard items.count <= limit else { throw fault(key, "expected at most \(limit)") }
        var found: Set<Value> = []
        for (index, item) in items.enumerated() {
            guard case .string(let text) = item, let one = read(text) else {
                throw AdminRequestFault(text: "expected \(form)", pointer: "/\(key)/\(index)")
            }
            found.insert(one)
        }
        return found
    }

    func id(_ key: String) throws(AdminRequestFault) -> MessageID {
        guard let id = MessageID(try mustText(key)) else { throw fault(key, "expected 32 hexadecimal digits") }
        return id
    }

    /// - Parameter usual: milliseconds where none are said.
    func terms(_ usual: UInt64) throws(AdminRequestFault) -> OrderTerms {
        OrderTerms(
            try selection(), reason: try mustText("reason", limit: Self.reasonLimit),
            milliseconds: try milliseconds("duration") ?? usual)
    }
}
