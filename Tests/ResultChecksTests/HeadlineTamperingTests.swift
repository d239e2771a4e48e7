import Foundation
import ResultChecks
import ResultStore
import RunRecords
import Testing

/// What somebody would edit who wants a better headline: each is refused for its own reason.
@Suite struct HeadlineTamperingTests {
    typealias Row = ResultCheckTests.Row

    static let ofLedgers: [Row] = [
        Row(what: "lost mail is hidden with the ledgers", checks: ["ledgers"], says: "reason is 'over 32 MiB'") {
            try dropLedgers(&$0, "over 32 MiB")
        },
        Row(what: "few messages had ledgers too large", checks: ["ledgers"], says: "they come to 160000 at most") {
            try dropLedgers(&$0, "34000000 bytes compressed, more than 33554432")
        },
        Row(what: "small ledgers were too large", checks: ["ledgers"], says: "the reason is '9 bytes compressed") {
            try dropLedgers(&$0, "9 bytes compressed, more than 33554432")
        },
        Row(what: "nothing is said of ledgers", checks: ["ledgers"], says: "the record says nothing of them") {
            try dropLedgers(&$0, "")
            try $0.tamper { $0["ledgers"] = nil }
        },
        Row(what: "waiting is not shown", checks: ["latencies"], says: "sink.end_to_end_latency has 0 values") {
            var record = try GoodResult.record()
            record.sink.endToEndLatency = nil
            $0 = try GoodResult.bundle(record)
        },
    ]

    static let ofPromises: [Row] = [
        Row(what: "memory is shown as durable", checks: ["system"], says: "says 'spool: memory'") {
            var record = try GoodResult.record()
            record.system?.files["etc/mta.yaml"] = "hostname: mta.test\nspool: memory\n"
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "the page cache is shown as durable", checks: ["system"], says: "says 'durability: os'") {
            var record = try GoodResult.record()
            record.system?.files["etc/mta.yaml"] = "hostname: mta.test\nspool: rocksdb\ndurability: os\n"
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "the setting is left out", checks: ["system"], says: "makes it 'spool: rocksdb'") {
            var record = try GoodResult.record()
            record.system?.files["etc/mta.yaml"] = "hostname: mta.test\n"
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "the system's record is left out", checks: ["system"], says: "writes a record, and there is none") {
            var record = try GoodResult.record()
            record.mta = nil
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "the definition is left out", checks: ["system"], says: "system.definition cannot be read") {
            var record = try GoodResult.record()
            record.system?.definition = ""
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "the system is left out", checks: ["system"], says: "names no system") {
            try $0.tamper { $0["system"] = nil }
        },
        Row(what: "hardly anything was synced", checks: ["durability"], says: "3 syncs were counted in the run") {
            var record = try GoodResult.record()
            record.resources?[.system]?.syncs = SyncCounts(calls: ["fdatasync": 3])
            $0 = try GoodResult.bundle(record)
        },
        Row(what: "repeats are left out", checks: ["environment"], says: "repeats is 1, the command asks for 5") {
            var environment = EnvironmentFacts()
            (environment.cores, environment.memoryBytes, environment.commit) = (2, 24 << 30, "0123456789")
            environment.command = ["bench-report", "run", "good.yaml", "--repeat", "5"]
            $0.files["environment.json"] = try JSONEncoder.ofRecords.encode(environment).map { $0 }
            $0.seal()
        },
    ]

    static let ofResources: [Row] = [
        Row(what: "a hundredth of the CPU", checks: ["resources"], says: "s were seen from outside") {
            try change(&$0) { $0.resources?.scale("system", 0.01) }
        },
        Row(what: "more CPU than the cores have", checks: ["resources"], says: "2 cores had") {
            try change(&$0) { $0.resources?.scale("system", 10) }
        },
        Row(what: "more CPU than the samples", checks: ["resources"], says: "the samples sum to 1.50 s") {
            try change(&$0) { $0.resources?[.system]?.cpuUserSeconds = 2 }
        },
        Row(what: "a generator that costs nothing", checks: ["plausible"], says: "generator used 0.000020 s of CPU") {
            try change(&$0) {
                $0.resources?.scale("generator", 0)
                $0.generator.header.usage.cpuUserSeconds = 0.00002
                $0.generator.header.usage.cpuSystemSeconds = 0
            }
        },
        Row(what: "samples are left out", checks: ["resources"], says: "0 samples end before") {
            try change(&$0) { $0.resources?.samples = [] }
        },
        Row(what: "a group is left out", checks: ["resources"], says: "has no 'system'") {
            try change(&$0) { $0.resources?[.system] = nil }
        },
        Row(what: "resources are left out", checks: ["resources"], says: "no resources by the kernel's") {
            try change(&$0) { $0.resources = nil }
        },
        Row(what: "one commit for all", checks: ["plausible"], says: "mta.commits is 1: 1000 messages") {
            try change(&$0) { $0.mta?.commits = 1 }
        },
        Row(what: "a warning is left out", checks: ["warnings"], says: "'warnings' does not say: 9 messages") {
            try change(&$0) { $0.generator.warnings = ["9 messages began more than 1 ms late"] }
        },
        Row(what: "a short run does not say so", checks: ["warnings"], says: "does not say: run too short: 0.700 s") {
            try change(&$0) { $0.generator.elapsedSeconds = 0.7 }
        },
        Row(what: "a search that nobody asked for", checks: ["scenario"], says: "the profile has no find_max") {
            try change(&$0) { $0.scenario = ScenarioRecord(rateSearch: search(9000)) }
        },
        Row(what: "a rate that no step sustained", checks: ["scenario"], says: "is 9000.0/s, the steps give 800.0/s") {
            try change(&$0) { $0.scenario = ScenarioRecord(rateSearch: search(9000)) }
        },
        Row(what: "a limit that nobody asked for", checks: ["scenario"], says: "a condition limits the disk") {
            try change(&$0) { $0.conditions = ["disk limited to 1 writes a second (blkio cgroup)"] }
        },
    ]

