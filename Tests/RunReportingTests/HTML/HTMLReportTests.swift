import Foundation
import RunRecords
import RunReporting
import Testing

@Suite struct HTMLReportTests {
    private func page(
        _ runs: [RunRecord], links: [String?] = [], notRun: [String] = [], baseline: String? = nil
    ) throws -> PageReading {
        PageReading(
            html: try HTMLReport(runs, links: links, notRun: notRun, baseline: baseline).page(nonce: "0123").html)
    }

    @Test func aComparisonHasAllItsParts() throws {
        let page = try page(try PageFixture.comparison())
        let wanted = [
            "systems", "figures", "compared", "time", "latency", "cpu", "durability", "limits", "cost", "conditions",
            "method", "machine", "again", "records", "glossary",
        ]
        for id in wanted {
            #expect(page.count("<section id=\"\(id)\"") == 1, "\(id)")
            #expect(page.values("href").contains("#\(id)"), "\(id) is not in the contents")
        }
        #expect(page.imbalance == nil)
        #expect(page.count("<main") == 1 && page.count("<header") == 1 && page.count("<footer") == 1)
        #expect(page.count("<h1") == 1)
        for text in ["mta-segment-fsync", "Test CPU 9000", "Is the table right?", "profiles/spools.yaml --repeat 6"] {
            #expect(page.html.contains(text), "\(text)")
        }
    }

    @Test func theSameRunsMakeTheSamePage() throws {
        let runs = try PageFixture.comparison(repeats: 2)
        #expect(try page(runs).html == page(runs).html)
        let report = try HTMLReport(runs)
        // But for the word by which its own script is known.
        #expect(report.page.nonce != report.page.nonce && report.page.nonce.count == 32)
    }

    @Test func everyChartHasWordsAndFigures() throws {
        let page = try page(try PageFixture.comparison())
        let charts = page.parts("svg").filter { $0.contains("role=\"img\"") }
        // Bars of five figures; rate and CPU over time of four systems, latency twice and CPU a message: once for wide
        // and once for narrow screens each.
        #expect(charts.count == 5 + 2 * (4 + 4 + 2 + 1))
        for chart in charts {
            #expect(chart.contains("<title id=") && chart.contains("<desc id="))
            #expect(!chart.contains("NaN") && !chart.contains("inf"), "\(chart.prefix(300))")
        }
        #expect(Set(page.values("id")).count == page.values("id").count, "an id stands twice")
        for reference in page.values("aria-labelledby").flatMap({ $0.split(separator: " ") }) {
            #expect(page.count(" id=\"\(reference)\"") == 1, "\(reference)")
        }
        #expect(page.parts("figure").allSatisfy { $0.contains("<figcaption>") && $0.contains("<table") })
    }

    /// A bar of twice the value is twice as long.
    @Test func barsAreAsLongAsTheirValues() throws {
        let runs = [
            try RunFixture.variant(0, lastReceived: 1010), try RunFixture.variant(1, lastReceived: 1005),
        ]
        let figure = try #require(try page(runs).parts("figure").first { $0.contains("id=\"bars-delivered-mmh\"") })
        let widths = figure.matches(of: /<rect class="bar [a-z]+" x="1" y="[0-9.]+" width="([0-9.]+)"/).compactMap {
            Double($0.1)
        }
        #expect(widths.count == 2)
        #expect(abs(widths[1] / widths[0] - 2) < 0.01, "\(widths)")
    }

    @Test func headsOfTablesSayWhatTheyAreFor() throws {
        let page = try page(try PageFixture.comparison(repeats: 2))
        let heads = page.html.matches(of: /<th( [^>]*)?>/).map { String($0.0) }
        #expect(heads.count > 50)
        #expect(heads.allSatisfy { $0.contains("scope=\"col\"") || $0.contains("scope=\"row\"") })
        #expect(page.count("<table") == page.count("<caption"))
    }

    @Test func nothingIsLoadedFromElsewhere() throws {
        let page = try page(
            try PageFixture.comparison(repeats: 2), links: (0..<8).map { "./run \($0)/run.json" })
        #expect(page.addresses.count > 15)
        for address in page.addresses {
            #expect(address.hasPrefix("#") || address.hasPrefix("./") || address == "data:,", "\(address)")
        }
        #expect(!page.html.contains("@import") && !page.html.contains("url(http"))
        #expect(page.html.contains("default-src &#39;none&#39;"))
        #expect(page.count("./run 3/run.json") == 1)
    }

    /// Whatever stands in a record is text and stays text.
    @Test func hostileRecordsAreText() throws {
        let evil = "\"><script>alert(1)</script><img src=x onerror='alert(2)'></style>&amp;<!--"
        var run = try RunFixture.variant(0)
        (run.profile.name, run.profile.question, run.profileText) = (evil, evil, evil)
        (run.machine.cpu, run.machine.kernel, run.machine.fileSystem) = (evil, evil, evil)
        (run.machine.commit, run.machine.sysctls) = (evil, [evil: evil])
        (run.invalid, run.warnings, run.conditions) = ([evil], [evil], [evil])
        run.phases = [RunPhase(evil, unixSeconds: 1001)]
        run.generator.replies = [ReplyCount(stage: evil, code: 550, count: 3, firstText: evil)]
        run.generator.header.arguments = [evil, evil]
        run.generator.runID = evil
        run.system = SystemFacts(
            name: "mta", variant: evil, title: evil, version: evil, spool: evil, promise: .fsync, definition: evil,
            files: [evil: evil])
        run.evidence = DurabilityEvidence(
            method: evil, messages: 1, syncs: SyncCounts(calls: [evil: 1]), verdict: .syncsEachMessage)
        let page = try page(
            [run, try RunFixture.variant(3)], links: ["javascript:alert(3)", nil], notRun: [evil])
        #expect(page.count("<script") == 2 && page.count("</script>") == 2)
        #expect(page.count("</style>") == 1 && page.count("<img") == 0 && page.count("<!--") == 0)
        #expect(page.values("onerror").isEmpty)
        #expect(page.imbalance == nil)
        #expect(page.html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(!page.addresses.contains { $0.hasPrefix("javascript:") })
    }

