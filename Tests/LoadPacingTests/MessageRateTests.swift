import Testing

import LoadPacing

@Suite struct MessageRateTests {
    @Test func oneMMHIsAMillionAnHour() {
        #expect(MessageRate(perSecond: 1e6 / 3600).mmh == 1)
    }
}
