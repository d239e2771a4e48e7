import Measures
import RunRecords
import Testing

/// Limits that end a program with 99: how they are written and when they hold.
@Suite struct ThresholdTests {
    private static let figures = [
        LimitedFigure("transaction_latency_ms_p99", unit: "ms", names: ["p99"]),
        LimitedFigure("delivered_mmh", unit: "MMH"), LimitedFigure("lost_messages", unit: "msg", names: ["lost"]),
        LimitedFigure("delivered_mb_per_s", unit: "MB/s", names: ["bandwidth"]),
        LimitedFigure("system_cpu_us_per_message_total", unit: "µs/msg", names: ["cpu"]),
        LimitedFigure("ratio", unit: ""),
    ]

    private func parse(_ text: String) throws(UnitFault) -> Threshold {
        try Threshold(parsing: text, figures: Self.figures)
    }

    @Test(arguments: [
        ("p99 < 50ms", "transaction_latency_ms_p99", 50.0), ("p99<0.05 s", "transaction_latency_ms_p99", 50),
        ("p99 <= 2m", "transaction_latency_ms_p99", 120_000), ("p99 < 900 µs", "transaction_latency_ms_p99", 0.9),
        ("p99 < 900μs", "transaction_latency_ms_p99", 0.9), ("p99 < 900us", "transaction_latency_ms_p99", 0.9),
        ("transaction_latency_ms_p99 < 50", "transaction_latency_ms_p99", 50), ("lost == 0", "lost_messages", 0),
        ("lost <= 3 msg", "lost_messages", 3), ("delivered_mmh >= 1_000/s", "delivered_mmh", 3.6),
        ("delivered_mmh > 4 mmh", "delivered_mmh", 4), ("bandwidth >= 1 Gbit/s", "delivered_mb_per_s", 125),
        ("cpu < 0.2 ms/msg", "system_cpu_us_per_message_total", 200), ("ratio > -1.5", "ratio", -1.5),
    ]) func aValueInAUnitOfItsKind(text: String, key: String, limit: Double) throws {
        let threshold = try parse(text)
        #expect(threshold.figure.key == key)
        #expect(abs(threshold.limit - limit) < 1e-9 * max(1, limit), "\(threshold.limit)")
        #expect(threshold.change == nil)
        #expect(threshold.description == text)
    }

    @Test(arguments: [
        ("ratio < 2", [true, false, false]), ("ratio <= 2", [true, true, false]), ("ratio == 2", [false, true, false]),
        ("ratio != 2", [true, false, true]), ("ratio >= 2", [false, true, true]), ("ratio > 2", [false, false, true]),
    ]) func holds(text: String, expected: [Bool]) throws {
        let threshold = try parse(text)
        #expect([1.9, 2, 2.1].map { threshold.holds($0) } == expected)
        #expect(!threshold.holds(nil), "what cannot be shown does not hold")
    }

    @Test func changesAreInPerCentOfTheEarlier() throws {
        let drop = try parse("delivered_mmh drop < 5%")
        #expect(drop.change == .drop && drop.limit == 5)
        #expect(drop.change(from: 200, to: 180) == 10)
        #expect(drop.change(from: 200, to: 210) == -5)
        #expect(drop.change(from: 0, to: 210) == nil)
        let rise = try parse("p99 rise <= 10 %")
        #expect(rise.change == .rise)
        #expect(rise.change(from: 200, to: 180) == -10)
        #expect(try parse("p99 < 5ms").change(from: 1, to: 2) == nil)
    }

    @Test func findings() throws {
        #expect(try parse("p99 < 50ms").finding(63.204) == "p99 < 50ms: 63.2 ms")
        #expect(try parse("delivered_mmh drop < 5%").finding(12.5) == "delivered_mmh drop < 5%: 12.5 %")
        #expect(try parse("ratio < 2").finding(12345.6) == "ratio < 2: 12,346")
        #expect(try parse("p99 < 5s").finding(nil, reason: "withheld") == "p99 < 5s: withheld")
    }

    @Test(arguments: [
        ("p98 < 50ms", "unknown figure 'p98', did you mean 'p99'?"),
        ("delivered_mmhh > 1", "did you mean 'delivered_mmh'?"),
        ("xyzzyxyzzy > 1", "unknown figure 'xyzzyxyzzy'; known: "),
        ("p99 < 50", "'p99' is in ms: expected ns, µs, ms, s, min, h"), ("p99 < 50MB", "'p99' is in ms: expected ns"),
        ("ratio < 5ms", "'ratio' is in no unit"),
        ("delivered_mmh drop < 5", "expected per cent after 'drop', such as 5%"),
        ("p99", "expected NAME [drop|rise] COMPARISON VALUE"), ("p99 = 5ms", "expected NAME [drop|rise]"),
        ("< 5ms", "expected NAME"), ("p99 < ms", "expected NAME"), ("p99 falls < 5%", "expected NAME"),
        ("p99 < 1.2.3ms", "expected NAME"), ("p99 < 1e3ms", "'p99' is in ms"), ("", "expected NAME"),
    ]) func refused(text: String, reason: String) {
        let fault = #expect(throws: UnitFault.self) { try parse(text) }
        #expect(fault?.description.hasPrefix("threshold '\(text)': ") == true)
        #expect(fault?.description.contains(reason) == true, "\(fault?.description ?? "")")
    }
}
