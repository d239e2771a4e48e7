package import MailAuthentication
package import MailRouting
package import MailTypes
import Measures

/// The name service as checks ask it: until a deadline, after which nothing is known any more.
package struct ResolverLookups: AuthenticationLookups {
    private let names: MailRouter
    private let secondsEach: Double
    private let deadline: MonotonicInstant

    /// - Parameters:
    ///   - secondsEach: for one question.
    ///   - seconds: for all of them together, from now on.
    package init(_ names: MailRouter, secondsEach: Double, seconds: Double) {
        self.names = names
        self.secondsEach = secondsEach
        deadline = MonotonicInstant(nanoseconds: MonotonicInstant.now().nanoseconds + UInt64(seconds * 1e9))
    }

    private func ask<Value>(
        _ name: String, _ type: DNSType, _ value: ([UInt8]) -> Value?
    ) async -> Lookup<Value> {
        guard DNSName.isName(name), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }) else {
            return .none(nameExists: false)
        }
        let now = MonotonicInstant.now().nanoseconds
        guard now < deadline.nanoseconds else { return .failed("no time left") }
        let left = Double(deadline.nanoseconds - now) / 1e9
        let answer = await names.ask(name, type, within: min(secondsEach, left))
        switch answer.status {
        case .found:
            let values = answer.records.compactMap(value)
            return values.isEmpty ? .none(nameExists: true) : .found(values)
        case .noData: return .none(nameExists: true)
        case .noName: return .none(nameExists: false)
        case .failed(let text): return .failed(text)
        }
    }

    package func texts(at name: String) async -> Lookup<[UInt8]> { await ask(name, .txt, Self.joined) }

    package func addresses(of name: String, _ family: AddressFamily) async -> Lookup<NetworkAddress> {
        await ask(name, family == .ipv4 ? .a : .aaaa) { NetworkAddress(octets: $0) }
    }

    package func exchangers(of name: String) async -> Lookup<Exchanger> {
        await ask(name, .mx) { MXRecord($0).map { Exchanger(preference: $0.preference, host: $0.host) } }
    }

    package func names(of address: NetworkAddress) async -> Lookup<String> {
        let zone = address.isIPv4 ? "in-addr.arpa" : "ip6.arpa"
        return await ask("\(DNSName.reversed(address)).\(zone)", .ptr) { MXRecord.hostName($0[...]) }
    }

    /// The strings of a TXT record, one behind the other.
    private static func joined(_ rdata: [UInt8]) -> [UInt8]? {
        var (rest, text): (ArraySlice<UInt8>, [UInt8]) = (rdata[...], [])
        while let length = rest.popFirst() {
            guard rest.count >= Int(length) else { return nil }
            text += rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
        }
        return text
    }
}
