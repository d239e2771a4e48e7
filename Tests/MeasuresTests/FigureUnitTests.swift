import Measures
import Testing

@Suite struct FigureUnitTests {
    @Test(arguments: [
        (1.0, "MMH", "msg/s", 277.777_777_777_8), (3600, "/h", "msg/s", 1), (1, "GiB", "MB", 1073.741_824),
        (8, "Gbit/s", "MB/s", 1000), (1, "h", "ms", 3_600_000), (250, "us/msg", "ms/msg", 0.25), (5, "%", "%", 5),
    ]) func converts(value: Double, from: String, to: String, expected: Double) throws {
        let found = try #require(FigureUnit.convert(value, from: from, to: to))
        #expect(abs(found - expected) < 1e-9 * expected)
    }

    @Test(arguments: [("ms", "MB"), ("", "ms"), ("ms", ""), ("fortnight", "s"), ("µs", "µs/msg"), ("MB", "MB/s")])
    func kindsDoNotMix(from: String, to: String) { #expect(FigureUnit.convert(1, from: from, to: to) == nil) }

    @Test func threeDigitsOfWhateverSize() {
        let cases: [(Double, String)] = [
            (12345.6, "12,346"), (123.456, "123"), (12.3456, "12.3"), (1.23456, "1.23"), (0.123456, "0.123"),
            (0.00123456, "0.00123"), (0, "0.00"), (-1.236, "-1.24"), (999.6, "1,000"), (.infinity, "n/a"),
            (1e30, "n/a"), (1e-12, "0.000000000"),
        ]
        for (value, text) in cases { #expect(significant(value, 3) == text, "\(value)") }
    }
}
