import Measures
import MessageBuilding

/// What `mta top` shows: the relay at one moment, and what has changed since the moment before.
struct TopSample {
    /// One destination.
    struct Row {
        var name: String
        var ready, deferred, scheduled, inFlight, suspended, held, connections: Int
        /// Deliveries that ended a second; nil: it was not there before.
        var rate: Double?
        var failure: String

        var queued: Int { ready + deferred + scheduled + inFlight + suspended + held }
    }

    enum Order: String, CaseIterable {
        case queued, rate, deferred, connections, name
    }

    let answer: JSONValue
    private let before: JSONValue?

    /// - Parameter before: the sample of the moment before; nil: there is none.
    init(_ answer: JSONValue, before: TopSample? = nil) {
        self.answer = answer
        self.before = before?.answer
    }

    func count(_ field: String) -> Int { answer[field]?.int ?? 0 }

    var seconds: Double {
        guard let before else { return 0 }
        return Double(count("now_unix_ms") - (before["now_unix_ms"]?.int ?? 0)) / 1_000
    }

    /// Of a counter, a second; nil: there is nothing to compare with.
    func rate(_ field: String) -> Double? {
        guard let before, seconds > 0, let old = before[field]?.int, count(field) >= old else { return nil }
        return Double(count(field) - old) / seconds
    }

    /// Below so many milliseconds were so many of the deliveries between the two moments; nil: there were none.
    func latency(_ share: Double) -> Double? {
        let now = answer["delivery_time_counts"]?.items.map(\.int) ?? []
        let old = before?["delivery_time_counts"]?.items.map(\.int) ?? []
        guard now.count == old.count else { return nil }
        let counts = zip(now, old).map { max(0, $0 - $1) }
        let wanted = Double(counts.reduce(0, +)) * share
        guard wanted > 0 else { return nil }
        var sum = 0.0
        var bound = 0.001
        for (step, count) in counts.enumerated() {
            sum += Double(count)
            if step > 0 { bound *= 2 }
            if sum >= wanted { return bound }
        }
        return nil
    }

    /// - Parameter filter: part of the names; empty: all.
    func rows(_ order: Order, filter: String) -> [Row] {
        let old = Dictionary(
            (before?["busiest"]?.items ?? []).map { ($0["name"]?.plain ?? "", $0["finished"]?.int ?? 0) }
        ) { first, _ in first }
        let rows = (answer["busiest"]?.items ?? []).map { row($0, old) }.filter {
            filter.isEmpty || $0.name.contains(filter)
        }
        return rows.sorted { a, b in
            switch order {
            case .queued: (b.queued, a.name) < (a.queued, b.name)
            case .rate: (b.rate ?? -1, a.name) < (a.rate ?? -1, b.name)
            case .deferred: (b.deferred, a.name) < (a.deferred, b.name)
            case .connections: (b.connections, a.name) < (a.connections, b.name)
            case .name: a.name < b.name
            }
        }
    }

    private func row(_ one: JSONValue, _ old: [String: Int]) -> Row {
        func count(_ field: String) -> Int { one[field]?.int ?? 0 }
        let name = one["name"]?.plain ?? ""
        var rate: Double?
        if let finished = old[name], seconds > 0, count("finished") >= finished {
            rate = Double(count("finished") - finished) / seconds
        }
        return Row(
            name: name, ready: count("ready_count"), deferred: count("deferred"), scheduled: count("scheduled"),
            inFlight: count("in_flight"), suspended: count("suspended"), held: count("held"),
            connections: count("connection_count"), rate: rate, failure: one["last_failure"]?.plain ?? "")
    }
}
