import CostModel
import Testing

@Suite struct BreakEvenTests {
    private static let plan = SendingPlan(messagesPerHour: 1, hoursPerDay: 10, days: 10)

    private func point(_ setup: Setup, _ tariff: Tariff) -> BreakEven {
        BreakEven(
            setup, Self.plan,
            against: ServicePrice(name: "service", tariff: tariff, source: PriceSource(text: "made up", date: "2026")))
    }

    /// Every machine that is added does at least as well as the first: $73 a month (0.1 × 730) for up to 10 billion.
    private func plain(mmh: Double = 100) throws -> Setup { try MonthlyCostTests.setup("plain", mmh: mmh) }

    /// $73 / $0.0001 a message.
    @Test func aFlatPriceIsCrossedOnce() throws {
        #expect(first(point(try plain(), Tariff(flat: 0.0001))) == 730_000)
        guard case .from = point(try plain(), Tariff(flat: 0.0001)) else {
            Issue.record("not once and for all")
            return
        }
    }

    /// $73 + $3,000: 10 million at $0.16 a thousand are $1,600; the other $1,473 buy 10,521,429 at $0.14.
    @Test func tiersAreExact() throws {
        var setup = try plain()
        setup.support = MonthlyFee(name: "fee", usdPerMonth: 3000, source: PriceSource(text: "made up", date: ""))
        let tariff = Tariff(tiers: [.init(upTo: 10e6, usd: 0.00016), .init(upTo: nil, usd: 0.00014)])
        #expect(first(point(setup, tariff)) == 20_521_429)
    }

    /// A machine does 1 million in these 100 hours and costs $73: at $0.1 a thousand from 730,000; the second machine
    /// pays from 1.46 million, the third from 2.19 million, the fourth is needed at 3 million and pays from 2.92.
    @Test func furtherMachinesLeaveGaps() throws {
        let point = point(try plain(mmh: 0.01), Tariff(flat: 0.0001))
        #expect(first(point) == 730_000)
        guard case .mostly(_, let settled) = point else {
            Issue.record("\(point)")
            return
        }
        #expect(settled.rounded() == 2_190_000)
    }

    /// $73 for 1 million messages is $0.073 a thousand: dearer than $0.07.
    @Test func aDearerMachineIsNeverCheaper() throws {
        #expect(point(try plain(mmh: 0.01), Tariff(flat: 0.000_07)) == .never)
    }

    /// 2 MB at $0.10 and then $0.05 a GB are $0.20 and $0.10 a thousand: a service for $0.10 is never dearer.
    @Test func trafficAloneMayCostMore() throws {
        var setup = try MonthlyCostTests.setup("plain", mmh: 100, bytes: 2_000_000)
        setup.egress = try Prices.book().egress("test")
        #expect(point(setup, Tariff(flat: 0.0001)) == .never)
        // Against $0.15 a thousand: 100 GB are 50,000 messages for $10 against $7.50; then 0.00005 a message gains
        // $75.50: 1,510,000 more.
        #expect(first(point(setup, Tariff(flat: 0.00015))) == 1_560_000)
    }

    /// $0.16 against $0.05 of traffic (1 MB at $0.05 a GB, beyond 100 GB); above 10 million the service takes $0.03.
    @Test func aServiceMayBecomeCheaperAgain() throws {
        var setup = try MonthlyCostTests.setup("plain", mmh: 100, bytes: 1_000_000)
        setup.egress = try Prices.book().egress("test")
        let tariff = Tariff(tiers: [.init(upTo: 10e6, usd: 0.00016), .init(upTo: nil, usd: 0.00003)])
        guard case .between(let first, let until) = point(setup, tariff) else {
            Issue.record("\(point(setup, tariff))")
            return
        }
        // 100,000 messages: $10 + $73 against $16 leave $67 / 0.00011 a message more.
        #expect(first.rounded() == 709_091)
        // At 10 million $1,600 − $73 − $10 − $495 = $1,022, lost at 0.00002 a message: 51.1 million more.
        #expect(until.rounded() == 61_100_000)
    }

    private func first(_ point: BreakEven) -> Double? { point.first?.rounded() }
}
