import CostModel
import PublishedBenchmarks
import Testing

@Suite struct FigureTests {
    private func finding(_ id: String) throws -> Finding {
        let all = FigureFindings.findings(try Shipped.library(), try Shipped.book())
        return try #require(all.first { $0.id == id }, "there is no line \(id)")
    }

    /// 3,313 × 0.0036 = 11.9268; 1,048: 3.7728; 806: 2.9016; 5,900: 21.24.
    @Test(arguments: [
        ("nitromta-nitromta", "11.93"), ("nitromta-kumomta", "3.773"), ("nitromta-postfix", "2.902"),
        ("kumomta-dev-2024", "21.24"),
    ])
    func ratesAreOneFigurePrintedTwice(id: String, mmh: String) throws {
        let finding = try finding("\(id), rate")
        #expect(finding.arithmetic.hasSuffix("= \(mmh) MMH"), "\(finding.arithmetic)")
        #expect(finding.verdict == .reproduced)
    }

    /// 2.903 / 11.9268 = 0.2434; / 3.7728 = 0.7695; / 2.9016 = 1.0005.
    @Test(arguments: [
        ("nitromta-nitromta", "0.243"), ("nitromta-kumomta", "0.769"), ("nitromta-postfix", "1.00"),
    ])
    func costsAreThoseOfTheMachineAlone(id: String, usd: String) throws {
        let finding = try finding("\(id), cost")
        #expect(finding.arithmetic.hasSuffix("= $\(usd)"), "\(finding.arithmetic)")
        #expect(finding.verdict == .reproduced)
    }

    /// 100 / 5,900 = 16.95 ms; (1 − 3.3 / 4.033514) = 18.19 %; 0.432 / 3.3 = 0.1309.
    @Test func theOthers() throws {
        #expect(try finding("kumomta-dev-2024, connections").arithmetic.contains("= 16.9 ms a message"))
        #expect(try finding("kumomta-2025, against 2023").arithmetic.hasSuffix("now 18.2 % less"))
        #expect(try finding("kumomta-2025, cost").arithmetic.hasSuffix("= $0.131 a million"))
    }
}
