import DeliveryQueue
import MTAConfiguration
import Measures
import RelayService
import RunRecords

/// What `mta resolve-egress` says: where mail for a domain would go, by which sources, and within which limits.
struct EgressReport: Codable {
    /// One limit that is in force, and where it was said.
    struct Limit: Codable {
        var name: String
        var value: String
        /// What it is counted over: the destination, the source, or the source to this destination.
        var scope: String
        /// `delivery.connections`, `domains[example.org].rate`, `built in`.
        var origin: String
        /// It is the strictest of its name here.
        var isStrictest: Bool
        enum CodingKeys: String, CodingKey {
            case name, value, scope, origin
            case isStrictest = "strictest"
        }
    }

    struct Source: Codable {
        /// Nil: the system's choice.
        var name: String?
        var weight: Int
        var addresses: [String]
        var ehloName: String
        var proxy: String?
        /// As the configuration or a shaping file has it.
        var tls: String
        /// A shaping file says otherwise than the configuration.
        var isShapedTLS: Bool
        var limits: [Limit]
        enum CodingKeys: String, CodingKey {
            case name, weight, addresses, proxy, tls, limits
            case isShapedTLS = "tls_is_shaped"
            case ehloName = "ehlo_name"
        }
    }

    var domain: String
    /// What has the queue and is counted: a domain, a next hop, a site.
    var destination: String
    var queue: String
    /// In the order in which they are tried; empty where the DNS does not know any.
    var hosts: [String]
    var pool: String?
    /// The large mailbox provider that it belongs to, says a shaping file.
    var provider: String?
    var sources: [Source]

    var text: String {
        var lines = [
            "domain       \(domain)", "destination  \(destination)", "queue        \(queue)",
            "hosts        \(hosts.isEmpty ? "none" : hosts.joined(separator: " "))",
            "pool         \(pool ?? "none")",
        ]
        if let provider { lines.append("provider     \(provider)") }
        let total = sources.reduce(0) { $0 + $1.weight }
        for source in sources {
            let share = pool == nil ? "" : "  weight \(source.weight) of \(total)"
            let addresses = source.addresses.isEmpty ? "any address" : source.addresses.joined(separator: " ")
            let proxy =
                (source.proxy.map { "  by \($0)" } ?? "") + (source.isShapedTLS ? "  TLS \(source.tls)" : "")
            lines.append("")
            lines.append(
                "source       \(source.name ?? "none")\(share)  from \(addresses)  EHLO \(source.ehloName)\(proxy)")
            lines += Self.aligned(source.limits)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func aligned(_ limits: [Limit]) -> [String] {
        let rows = limits.map { [$0.isStrictest ? "*" : " ", $0.name, $0.value, $0.scope, $0.origin] }
        let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            "  "
                + zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
                .trimmingSuffix(" ")
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self[...]
        while text.last == character { text.removeLast() }
        return String(text)
    }
}

/// Limits that were said in one place, or that are built in.
struct LimitLayer {
    /// What they are counted over.
    var scope: String
    /// `delivery`; nil: built in.
    var origin: String?
    var limits: EgressLimits
    /// Keys that have another name there.
    var names: [String: String] = [:]
    /// Where each was said, by its name, where that is not one place.
    var origins: [String: String] = [:]

    private var rows: [(name: String, value: String)] {
        func duration(_ milliseconds: UInt64?) -> String? {
            milliseconds.map { HumanDuration(seconds: Double($0) / 1_000).written }
        }
        let all: [(String, String?)] = [
            ("connections", limits.connections?.written), ("connection_rate", limits.connectionRate?.written),
            ("rate", limits.messageRate?.written),
            ("messages_per_connection", limits.messagesPerConnection?.written),
            ("recipients_per_transaction", limits.recipientsPerTransaction?.written),
            ("hold_first", duration(limits.holdFirstMilliseconds)), ("hold_cap", duration(limits.holdCapMilliseconds)),
            ("consecutive_connection_failures_before_delay", limits.failuresBeforeHold?.written),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// All limits of these layers, by name.
    static func report(_ layers: [LimitLayer]) -> [EgressReport.Limit] {
        let strictest = layers.map(\.limits).reduce(EgressLimits()) { $0.tightened(by: $1) }
        let best = Dictionary(
            uniqueKeysWithValues: LimitLayer(scope: "", limits: strictest).rows.map { ($0.name, $0.value) })
        var found: [EgressReport.Limit] = []
        var named: Set<String> = []
        for layer in layers {
            for (name, value) in layer.rows {
                let origin =
                    layer.origins[name] ?? layer.origin.map { "\($0).\(layer.names[name] ?? name)" } ?? "built in"
                let isBest = best[name] == value && named.insert(name).inserted
                found.append(.init(name: name, value: value, scope: layer.scope, origin: origin, isStrictest: isBest))
            }
        }
        return found.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }.map(\.element)
    }
}
