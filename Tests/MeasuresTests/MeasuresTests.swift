import Foundation
import Measures
import Testing

@Suite struct HumanUnitsTests {
    static let sizes: [(String, Int)] = [
        ("0", 0), ("1024", 1024), ("100kb", 100_000), ("100KB", 100_000), ("64KiB", 65_536), ("1.5MB", 1_500_000),
        ("1 GB", 1_000_000_000), ("2GiB", 2_147_483_648), ("1_000", 1000), ("1,000", 1000), ("5b", 5), ("10k", 10_000),
    ]
    @Test(arguments: sizes) func bytes(text: String, value: Int) throws {
        #expect(try ByteCount(parsing: text).bytes == value)
    }

    @Test(arguments: ["", "kb", "-1", "1xb", "1.5", "1,5MB", "12,34", "0.1b", "1e3", "NaN", "99999999GB"])
    func badBytes(text: String) {
        #expect(throws: UnitFault.self) { try ByteCount(parsing: text) }
    }

    static let spans: [(String, UInt64)] = [
        ("60", 60_000_000_000), ("60s", 60_000_000_000), ("500ms", 500_000_000), ("2m", 120_000_000_000),
        ("1.5h", 5_400_000_000_000), ("5d", 432_000_000_000_000), ("10us", 10_000), ("0s", 0),
    ]
    @Test(arguments: spans) func durations(text: String, value: UInt64) throws {
        #expect(try HumanDuration(parsing: text).nanoseconds == value)
    }

    @Test(arguments: ["", "s", "-1s", "1w", "1 fortnight", "..s", "0.1ns"]) func badDurations(text: String) {
        #expect(throws: UnitFault.self) { try HumanDuration(parsing: text) }
    }

    @Test func descriptions() throws {
        #expect(try HumanDuration(parsing: "90s").description == "1.5m")
        #expect(ByteCount(bytes: 100_000).description == "100 KB")
        #expect(ByteCount(bytes: 1_234_567).description == "1.23 MB")
        #expect(ByteCount(bytes: 12).description == "12 B")
    }

    @Test func numbers() {
        #expect(fixed(3.14159, 2) == "3.14")
        #expect(fixed(0.005, 1) == "0.0")
        #expect(fixed(-1.5, 1) == "-1.5")
        #expect(fixed(-0.01, 1) == "0.0")
        #expect(fixed(1e9, 0) == "1000000000")
        #expect(fixed(.nan, 2) == "n/a")
        #expect(fixed(.infinity, 2) == "n/a")
        #expect(fixed(-0.0, 2) == "0.00" && fixed(0.995, 2) == "1.00" && fixed(99.999, 2) == "100.00")
        #expect(fixed(1e30, 2) == "n/a", "beyond an Int there are no digits to show")
        #expect(grouped(1_234_567) == "1,234,567")
        #expect(grouped(-1000) == "-1,000")
        #expect(grouped(999) == "999")
        #expect(grouped(0) == "0" && grouped(1000) == "1,000" && grouped(-999) == "-999")
        #expect(grouped(UInt64.max) == "18,446,744,073,709,551,615")
        #expect(grouped(Int.min) == "-9,223,372,036,854,775,808")
    }
}

@Suite struct EndpointTests {
    @Test func goodOnes() throws {
        let plain = try Endpoint(parsing: "127.0.0.1:2525", flag: "--x")
        #expect(plain.host == "127.0.0.1" && plain.port == 2525 && plain.isLoopback)
        let six = try Endpoint(parsing: "[::1]:25", flag: "--x")
        #expect(six.host == "::1" && six.description == "[::1]:25" && six.isLoopback)
        #expect(try !Endpoint(parsing: "mx.example.org:25", flag: "--x").isLoopback)
    }

