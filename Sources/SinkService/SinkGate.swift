import Measures
import NIOCore
import RunRecords
import SMTPProtocol
import SMTPTransport
import SinkBehaviour

/// The listening sockets of a sink, and the times at which nobody listens on them.
actor SinkGate {
    private struct Door {
        var configuration: SMTPListener.Configuration
        /// Nil while nobody listens.
        var listener: SMTPListener?
        let address: String
    }

    private let loops: LoopGroup
    private let sinkLoops: [SinkLoop]
    private let behaviour: SharedBehaviour?
    private var doors: [Door] = []
    private var isClosed = false
    private var opened = MonotonicInstant.now()
    private let refusals: [SinkRule]

    /// Binds all of them.
    /// - Parameter ranges: how many of the last ones belong to a range each; port 0 is the same port for a whole range.
    /// - Throws: what the system says of the first that cannot be had, with its address.
    init(
        _ configurations: [SMTPListener.Configuration], _ loops: LoopGroup, _ sinkLoops: [SinkLoop],
        _ behaviour: SharedBehaviour?, ranges: [Int] = []
    ) async throws {
        self.loops = loops
        self.sinkLoops = sinkLoops
        self.behaviour = behaviour
        refusals = behaviour?.rules.rules.filter { $0.action == .refuse } ?? []
        let single = configurations.count - ranges.reduce(0, +)
        for configuration in configurations[..<single] { doors.append(try await door(configuration)) }
        var rest = configurations[single...]
        for count in ranges {
            var port: Int?
            for var configuration in rest.prefix(count) {
                if configuration.port == 0, let port { configuration.port = port }
                let next = try await door(configuration)
                if configuration.port == 0 { port = next.configuration.port }
                doors.append(next)
            }
            rest = rest.dropFirst(count)
        }
    }

    private func door(_ configuration: SMTPListener.Configuration) async throws -> Door {
        let listener: SMTPListener
        do {
            listener = try await Self.bind(configuration, loops, sinkLoops, behaviour)
        } catch {
            throw RecordFault("\(Endpoint(host: configuration.host, port: configuration.port)): \(error)")
        }
        var fixed = configuration
        fixed.port = listener.localAddress.port ?? configuration.port
        return Door(configuration: fixed, listener: listener, address: listener.addressText)
    }

    private static func bind(
        _ configuration: SMTPListener.Configuration, _ loops: LoopGroup, _ sinkLoops: [SinkLoop],
        _ behaviour: SharedBehaviour?
    ) async throws -> SMTPListener {
        guard let behaviour else {
            return try await SMTPListener.bind(configuration, loops: loops) { SinkConnection(sinkLoops[$0.index]) }
        }
        return try await SMTPListener.bind(configuration, loops: loops) {
            ScriptedConnection(sinkLoops[$0.index], behaviour)
        }
    }

    /// With the ports really bound, in the order of the configuration.
    var addresses: [String] { doors.map(\.address) }

    /// Opens and closes what the rules want open or closed by now.
    func followRules() async {
        guard !refusals.isEmpty, !isClosed else { return }
        let now = MonotonicInstant.now()
        for index in doors.indices {
            let mustRefuse = refusals.contains { isDue($0, doors[index].address, now) }
            if mustRefuse, let listener = doors[index].listener {
                doors[index].listener = nil
                await listener.stopAccepting()
            } else if !mustRefuse, doors[index].listener == nil {
                // The port may be taken for a moment: the next turn tries again.
                doors[index].listener = try? await Self.bind(
                    doors[index].configuration, loops, sinkLoops, behaviour)
            }
        }
    }

    /// A window counts from the first connection; one that begins at once cannot wait for it.
    private func isDue(_ rule: SinkRule, _ address: String, _ now: MonotonicInstant) -> Bool {
        let listeners = rule.match.listeners
        guard listeners.isEmpty || listeners.contains(where: { $0.matches(address.utf8) }) else { return false }
        guard let window = rule.match.window else { return true }
        if window.after == 0, window.every == nil { return window.contains(now.nanoseconds(since: opened)) }
        guard let began = behaviour?.began else { return false }
        return window.contains(now.nanoseconds - min(began, now.nanoseconds))
    }

    /// Windows that begin at once begin again.
    func reset() { opened = .now() }

    /// Whether ``followRules()`` has to be called often.
    nonisolated var hasRefusals: Bool { !refusals.isEmpty }

    /// Stops accepting, and lets transactions in progress end.
    func close(limit: TimeAmount) async {
        isClosed = true
        for door in doors { await door.listener?.stopAccepting() }
        // All listeners share the loops: one of them asks all clients to go.
        await SMTPListener.drain(loops, limit: limit)
    }
}
