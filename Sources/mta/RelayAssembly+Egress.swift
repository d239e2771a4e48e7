import DeliveryQueue
import MTAConfiguration
import MailTypes
import Measures
import NIOCore
import ProgramSupport
import RelayService
import SMTPTransport

// Sources, pools and limits.
extension RelayAssembly {
    func addSources(to egress: inout EgressConfiguration) throws {
        for section in settings.egressSources { egress.sources[section.name] = try source(section) }
        for section in settings.egressPools {
            egress.pools[section.name] = EgressPool(
                name: section.name, members: section.sources.map { .init(source: $0.source, weight: $0.weight) })
        }
    }

    private func source(_ section: EgressSourceSection) throws -> EgressSource {
        var source = EgressSource(name: section.name)
        source.addresses = section.addresses
        source.ehloName = section.ehloName?.text
        source.port = section.port
        source.proxy = try proxy(section)
        source.limits = section.limits?.values.limits ?? EgressLimits()
        source.limitsByDestination = section.limitsByDestination?.values.limits ?? EgressLimits()
        source.suspendsWhenUnplumbed = section.suspendsWhenUnplumbed
        return source
    }

    private func proxy(_ section: EgressSourceSection) throws -> OutboundProxy? {
        if let endpoint = section.haproxy {
            return OutboundProxy(
                address: try address(endpoint, section, "haproxy"), kind: .haproxy(sources: section.haproxySources))
        }
        guard let endpoint = section.socks5 else { return nil }
        var password = ""
        if let file = section.socks5PasswordFile {
            guard let text = SystemFiles().text(file) else { throw UsageFault("\(file): cannot be read") }
            password = MTASettings.password(in: text)
        }
        return OutboundProxy(
            address: try address(endpoint, section, "socks5"),
            kind: .socks5(user: section.socks5User, password: password))
    }

    private func address(_ endpoint: Endpoint, _ section: EgressSourceSection, _ key: String) throws -> SocketAddress {
        do { return try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port) } catch {
            let text = "\(endpoint): \(error)"
            throw UsageFault(section.mapping?.fault(key, text).description ?? text)
        }
    }

    /// - Parameter usual: what holds for all, where this is a domain's.
    func hosts(_ values: HostValues, over usual: HostChoice = HostChoice()) -> HostChoice {
        var choice = usual
        if !values.skipped.isEmpty { choice.skipped = values.skipped }
        if let reconnect = values.reconnect { choice.reconnect = .init(rawValue: reconnect.rawValue)! }
        choice.triesNextHost = values.triesNextHost ?? usual.triesNextHost
        return choice
    }

    // MARK: Limits

    func limits(_ delivery: DeliverySection) -> EgressLimits {
        var limits = delivery.limits.limits
        limits.connections = delivery.connections
        limits.messageRate = delivery.rate
        if delivery.messagesPerConnection > 0 { limits.messagesPerConnection = delivery.messagesPerConnection }
        return limits
    }

    /// What is not said is as for all.
    func limits(_ domain: DomainSection) -> EgressLimits {
        var own = domain.limits.limits
        own.connections = domain.connections
        own.messageRate = domain.rate
        var all = own.falling(backTo: limits(settings.delivery))
        // 0: no limit, whatever is said for all.
        if let count = domain.messagesPerConnection { all.messagesPerConnection = count > 0 ? count : nil }
        return all
    }
}