    @Test func ratesOfWhatIsNoResultAreWithheld() throws {
        let good = try RunFixture.variant(3, lastReceived: 1004)
        let bad = try RunFixture.variant(0) { _, audit in audit.lost = 3 }
        let page = try page([bad, good], notRun: ["exim: is not installed"])
        let shown = page.html.matches(of: /data-figure="([^"]*)" data-system="mta-segment-fsync"/).map { String($0.1) }
        #expect(shown.contains("transaction_latency_ms_p99"))
        #expect(!shown.contains { $0.contains("mmh") || $0.contains("per_s") }, "\(shown)")
        #expect(!page.html.contains(">1.44") && !page.html.contains(" 1.44 "))
        #expect(page.html.contains("INVALID: ") && page.html.contains("3 acknowledged messages were lost"))
        #expect(page.html.contains("NOT RUN: exim: is not installed"))
        #expect(page.html.contains("✗ of 1,000 acknowledged 3 lost, 0 doubled, 0 changed"))
        // What is wrong stands before any figure.
        let first = try #require(page.html.range(of: "id=\"box-invalid\""))
        let figures = try #require(page.html.range(of: "id=\"figures\""))
        #expect(first.lowerBound < figures.lowerBound)
    }

    @Test func withoutAnyValidRunThereIsNoAnswer() throws {
        let page = try page([try RunFixture.variant(0) { _, audit in audit.lost = 1 }])
        #expect(page.parts("h1")[0] == ">No result: mta-segment-fsync has no valid run")
        #expect(!page.html.contains("id=\"time\""))
    }

    @Test(arguments: [
        (0..<1, 1, "mta-segment-fsync delivered", "(one run), each on stable storage before it was acknowledged"),
        (
            0..<4, 6, "mta-segment-fsync, the only one here that survives a power cut, delivered",
            "each on stable storage"
        ),
        (2..<4, 1, "mta-segment-deferred, the safest with a valid result, delivered", "each in memory alone"),
    ])
    func theAnswerStandsInASentence(systems: Range<Int>, repeats: Int, begin: String, end: String) throws {
        let title = try page(try PageFixture.comparison(systems: systems, repeats: repeats)).parts("h1")[0]
        #expect(title.hasPrefix(">" + begin) && title.contains(end), "\(title)")
    }

    /// Two that promise the same: shown to differ, not shown to, or too few runs to tell.
    @Test(arguments: [
        (6, 1003.0, "mta-other delivered", "of mta-segment-fsync"), (6, 1006.0, "No difference shown between", " and "),
        (1, 1003.0, "Too few runs to show a difference between", " and "),
    ])
    func theFastestIsComparedWithTheNext(repeats: Int, seconds: Double, first: String, second: String) throws {
        var runs: [RunRecord] = []
        for index in 1...repeats {
            let noise = Double((index * 7) % 5) * 0.02
            runs.append(try RunFixture.variant(0, lastReceived: 1006 + noise, repeatIndex: index, repeats: repeats))
            var other = try RunFixture.variant(
                0, lastReceived: seconds + Double((index * 3) % 5) * 0.02, repeatIndex: index, repeats: repeats)
            other.profile.variant = "other"
            runs.append(other)
        }
        let title = try page(runs).parts("h1")[0]
        #expect(title.contains(first) && title.contains(second), "\(title)")
    }

    @Test func figuresForProgramsAreThoseOfTheTable() throws {
        let runs = try PageFixture.comparison(repeats: 2)
        let page = try page(runs)
        let script = try #require(page.parts("script").first { $0.contains("millrace-figures") })
        let json = try #require(script.split(separator: ">", maxSplits: 1).last)
        let table = try ReportTable(runs, layout: .comparison).render(.json)
        let both = try [String(json), table].map { text in
            try JSONSerialization.data(
                withJSONObject: JSONSerialization.jsonObject(with: Data(text.utf8)), options: .sortedKeys)
        }
        #expect(both[0] == both[1] && both[0].count > 1_000)
        #expect(page.values("data-figure").filter { $0 == "delivered_mmh" }.count == 8)
    }

    @Test func aBaselineThatIsNotThereIsNamed() throws {
        let fault = #expect(throws: RecordFault.self) {
            try HTMLReport([try RunFixture.run()], baseline: "postfix")
        }
        #expect(fault?.description.contains("postfix") == true)
        #expect(throws: RecordFault.self) { try HTMLReport([]) }
    }

    /// Records of the first schema have neither system nor resources, and a run may have no sample at all.
    @Test func oldAndEmptyRecordsMakeAPage() throws {
        var run = try RunFixture.run()
        (run.generator.series, run.sink.series) = ([], [])
        run.generator.transactionLatency = .init()
        run.mta = nil
        let page = try page([run])
        #expect(page.imbalance == nil && !page.html.contains("id=\"latency\""))
    }
}
