import CostModel
import PublishedBenchmarks
import Testing

@Suite struct ShapeTests {
    private func arithmetic(_ id: String, _ table: String = "kumomta-2023") throws -> String {
        try #require(try Shipped.work(table).shape.first { $0.id == id }, "there is no line \(id)").arithmetic
    }

    /// 96 / 8 = 12; 6,831,168 / 4,033,514 = 1.6936; ln 1.6936 / ln 12 = 0.2120; 4.0335 / 8 = 0.5042, 6.8312 / 96 =
    /// 0.0712, their ratio 0.1411.
    @Test func twelveTimesTheCores() throws {
        #expect(try arithmetic("growth").contains("cores × 12 (8 → 96) give MMH × 1.69: as cores to the power of 0.21"))
        #expect(try arithmetic("per-vcpu") == "MMH per vCPU 0.504 → 0.071, × 0.141")
    }

    @Test func theSmallestIsTheCheapest() throws {
        let text = try arithmetic("cheapest")
        #expect(text.contains("gp3 100 GB, 7,200 IOPS, 225 MB/s, $33.00 a month"))
        #expect(text.hasSuffix("0.0955, 0.164, 0.251, 0.365, 0.604: c5.2xlarge, the smallest"))
    }

    /// 4,033,514 / 3600 × 100 KB × 2 = 224.08 MB/s of 225; the others 246.3, 283.1, 338.1, 379.5.
    @Test func contentWrittenTwiceFillsTheVolume() throws {
        let text = try arithmetic("disk-writes")
        #expect(text.contains("1,120 msg/s × 100,000 bytes × 2 = 224.1 MB/s, 99.6 % of it"))
        #expect(text.contains("c5.4xlarge 246.3, c5a.8xlarge 283.1, c6g.16xlarge 338.1, c5.24xlarge 379.5: 1 of 5 fit"))
    }

    /// 10^10 bytes = 9.313 GiB; 20 % of 64 GiB are 12.8, of 32 GiB 6.4.
    @Test func aRunFitsIntoMemory() throws {
        let text = try arithmetic("memory")
        #expect(text.contains("= 9.31 GiB: less than the memory of 5 of 5 rows"))
        #expect(text.contains("of c5a.8xlarge, c6g.16xlarge, c5.24xlarge: there a run"))
        #expect(try arithmetic("cap").hasSuffix("6.0 MMH; 3 of 5 rows are below, 2 above"))
    }

    /// 16 / 2 = 8; 5.1 / 2.7 = 1.889; ln 1.889 / ln 8 = 0.306; 1.350 → 0.319; 4.9 MMH against 4.0335 are 21.5 % more.
    @Test func theEarlierTableHasItsOwnShape() throws {
        let table = "kumomta-docs-early"
        #expect(
            try arithmetic("growth", table).contains(
                "cores × 8 (2 → 16) give MMH × 1.89: as cores to the power of 0.31"))
        #expect(try arithmetic("per-vcpu", table) == "MMH per vCPU 1.350 → 0.319, × 0.236")
        #expect(try arithmetic("cap", table).hasSuffix("4 of 4 rows are below, 0 above"))
        #expect(try arithmetic("elsewhere, 8 vCPU", table).hasSuffix("4.034 MMH on c5.2xlarge; here 21.5 % more"))
        // 4 GiB do not hold 9.31.
        #expect(try arithmetic("memory", table).contains("less than the memory of 3 of 4 rows"))
        let cheapest = try #require(try Shipped.work(table).shape.first { $0.id == "cheapest" })
        #expect(cheapest.verdict.key == "not_checkable")
    }
}
