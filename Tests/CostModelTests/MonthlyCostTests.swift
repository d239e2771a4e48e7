import CostModel
import Testing

@Suite struct MonthlyCostTests {
    static func setup(_ name: String = "small", mmh: Double = 4, bytes: Double = 100_000) throws -> Setup {
        let book = try Prices.book()
        return Setup(
            instance: try #require(book.instance(name)),
            rate: MachineRate(messagesPerHour: mmh * 1e6, kind: .given, basis: "given by a test"), messageBytes: bytes)
    }

    static let plan = SendingPlan(messagesPerHour: 1e6, hoursPerDay: 10, days: 30)

    /// By hand: 300 million messages of 100 KB are 30,000 GB: 100 × 0.10 + 29,900 × 0.05 = $1,505. The volume:
    /// 100 × 0.08 + 4,200 × 0.005 + 100 × 0.04 = $33. The machine: 730 × $1.
    @Test func aMonthIsTheSumOfItsParts() throws {
        let book = try Prices.book()
        var setup = try Self.setup()
        setup.volume = RentedVolume.published(try #require(book.volume("gp3")))
        setup.egress = book.egress("test")
        setup.support = book.support[0]
        let cost = MonthlyCost(setup, Self.plan)
        #expect((cost.messages, cost.machines) == (300e6, 1))
        #expect((cost.compute, cost.storage, cost.support, cost.licence) == (730, 33, 300, 0))
        #expect(abs(cost.egress - 1505) < 1e-9)
        #expect(abs(cost.total - 2568) < 1e-9)
        // $2,568 / 300,000 thousand
        #expect(abs(cost.perThousand(cost.total).usd - 0.00856) < 1e-12)
        #expect(cost.utilisation == 0.25)
        #expect(cost.headroomPerHour == 3e6)
        // $1 an hour / 4 million
        #expect(abs(cost.computeAtFullRate.usdPerMillion - 0.25) < 1e-12)
    }

    @Test func reservedAndReturnedMachines() throws {
        var setup = try Self.setup()
        setup.paid = .working
        #expect(MonthlyCost(setup, Self.plan).compute == 300)
        (setup.paid, setup.reserved) = (.always, true)
        #expect(MonthlyCost(setup, Self.plan).compute == 365)
    }

    /// 1 billion in 24 hours is 41.67 million an hour: 11 machines of 4 MMH, 10.4 of them busy.
    @Test func aBillionADay() throws {
        let perHour = MessageVolume(count: 1e9, per: .day).perHour(hoursPerDay: 24, days: 30)
        let plan = SendingPlan(messagesPerHour: perHour, hoursPerDay: 24, days: 30)
        let cost = MonthlyCost(try Self.setup(), plan)
        #expect(cost.machines == 11)
        #expect(abs(cost.utilisation - 0.946_969_697) < 1e-8)
        #expect(cost.compute == 8030)
    }

    /// An exact multiple is no machine more, whatever a quotient rounds to.
    @Test func exactlyThreeMachinesAreThree() throws {
        let setup = try Self.setup(mmh: 0.1)
        #expect(setup.machines(messagesPerHour: 300_000) == 3)
        #expect(setup.machines(messagesPerHour: 300_001) == 4)
        #expect(setup.machines(messagesPerHour: 1) == 1)
    }

    @Test func whatIsIncludedCostsNothingMore() throws {
        let type = try #require(try Prices.book().volume("gp3"))
        #expect(RentedVolume(type, gigabytes: 100).usdPerMonth == 8)
        #expect(RentedVolume(type, gigabytes: 100, iops: 1000, mbPerSecond: 100).usdPerMonth == 8)
        #expect(RentedVolume(type, gigabytes: 100, iops: 1000).iops == 3000)
    }
}
