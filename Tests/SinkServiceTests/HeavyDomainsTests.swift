import Measures
import SinkService
import Testing

@Suite struct HeavyDomainsTests {
    private func name(_ number: Int) -> [UInt8] { Array("d\(number).test".utf8) }

    @Test func fewDomainsAreExact() {
        var domains = HeavyDomains()
        for number in 0..<1000 {
            for _ in 0...(number % 50) { domains.add(name(number), latency: UInt64(number) * 1000) }
        }
        domains.add(Array("D49.Test".utf8), latency: 5)
        let counts = domains.counts
        #expect(counts.count == HeavyDomains.reported + 1)
        #expect(counts[0].domain == "d49.test" && counts[0].received == 51)
        #expect(counts[0].endToEndLatency.min_ns == 5 && counts[0].endToEndLatency.max_ns == 49_000)
        #expect(counts.allSatisfy { $0.receivedAtMost == nil } && counts.last?.domain == HeavyDomains.other)
        #expect(counts.map(\.received).reduce(0, +) == 25_501)
        #expect(counts.map(\.endToEndLatency.count).reduce(0, +) == 25_501)
    }

    /// A heavy domain that comes behind a hundred thousand light ones is found, its count within what is said of it, and
    /// nothing is lost or counted twice.
    @Test func theHeavyAreFoundWheneverTheyCome() {
        var domains = HeavyDomains()
        for number in 0..<100_000 { domains.add(name(number), latency: 1_000_000) }
        for round in 0..<2000 {
            domains.add(Array("late.test".utf8), latency: 2_000_000)
            for number in 0..<9 { domains.add(name(200_000 + round * 9 + number), latency: nil) }
        }
        let counts = domains.counts
        #expect(counts[0].domain == "late.test")
        #expect(counts[0].received <= 2000 && (counts[0].receivedAtMost ?? 0) >= 2000)
        #expect(counts[0].received > 1900 && counts[0].endToEndLatency.count == counts[0].received)
        #expect(counts.map(\.received).reduce(0, +) == 120_000)
        #expect(counts.map(\.endToEndLatency.count).reduce(0, +) == 102_000)
    }

    /// Half a per cent, and the ends exactly.
    @Test func latenciesAreCloseToWhatTheyWere() {
        var domains = HeavyDomains()
        var exact = LatencyHistogram()
        for step in 1...10_000 as ClosedRange<UInt64> {
            domains.add(name(1), latency: step * 12_347)
            exact.record(nanoseconds: step * 12_347)
        }
        let found = domains.counts[0].endToEndLatency
        #expect(found.count == 10_000 && found.min_ns == 12_347 && found.max_ns == 123_470_000)
        for percentile in [1, 50, 90, 99, 99.9] {
            let (a, b) = (Double(found.percentile(percentile)), Double(exact.percentile(percentile)))
            #expect(abs(a - b) / b < 0.01, "p\(percentile): \(a) instead of \(b)")
        }
    }
}
