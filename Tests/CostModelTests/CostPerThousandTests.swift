import Testing

import CostModel

@Suite struct CostPerThousandTests {
    @Test func anHourlyPriceIsSpreadOverItsMessages() {
        let cost = CostPerThousand(usdPerHour: 0.34, messagesPerHour: 3_400_000)
        #expect(abs(cost.usd - 0.0001) < 1e-12)
        #expect(abs(cost.usdPerMillion - 0.1) < 1e-9)
    }
}
