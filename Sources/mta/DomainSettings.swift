import DeliveryQueue
import Measures
import NIOCore
import ProgramSupport
import RelayService
import RunRecords

/// `domains` of the configuration file: what is different for one destination domain. What is not said is as for all.
///
///     domains:
///       - name: slow.test
///         next_hop: 127.0.0.1:2600
///         connections: 2
///         rate: 100/1m
///         retry_first: 30m
struct DomainSettings {
    private static let keys = [
        "name", "next_hop", "connections", "rate", "retry_first", "retry_factor", "retry_cap", "retry_max_age",
        "delay_warning",
    ]

    let name: String
    let nextHop: RouteTable.Hop?
    private let values: StrictMapping

    static func all(_ file: StrictMapping) throws(RecordFault) -> [DomainSettings] {
        var found: [DomainSettings] = []
        for values in try file.mappings("domains", keys: keys) ?? [] {
            let domain = try DomainSettings(values)
            guard !found.contains(where: { $0.name == domain.name }) else {
                throw values.fault("name", "'\(domain.name)' appears twice")
            }
            found.append(domain)
        }
        return found
    }

    private init(_ values: StrictMapping) throws(RecordFault) {
        self.values = values
        name = try values.requiredText("name").lowercased()
        nextHop = try values.text("next_hop").map { (text) throws(RecordFault) in
            do {
                let endpoint = try Endpoint(parsing: text, flag: "next_hop")
                let address = try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
                return RouteTable.Hop(
                    addresses: [.init(address: address, name: endpoint.host)], text: endpoint.description)
            } catch {
                throw values.fault("next_hop", "\(error)")
            }
        }
    }

    /// - Parameter standard: what holds for all others.
    func policy(_ standard: DestinationPolicy) throws(RecordFault) -> DestinationPolicy {
        var policy = standard
        policy.connections = try values.integer("connections", in: 1...10_000)
        policy.rate = try values.text("rate").map { (text) throws(RecordFault) in try rate(text) }
        policy.retry.first = try milliseconds("retry_first") ?? policy.retry.first
        policy.retry.factor = try values.number("retry_factor", in: 1...10) ?? policy.retry.factor
        policy.retry.cap = try milliseconds("retry_cap") ?? policy.retry.cap
        policy.retry.maximumAge = try milliseconds("retry_max_age") ?? policy.retry.maximumAge
        policy.delayWarning = try milliseconds("delay_warning") ?? policy.delayWarning
        return policy
    }

    private func milliseconds(_ key: String) throws(RecordFault) -> UInt64? {
        try values.seconds(key, in: 0.001...31_536_000).map { UInt64($0 * 1000) }
    }

    /// `100/1m`: messages in a span of time.
    private func rate(_ text: String) throws(RecordFault) -> DeliveryRate {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let span = parts.count == 2 ? (parts[1].first?.isNumber ?? false ? String(parts[1]) : "1\(parts[1])") : ""
        guard parts.count == 2, let messages = Double(parts[0]), messages > 0, messages <= 1e9,
            let duration = try? HumanDuration(parsing: span), duration.seconds > 0
        else { throw values.fault("rate", "'\(text)': expected messages/duration, such as 100/1m or 20/s") }
        return DeliveryRate(messages: messages, milliseconds: duration.seconds * 1000)
    }
}
