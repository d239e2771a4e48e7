/// From how many messages a month on own machines cost no more than a mail service.
///
/// Both costs are sums of straight pieces: own machines come one by one, egress and service have tiers. So the pieces are
/// looked at one after the other, and where the lines cross within one is exact.
package enum BreakEven: Hashable, Sendable {
    /// From so many on, up to a thousand machines.
    case from(Double)
    /// First from `first` on; then the service is the cheaper one again in places (behind each further machine, or where
    /// its price falls), and for good own machines from `settled` on.
    case mostly(first: Double, settled: Double)
    /// From `first` on, and from `until` on no more: the next message costs less at the service, however many there are.
    case between(first: Double, until: Double)
    /// Not up to a thousand machines.
    case never

    /// Machines up to which is looked.
    package static let machineLimit = 1000

    /// - Parameters:
    ///   - plan: its hours; the messages an hour are what is looked for.
    package init(_ setup: Setup, _ plan: SendingPlan, against service: ServicePrice) {
        let crossings = Self.crossings(setup, plan, service)
        guard let first = crossings.first(where: { $0.isCheaper })?.messages else {
            self = .never
            return
        }
        let last = crossings[crossings.count - 1]
        guard last.isCheaper else {
            self = .between(first: first, until: last.messages)
            return
        }
        self = last.messages == first ? .from(first) : .mostly(first: first, settled: last.messages)
    }

    private struct Crossing {
        var messages: Double
        /// From here on own machines cost no more.
        var isCheaper: Bool
    }

    /// Where the cheaper one changes, rising.
    private static func crossings(_ setup: Setup, _ plan: SendingPlan, _ service: ServicePrice) -> [Crossing] {
        let capacity = setup.rate.messagesPerHour * plan.hours
        var ends = (1...machineLimit).map { Double($0) * capacity }
        ends += service.tariff.bounds
        ends += (setup.egress?.tariff.bounds ?? []).map { $0 * 1e9 / setup.messageBytes }
        let limit = Double(machineLimit) * capacity
        var (found, from, wasCheaper): ([Crossing], Double, Bool) = ([], 0, false)
        for to in ends.filter({ $0 <= limit }).sorted() where to > from {
            let machines = (to / capacity - 1e-9).rounded(.up)
            func gain(_ messages: Double) -> Double {
                service.tariff.total(messages) - machines * setup.usdPerMachine(plan) - setup.fees
                    - setup.egressUSD(messages: messages)
            }
            // Just behind `from` there may be one machine more than at it: the piece begins with its own machines.
            let (begin, end) = (gain(from), gain(to))
            if (begin >= 0) != wasCheaper {
                wasCheaper.toggle()
                found.append(Crossing(messages: from, isCheaper: wasCheaper))
            }
            if (end >= 0) != wasCheaper {
                wasCheaper.toggle()
                let share = begin / (begin - end)
                found.append(Crossing(messages: from + (to - from) * share, isCheaper: wasCheaper))
            }
            from = to
        }
        return found
    }
}
