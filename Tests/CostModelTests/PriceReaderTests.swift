import CostModel
import Foundation
import RunRecords
import Testing

@Suite struct PriceReaderTests {
    @Test func everyKindOfPriceIsRead() throws {
        let book = try Prices.book()
        let small = try #require(book.instance("small"))
        #expect((small.vcpu, small.memoryGiB, small.nicMbitPerSecond, small.diskMBPerSecond) == (4, 8, 1000, 100))
        #expect((small.usdPerHour, small.usdPerHourReserved, small.coreMarkPerSecond) == (1, 0.5, 80_000))
        #expect(small.cloud == "test")
        #expect(small.source == PriceSource(text: "made up", date: "2026-11"))
        let plain = try #require(book.instance("plain"))
        #expect((plain.usdPerHourReserved, plain.coreMarkPerSecond, plain.diskMBPerSecond) == (nil, nil, nil))
        #expect(plain.source.date == "2026-07-20")
        #expect(plain.source.needsVerifying)
        #expect(!small.source.needsVerifying)
        #expect(book.egress("test")?.tariff.bounds == [100])
        #expect(book.support.map(\.usdPerMonth) == [300])
        #expect(book.licences.map(\.name) == ["free"])
        #expect(book.services.map(\.name) == ["Flat", "Range, low", "Range, high", "Tiers"])
        #expect(abs(book.services[2].tariff.total(1000) - 1.3) < 1e-12)
    }

    @Test(arguments: [
        ("    vcpu: 4\n", "    vcpus: 4\n", "did you mean 'vcpu'?"),
        ("    source: made up\n  - name: plain", "  - name: plain", "key 'instances[0].source': is missing"),
        ("as_of: 2026-11\n", "", "key 'as_of': is missing"),
        ("as_of: 2026-11", "as_of: 2026-13", "expected a date such as 2026-11 or 2026-07-20"),
        ("as_of: 2026-11", "as_of: November", "expected a date such as 2026-11 or 2026-07-20"),
        ("up_to_gb: 100,", "", "is missing: only the last tier has no bound"),
        (
            "- {usd_per_gb: 0.05}", "- {up_to_gb: 50, usd_per_gb: 0.05}\n    - {usd_per_gb: 0.01}",
            "expected more than the tier"
        ),
        ("- {usd_per_gb: 0.05}", "- {up_to_gb: 500, usd_per_gb: 0.05}", "the last tier has a bound"),
        ("usd_per_thousand_high: 1.3", "usd_per_thousand_high: 0.3", "expected more than usd_per_thousand_low"),
        ("usd_per_thousand_high: 1.3, ", "", "expected either 'usd_per_thousand'"),
        ("usd_per_hour_reserved_1y: 0.5", "usd_per_hour_reserved_1y: 5", "expected no more than usd_per_hour"),
        ("usd_per_hour: 0.1", "usd_per_hour: free", "'free': expected a number"),
        ("name: plain", "name: small", "'small' is there twice"),
        ("cloud: test\n", "", "the file names no cloud"),
        ("{name: gold, usd_per_month: 300,", "{name: gold, usd_per_month: -1,", "expected 0.0 to"),
    ])
    func mistakesAreNamedWithTheirPlace(right: String, wrong: String, said: String) throws {
        #expect(Prices.text.contains(right))
        let text = Prices.text.replacingOccurrences(of: right, with: wrong)
        let fault = try #require(throws: RecordFault.self) { _ = try Prices.book(text) }
        #expect(fault.description.contains(said), "\(fault)")
        #expect(fault.description.contains(#/prices/test.yaml:\d+: /#), "\(fault)")
    }

    static let shipped =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/profiles/prices"

    /// Prices that somebody remembered say so.
    @Test func theShippedPricesAreReadWithTheirSources() throws {
        let book = try PriceBook(directory: Self.shipped)
        #expect(book.instances.count == 21)
        #expect(book.instance("c5.2xlarge")?.usdPerHour == 0.34)
        #expect(book.instance("c6g.16xlarge")?.usdPerHourReserved == 1.3709)
        #expect(book.instance("F8s_v2")?.source.needsVerifying == true)
        #expect(book.volume("gp3")?.source.needsVerifying == true)
        #expect(book.egress("aws")?.tariff.bounds == [10_240, 51_200, 153_600])
        #expect(book.egress("aws")?.source.needsVerifying == true)
        #expect(book.egress("azure")?.tariff.total(1) == 0.087)
        #expect(book.support.map(\.usdPerMonth).sorted() == [3100, 3300])
        #expect(book.support.allSatisfy { $0.source.text.contains("implied") })
        #expect(book.services.count == 6)
    }

    @Test func aDirectoryWithoutPricesIsAFault() throws {
        let fault = try #require(throws: RecordFault.self) { _ = try PriceBook(directory: "/nowhere") }
        #expect(fault.description == "/nowhere: no prices: expected files *.yaml")
    }
}
