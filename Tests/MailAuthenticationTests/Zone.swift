import MailAuthentication
import MailTypes
import Synchronization

/// What a DNS of a test says, from records as they are written; it counts what it is asked.
final class Zone: AuthenticationLookups {
    private var records: [String: [String]] { state.withLock { $0.records } }
    private struct State {
        /// By `name TYPE`, lower case.
        var records: [String: [String]] = [:]
        var failing: Set<String> = []
        var asked: [String] = []
    }
    private let state = Mutex(State())

    /// - Parameter records: `name TYPE value`, one a line.
    init(_ records: String = "") {
        for line in records.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
            if parts.count == 3 { add(parts[0], parts[1], parts[2]) }
        }
    }

    func add(_ name: String, _ type: String, _ value: String) {
        state.withLock { $0.records["\(name.lowercased()) \(type)", default: []].append(value) }
    }

    /// Questions for it are not answered: `name TYPE`.
    func fail(_ question: String) { state.withLock { _ = $0.failing.insert(question) } }

    var asked: [String] { state.withLock { $0.asked } }

    private func values(_ name: String, _ type: String) -> Lookup<String> {
        let name = name.lowercased()
        return state.withLock { state in
            state.asked.append("\(name) \(type)")
            if state.failing.contains("\(name) \(type)") { return .failed("SERVFAIL") }
            if let found = state.records["\(name) \(type)"] { return .found(found) }
            return .none(
                nameExists: state.records.keys.contains { $0.hasPrefix(name + " ") || $0.contains("." + name + " ") })
        }
    }

    func texts(at name: String) async -> Lookup<[UInt8]> { values(name, "TXT").map { Array($0.utf8) } }
    func addresses(of name: String, _ family: AddressFamily) async -> Lookup<NetworkAddress> {
        values(name, family == .ipv4 ? "A" : "AAAA").map { NetworkAddress($0)! }
    }
    func exchangers(of name: String) async -> Lookup<Exchanger> {
        values(name, "MX").map { text in
            let parts = text.split(separator: " ")
            return Exchanger(preference: Int(parts[0])!, host: parts.count > 1 ? String(parts[1]) : "")
        }
    }
    func names(of address: NetworkAddress) async -> Lookup<String> { values(address.description, "PTR").map { $0 } }
}

extension Lookup {
    fileprivate func map<Other>(_ body: (Value) -> Other) -> Lookup<Other> {
        switch self {
        case .found(let values): .found(values.map(body))
        case .none(let nameExists): .none(nameExists: nameExists)
        case .failed(let text): .failed(text)
        }
    }
}
