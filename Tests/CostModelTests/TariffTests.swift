import CostModel
import Testing

@Suite struct TariffTests {
    private static let aws = Tariff(tiers: [
        .init(upTo: 10_240, usd: 0.09), .init(upTo: 51_200, usd: 0.085), .init(upTo: 153_600, usd: 0.07),
        .init(upTo: nil, usd: 0.05),
    ])

    /// By hand: 10,240 × 0.09 = 921.60; 19,760 × 0.085 = 1,679.60; 40,960 × 0.085 = 3,481.60; 102,400 × 0.07 = 7,168;
    /// 6,400 × 0.05 = 320.
    @Test(arguments: [
        (0.0, 0.0), (100, 9), (10_240, 921.6), (30_000, 2601.2), (51_200, 4403.2), (153_600, 11_571.2),
        (160_000, 11_891.2),
    ])
    func eachPartIsPaidAtItsOwnTier(volume: Double, usd: Double) {
        #expect(abs(Self.aws.total(volume) - usd) < 1e-9)
    }

    @Test func oneTierIsFlat() {
        #expect(Tariff(flat: 0.087).total(1000) == 87)
        #expect(Tariff(flat: 0.087).isFlat)
        #expect(!Self.aws.isFlat)
    }
}
