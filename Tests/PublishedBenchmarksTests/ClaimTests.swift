import CostModel
import PublishedBenchmarks
import Testing

/// Each statement of the texts against what comes out by hand.
@Suite struct ClaimTests {
    /// The verdict of a line, and its arithmetic.
    private func expect(
        _ id: String, _ verdict: Finding.Verdict, _ arithmetic: String, in findings: [Finding],
        location: SourceLocation = #_sourceLocation
    ) throws {
        let finding = try #require(findings.first { $0.id == id }, "there is no line \(id)", sourceLocation: location)
        #expect(finding.arithmetic.contains(arithmetic), "\(finding.arithmetic)", sourceLocation: location)
        switch (finding.verdict, verdict) {
        case (.off(let a), .off(let b)):
            #expect(abs(a - b) < 0.006, "\(id): \(a) instead of \(b)", sourceLocation: location)
        default:
            #expect(finding.verdict.key == verdict.key, "\(id): \(finding.verdict)", sourceLocation: location)
            if case .contradicted(let by) = verdict {
                #expect(finding.verdict.text.hasPrefix("contradicted by \(by)"), sourceLocation: location)
            }
        }
    }

    /// 2.176 × 730 = 1,588.48; 1.3709 × 730 = 1,000.757; 300 million × 100 KB = 30,000 GB: × 0.09 = 2,700, by tiers
    /// 10,240 × 0.09 + 19,760 × 0.085 = 2,601.20; volume 33. Against 4,400: −63.898, −77.256, −1.785, −15.142, −4.030 %.
    /// c7gd.metal: 2.903 × 730 = 2,119.19 (−51.836), 1.8295 × 730 = 1,335.535 (−69.647), + 2,733 = 4,852.19 (+10.277).
    /// F64s_v2: 2.706 × 730 = 1,975.38 (−55.105); + 30,000 × 0.087 = 4,585.38 (+4.213).
    @Test func theSumOfTheSweetSpot() throws {
        let findings = try Shipped.work().claims
        try expect("sweet-spot, c6g.16xlarge on demand", .off(percent: -63.898), "= $1,588.48", in: findings)
        try expect("sweet-spot, c6g.16xlarge reserved", .off(percent: -77.256), "= $1,000.76", in: findings)
        try expect("sweet-spot, c6g.16xlarge on demand + traffic", .off(percent: -1.785), "= $4,321.48", in: findings)
        try expect("sweet-spot, c6g.16xlarge reserved + traffic", .off(percent: -15.142), "= $3,733.76", in: findings)
        try expect(
            "sweet-spot, c6g.16xlarge on demand + traffic by tiers", .off(percent: -4.030), "= $4,222.68", in: findings)
        try expect("sweet-spot, c7gd.metal on demand", .off(percent: -51.836), "= $2,119.19", in: findings)
        try expect("sweet-spot, c7gd.metal on demand + traffic", .off(percent: 10.277), "= $4,852.19", in: findings)
        try expect("sweet-spot, F64s_v2 on demand", .off(percent: -55.105), "= $1,975.38", in: findings)
        try expect("sweet-spot, F64s_v2 on demand + traffic", .off(percent: 4.213), "= $4,585.38", in: findings)
        try expect(
            "sweet-spot, nearest", .off(percent: -1.785), "c6g.16xlarge on demand + traffic: 2.176 × 730", in: findings)
        #expect(findings.filter { $0.id.hasPrefix("sweet-spot, ") && $0.verdict == .reproduced }.isEmpty)
    }

    /// 1,000,000 × 10 × 30; 4,400 / 300,000 = 0.014667, +4.762 % of 0.014; 0.025 × 300,000 − 4,400 = 3,100 and 0.011 ×
    /// 300,000 = 3,300.
    @Test func volumeAndCostAThousand() throws {
        let findings = try Shipped.work().claims
        try expect("sweet-spot-volume", .reproduced, "1,000,000 × 10 h × 30 = 300,000,000", in: findings)
        try expect("sweet-spot-cpm", .off(percent: 4.762), "$4,400 / 300,000 thousand = $0.0147", in: findings)
        try expect("with-support", .notCheckable(why: ""), "= $3,100.00 a month", in: findings)
        try expect("with-support", .notCheckable(why: ""), "= $3,300.00", in: findings)
    }

    /// 7 × 7 million × 24 = 1.176 billion, +6.909 % of 1.1; 6,831,168 < 7,000,000; 7 × 6,831,168 × 24 = 1,147,636,224.
    @Test func aBillionADay() throws {
        let findings = try Shipped.work().claims
        try expect("billion-a-day", .off(percent: 6.909), "7 × 7,000,000 × 24 h = 1,176,000,000", in: findings)
        try expect("billion-a-day, at least", .reproduced, "1,176,000,000 against 1,000,000,000", in: findings)
        try expect(
            "billion-a-day, the rate",
            .contradicted(by: "the table: no row reaches it; 7 × the largest × 24 h = 1,147,636,224"),
            "c5.24xlarge, has 6,831,168", in: findings)
    }