    /// Programs refuse to send to other machines by this answer, so a name must not pass for an address.
    static let loopback: [(String, Bool)] = [
        ("localhost:1", true), ("[::1]:1", true), ("127.0.0.1:1", true), ("127.255.255.254:1", true),
        ("127.evil.example:1", false), ("127.0.0.evil:1", false), ("127.a.b.com:1", false), ("127.0.0.256:1", false),
        ("127.0.0.:1", false), ("127.0.0.1.example:1", false), ("128.0.0.1:1", false), ("0.0.0.0:1", false),
        ("[::2]:1", false), ("localhost.example:1", false), ("127.0.0.+1:1", false), ("127...1:1", false),
    ]
    @Test(arguments: loopback) func isLoopback(text: String, expected: Bool) throws {
        #expect(try Endpoint(parsing: text, flag: "--x").isLoopback == expected)
    }

    @Test(arguments: [
        "", "127.0.0.1", ":25", "x:", "x:66000", "x:-1", "x:25x", "x:+25", "[]:25", "[::1:25", "::1]:25", "[::1]",
    ])
    func badOnes(text: String) {
        #expect(throws: UnitFault.self) { try Endpoint(parsing: text, flag: "--x") }
    }
}

@Suite struct LatencyHistogramTests {
    @Test func percentilesWithinThreeDigits() {
        var histogram = LatencyHistogram()
        for value in 1...10_000 as ClosedRange<UInt64> { histogram.record(nanoseconds: value * 1000) }
        #expect(histogram.count == 10_000)
        #expect(histogram.min_ns == 1000 && histogram.max_ns == 10_000_000)
        for (percentile, exact) in [(50.0, 5_000_000.0), (90, 9_000_000), (99, 9_900_000), (99.9, 9_990_000)] {
            #expect(abs(Double(histogram.percentile(percentile)) / exact - 1) < 0.002)
        }
        #expect(histogram.percentile(100) == 10_000_000)
    }

    @Test func mergingIsAddingAndCodingKeepsAll() throws {
        var (a, b, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in stride(from: UInt64(500), to: 5_000_000_000, by: 77_777_777) {
            a.record(nanoseconds: value)
            b.record(nanoseconds: value * 3, count: 2)
            both.record(nanoseconds: value)
            both.record(nanoseconds: value * 3, count: 2)
        }
        a.merge(b)
        #expect(a.count == both.count && a.min_ns == both.min_ns && a.max_ns == both.max_ns)
        #expect(a.percentile(99) == both.percentile(99))
        let decoded = try JSONDecoder().decode(LatencyHistogram.self, from: JSONEncoder().encode(a))
        #expect(decoded.count == a.count && decoded.max_ns == a.max_ns)
        for percentile in [1.0, 50, 90, 99, 99.99] {
            #expect(decoded.percentile(percentile) == a.percentile(percentile))
        }
    }

    @Test func emptyIsZero() {
        let empty = LatencyHistogram()
        #expect(
            empty.count == 0 && empty.percentile(99) == 0 && empty.min_ns == 0 && empty.max_ns == 0
                && empty.mean_ns == 0)
    }

    @Test func tamperedCountsAreRefused() {
        let text = #"{"unit":"ns","significant_digits":3,"count":3,"min_ns":1000,"max_ns":1000,"buckets":[[1000,2]]}"#
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(LatencyHistogram.self, from: Data(text.utf8)) }
    }

    @Test func hoursAreCapped() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: .max)
        #expect(histogram.count == 1)
    }
}

@Suite struct ProcessUsageTests {
    @Test func countsThisProcess() {
        let usage = ProcessUsage.current()
        #expect(usage.memoryPeakBytes > 1_000_000)
        #expect(usage.cpuSeconds > 0)
        #expect(processorCount() >= 1)
    }

    /// RFC 4180 §2.
    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("a\r\nb", "\"a\r\nb\""),
        ("", ""),
        ("\"", "\"\"\"\""), (" a ", " a "),
    ])
    func fieldsOfCSVAreQuotedWhereTheyMustBe(_ text: String, _ written: String) {
        #expect(csvField(text) == written)
    }
}
