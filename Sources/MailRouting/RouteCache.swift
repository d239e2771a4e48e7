/// Outcomes by domain, for as long as the DNS allows. A value; `now` is monotonic nanoseconds.
struct RouteCache {
    private struct Entry {
        var outcome: ExchangerOutcome
        var until: UInt64
        var serial: UInt64
    }
    private var entries: [String: Entry] = [:]
    /// Domains in the order of their coming; the oldest goes first.
    private var order: [(domain: String, serial: UInt64)] = []
    private var first = 0
    private var serial: UInt64 = 0
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { entries.count }

    func outcome(_ domain: String, now: UInt64) -> ExchangerOutcome? {
        guard let entry = entries[domain], entry.until > now else { return nil }
        return entry.outcome
    }

    mutating func insert(_ domain: String, _ outcome: ExchangerOutcome, until: UInt64) {
        serial += 1
        entries[domain] = Entry(outcome: outcome, until: until, serial: serial)
        order.append((domain, serial))
        while entries.count > limit { dropOldest() }
        // Renewed domains stand in the order twice: clear up now and then.
        if order.count > 2 * limit + 64 {
            order = order[first...].filter { entries[$0.domain]?.serial == $0.serial }
            first = 0
        }
    }

    private mutating func dropOldest() {
        let (domain, serial) = order[first]
        first += 1
        if entries[domain]?.serial == serial { entries[domain] = nil }
    }
}