    /// 41.667, 45.833 and 49 MMH: / 0.15 = 277.8, 305.6, 326.7; / 0.22 = 189.4, 208.3, 222.7; / 0.30 = 138.9, 152.8,
    /// 163.3; / 0.41 = 101.6, 111.8, 119.5; / 0.50 = 83.3, 91.7, 98. Nearest to 85: 278, 190, 139, 102, 84. With 0.495
    /// (printed 0.50): 84.2, so 85.
    @Test func eightyFiveServers() throws {
        let findings = try Shipped.work().claims
        for (row, servers, percent) in [
            ("c5.2xlarge", "278", 227.059), ("c5.4xlarge", "190", 123.529), ("c5a.8xlarge", "139", 63.529),
            ("c6g.16xlarge", "102", 20.0), ("c5.24xlarge", "84", -1.176),
        ] {
            try expect("postfix-servers, \(row)", .off(percent: percent), "1 billion a day: \(servers),", in: findings)
        }
        try expect(
            "postfix-servers, c5.24xlarge", .off(percent: -1.176), "the claimed day: 92, 7 machines' day: 98",
            in: findings)
        try expect("postfix-servers, rounding", .reproduced, "85 servers = 0.4902 MMH each", in: findings)
    }

    /// 131,000,000 / 3600 × 800,000 = 29.11 Gbit/s; 25 Gbit/s carry 31,250 messages a second = 112.5 MMH; 131 / 60 = 2.18.
    @Test func toDevNull() throws {
        let findings = try Shipped.work().claims
        try expect("devnull-96", .contradicted(by: "devnull-131"), "131 / 60 = 2.18", in: findings)
        try expect("devnull-131", .reproduced, "= 29.1 Gbit/s one way; the card's 25 carry 113 MMH", in: findings)
        try expect("devnull-131, the rate", .contradicted(by: "devnull-96"), "60 MMH for the same", in: findings)
        try expect("devnull-twice", .reproduced, "60 and 131 MMH are both claimed", in: findings)
    }

    /// 120 × 262,144 = 31.46 MB/s = 314.6 msg/s = 1.132 MMH; 3 MMH = 833.3 msg/s / 120 = 6.94. 7,200 / 1,897.55 = 3.794;
    /// 256,000 / 1,897.55 = 134.9.
    @Test func operationsOfDisks() throws {
        let findings = try Shipped.work().claims
        try expect("iops-120", .notCheckable(why: ""), "120 × 256 KiB = 31.5 MB/s: 1.13 MMH", in: findings)
        try expect("iops-120", .notCheckable(why: ""), "3 MMH are 6.94 messages an operation", in: findings)
        try expect("iops-256k", .notCheckable(why: ""), "= 3.79 operations a message, 135 with 256,000", in: findings)
    }

    /// 0.102 × 730 = 74.46; + 100 GB × 0.08 + 100 GB × 0.09 = 91.46; + 33 + 9 = 116.46, 16.46 % above 100.
    @Test func theSmallSender() throws {
        let findings = try Shipped.work().claims
        try expect("small-sender, machine alone", .reproduced, "= $74.46", in: findings)
        try expect("small-sender, with a plain volume and traffic", .reproduced, "= $91.46", in: findings)
        try expect("small-sender, with the runs' volume and traffic", .off(percent: 16.46), "= $116.46", in: findings)
    }

    /// 4,433,514 − 4,033,514; 100,000 × 60 = 6 million; 4,033,514 / 60 = 67,225, 73,892, 84,935; 0.87 is ten times 0.087.
    @Test func notesAndPrintedPrices() throws {
        let findings = try Shipped.work().claims
        try expect("first-rows", .reproduced, "= 400,000", in: findings)
        try expect("sixty-seconds", .reproduced, "100,000 in 60 s = 6.0 MMH; 3 of 5 rows are below", in: findings)
        try expect("sixty-seconds", .reproduced, "67,225, 73,892, 84,935", in: findings)
        try expect("sixty-seconds, whether", .notCheckable(why: ""), "–", in: findings)
        try expect("transfer-aws", .reproduced, "= 1.000", in: findings)
        try expect("transfer-azure", .contradicted(by: "the prices: $0.087"), "= 10.00", in: findings)
    }

    /// Each claim and each note of the file has a line, and none is left without its arithmetic.
    @Test func nothingIsLeftOut() throws {
        let work = try Shipped.work()
        let findings = work.claims
        for claim in work.table.claims + work.table.notes {
            let lines = findings.filter { $0.id == claim.id || $0.id.hasPrefix(claim.id + ", ") }
            #expect(!lines.isEmpty, "\(claim.id)")
            #expect(
                !lines.contains { $0.verdict == .notCheckable(why: "no arithmetic is known for it") }, "\(claim.id)")
        }
    }

    @Test func whatIsNotKnownIsNotCheckable() throws {
        var work = try Shipped.work()
        var table = work.table
        table.claims = [PublishedClaim(id: "new", text: "something"), PublishedClaim(id: "sweet-spot-cpm", text: "x")]
        table.notes = []
        work = Reproduction(table, library: work.library, book: work.book)
        try expect("new", .notCheckable(why: ""), "–", in: work.claims)
        #expect(work.claims[1].verdict == .notCheckable(why: "the claim sweet-spot is missing"))
    }
}
