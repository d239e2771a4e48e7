import DeliveryQueue
import MailTypes
import SinkBehaviour
import TrafficShaping

/// A source that always has mail for some destinations, and receivers by rules, on a clock of their own: as the relay does
/// it, millisecond by millisecond.
struct VirtualRelay {
    fileprivate struct Connection {
        var served = 0
        var busyUntil: UInt64 = 0
    }
    struct Lane {
        let path: ShapedPath
        fileprivate var connections: [Connection] = []
        /// What holds now, and for which overlay it was put together.
        fileprivate var claims: [LimitBook.Claim] = []
        fileprivate var overlay: ShapingOverlay?
        fileprivate var limits = EgressLimits()
        /// When messages were begun, milliseconds.
        var begun: [UInt64] = []
        var accepted = 0
        /// Messages of connections that are closed because they had enough.
        var served: Set<Int> = []
        var mostConnections = 0
        var openConnections: Int { connections.count }
    }

    /// A transaction takes so long.
    static let transaction: UInt64 = 40
    static let source = "s"
    private(set) var lanes: [String: Lane] = [:]
    private let names: [String]
    private var automaton: ShapingAutomaton
    private var book = LimitBook()
    private var sink: BehaviourEngine
    /// What became of automatic rules, a line an event.
    private(set) var log: [String] = []
    private(set) var events: [ShapingEvent] = []
    /// Highest number of connections to all destinations of a provider.
    private(set) var mostToProvider = 0

    /// - Parameter destinations: domain and the name of its exchanger.
    init(_ plan: ShapingPlan, _ sink: SinkRules, to destinations: [(domain: String, mx: String)]) {
        automaton = ShapingAutomaton(plan)
        self.sink = BehaviourEngine(sink)
        names = destinations.map(\.domain)
        for (domain, mx) in destinations {
            lanes[domain] = Lane(
                path: plan.path(
                    ShapingQuestion(destination: domain, domain: domain, exchangers: [mx], source: Self.source)))
        }
    }

    mutating func run(from begin: UInt64, to end: UInt64) {
        for now in begin..<end {
            note(automaton.expire(now: now))
            for name in names { step(name, now) }
            let open = lanes.values.filter { $0.path.name.provider != nil }.reduce(0) { $0 + $1.openConnections }
            mostToProvider = max(mostToProvider, open)
        }
    }

    private mutating func note(_ events: [ShapingEvent]) {
        self.events += events
        log += events.map {
            "\($0.milliseconds) \($0.kind) \($0.id) \($0.rule) \($0.scope.text) \($0.action) \($0.until ?? 0) \($0.triggers) \($0.cause)"
        }
    }

    private mutating func step(_ name: String, _ now: UInt64) {
        var lane = lanes[name]!
        let overlay = automaton.overlay(for: lane.path, now: now)
        if overlay != lane.overlay { adopt(overlay, &lane, name) }
        close(&lane, isSuspended: overlay.suspendedUntil != nil, now)
        if overlay.suspendedUntil == nil {
            while lane.connections.count < lane.limits.connections ?? .max,
                book.connect(lane.claims, loop: 0, name: name, now: now) == nil
            {
                lane.connections.append(Connection())
            }
            lane.mostConnections = max(lane.mostConnections, lane.connections.count)
            serve(&lane, name, now)
        }
        lanes[name] = lane
    }

    private func adopt(_ overlay: ShapingOverlay, _ lane: inout Lane, _ name: String) {
        lane.overlay = overlay
        lane.limits = lane.path.limits.tightened(by: overlay.limits)
        lane.claims = [LimitBook.Claim(LimitKey.path(Self.source, name), lane.limits)]
        guard let provider = lane.path.name.provider else { return }
        lane.claims.append(.init(LimitKey.provider(provider), lane.path.providerLimits))
    }

    /// Connections that have had enough, or that are too many now.
    private mutating func close(
        _ lane: inout Lane, isSuspended: Bool, _ now: UInt64
    ) {
        let limits = lane.limits
        for index in lane.connections.indices.reversed() where lane.connections[index].busyUntil <= now {
            let hasServedAll = lane.connections[index].served >= limits.messagesPerConnection ?? .max
            guard hasServedAll || isSuspended || lane.connections.count > limits.connections ?? .max else { continue }
            if hasServedAll { lane.served.insert(lane.connections[index].served) }
            lane.connections.remove(at: index)
            _ = book.disconnect(lane.claims.map(\.key), now: now)
        }
    }

    private mutating func serve(_ lane: inout Lane, _ name: String, _ now: UInt64) {
        var index = 0
        while index < lane.connections.count {
            defer { index += 1 }
            guard lane.connections[index].busyUntil <= now else { continue }
            guard book.begin(lane.claims, now: now) == nil else { return }
            lane.begun.append(now)
            lane.connections[index].served += 1
            lane.connections[index].busyUntil = now + Self.transaction
            let question = SinkQuestion(.rcpt, sender: MailAddress("a@s.test"), recipients: [MailAddress("b@" + name)])
            switch sink.decide(question, now: now * 1_000_000).outcome {
            case .answer(let reply?), .close(let reply?):
                note(automaton.observe(.reply(reply), on: lane.path, now: now))
                // The rest of this millisecond goes by what holds now.
                return
            default: lane.accepted += 1
            }
        }
    }
}