    static let ofReports: [Row] = [
        Row(
            what: "a line is added", checks: ["report"], says: "has 1 lines more than the record gives, such as 'Tuned:"
        ) {
            $0.files["report.md"]! += Array("\nTuned: 99 MMH\n".utf8)
            $0.seal()
        },
        Row(what: "the report is left out", checks: ["report"], says: "report.md is missing") {
            $0.files["report.md"] = nil
            $0.seal()
        },
    ]

    private static func search(_ sustained: Double) -> RateSearchFacts {
        var failed = RateSearchFacts.Step(purpose: "doubling", ratePerSecond: 1600)
        failed.violations = ["p99"]
        return RateSearchFacts(
            sustainedPerSecond: sustained, failedAtPerSecond: 1600,
            steps: [RateSearchFacts.Step(purpose: "doubling", ratePerSecond: 800), failed])
    }

    /// Changes the record and makes all again that follows from it.
    private static func change(_ bundle: inout ResultBundle, _ body: (inout RunRecord) -> Void) throws {
        var record = try GoodResult.record()
        body(&record)
        bundle = try GoodResult.bundle(record)
    }

    private static func dropLedgers(_ bundle: inout ResultBundle, _ reason: String) throws {
        bundle.files[LedgerStore.generatorName] = nil
        bundle.files[LedgerStore.sinkName] = nil
        try bundle.tamper { $0["ledgers"] = ["kept": false, "reason": reason] as [String: Any] }
    }

    @Test(arguments: ofLedgers + ofPromises + ofResources + ofReports) func aBetterHeadlineIsRefused(_ row: Row) throws
    {
        try row.expectRefusal(of: GoodResult.bundle(GoodResult.record()))
    }

    /// Not edited is not the same as a result.
    @Test func aRunThatSaysThatItIsNoResultIsKnown() throws {
        var record = try GoodResult.record()
        record.invalid = ["the disk was another"]
        #expect(ResultCheck(try GoodResult.bundle(record)).findings.contains { $0.isOfInvalidRun })
        let good = ResultCheck(try GoodResult.bundle(GoodResult.record()))
        #expect(!good.findings.contains { $0.isOfInvalidRun })
    }

    /// Another version's words are no addition.
    @Test func aLineInOtherWordsPasses() throws {
        var bundle = try GoodResult.bundle(GoodResult.record())
        bundle.tamper("report.md", "measured on", "was measured on")
        #expect(ResultCheck(bundle).failures.map(\.detail) == [])
    }

    /// A group commit has one sync for all that are under way.
    @Test func fewSyncsOfManyConnectionsPass() throws {
        var record = try GoodResult.record()
        record.resources?[.system]?.syncs = SyncCounts(calls: ["fdatasync": 30])
        #expect(ResultCheck(try GoodResult.bundle(record)).failures.map(\.detail) == [])
    }

    /// Ledgers of a million messages may have been too large to be kept, and that is no failure.
    @Test func largeLedgersNeedNotBeKept() {
        let facts = LedgerFacts(kept: false, reason: "34000000 bytes compressed, more than 33554432")
        let many: UInt64 = 1_000_000
        #expect(LedgerStore.objection(facts, offered: many, received: many, isValid: true) == nil)
        #expect(LedgerStore.objection(facts, offered: many, received: many, isValid: false) != nil)
    }
}

extension ResourceRecord {
    /// CPU of a group, and of its seconds.
    fileprivate mutating func scale(_ group: String, _ factor: Double) {
        usage[group]?.cpuUserSeconds *= factor
        usage[group]?.cpuSystemSeconds *= factor
        for index in samples.indices {
            samples[index].cpuUserSeconds[group]? *= factor
            samples[index].cpuSystemSeconds[group]? *= factor
        }
    }
}
