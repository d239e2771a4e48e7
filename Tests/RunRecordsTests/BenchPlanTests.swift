import Foundation
import RunRecords
import Testing

/// Profiles with variants: the systems they describe, the words with which a wrong one is refused, and the order of the
/// runs.
@Suite struct BenchPlanTests {
    static let head = """
        question: Which one?
        messages: 1000
        message_size: 10KB
        connections: 20

        """

    static let variants =
        head + """
            mta:
              spool: rocksdb
              durability: os
              smart_host_connections: 8
              rocksdb_options: {max_open_files: 100}
            variants:
              - {spool: segment, durability: fsync}
              - spool: segment
              - {}
              - name: rocks-2
                smart_host_connections: 2
                rocksdb_options: {max_open_files: 50}
              - {spool: memory}
              - {spool: localdisk, durability: deferred}
            """

    @Test func everyVariantIsASystem() throws {
        let plan = try plan(Self.variants)
        #expect(plan.isComparison)
        #expect(plan.text == Self.variants)
        #expect(
            plan.systems.map(\.variant) == [
                "segment-fsync", "segment-os", "rocksdb-os", "rocks-2", "memory", "localdisk-deferred",
            ])
        #expect(
            plan.systems.map(\.system) == [
                "mta-segment-fsync", "mta-segment-os", "mta-rocksdb-os", "mta-rocks-2", "mta-memory",
                "mta-localdisk-deferred",
            ])
        #expect(plan.systems.map(\.spool) == ["segment", "segment", "rocksdb", "rocksdb", "memory", "localdisk"])
        #expect(plan.systems.map(\.durability) == ["fsync", "os", "os", "os", "none", "deferred"])
        #expect(plan.systems.map(\.smartHostConnections) == [8, 8, 8, 2, 8, 8])
        let options = plan.systems.map { $0.rocksdbOptions["max_open_files"] }
        #expect(options == [nil, nil, "100", "50", nil, nil])
        #expect(Set(plan.systems.map(\.messages)) == [1000])
    }

    @Test func withoutVariantsThereIsOneSystem() throws {
        let plan = try plan(Self.head)
        #expect(!plan.isComparison)
        #expect(plan.systems.map(\.system) == ["mta-segment-fsync"])
        #expect(try self.plan(Self.head + "mta: {spool: null}").systems.map(\.system) == ["mta-null"])
    }

    @Test(arguments: [
        ("variants: []", "5: key 'variants': expected at least one variant"),
        ("variants: segment", "5: key 'variants': expected a list"),
        ("variants:\n  - segment", "6: key 'variants[0].' must be a mapping of keys to values"),
        ("variants:\n  - {}\n  - spol: segment", "7: unknown key 'variants[1].spol', did you mean 'spool'?; allowed: "),
        (
            "variants:\n  - spool: disk",
            "6: key 'variants[0].spool': 'disk': expected segment or rocksdb or localdisk or memory or null"
        ),
        (
            "variants:\n  - spool: segment\n    durability: none",
            "7: key 'variants[0].durability': 'none': expected fsync or os or deferred"
        ),
        (
            "variants:\n  - spool: memory\n    durability: fsync",
            "7: key 'variants[0].durability': the spool 'memory' has no files, and so no durability: leave it out"
        ),
        (
            "variants:\n  - spool: null\n    durability: os",
            "7: key 'variants[0].durability': the spool 'null' has no files"
        ),
        (
            "variants:\n  - spool: segment\n    rocksdb_options: {a: 1}",
            "7: key 'variants[0].rocksdb_options': the spool is 'segment': expected with rocksdb alone"
        ),
        (
            "variants:\n  - {}\n  - name: Big_One",
            "7: key 'variants[1].name': 'Big_One': expected small letters, digits and hyphens"
        ),
        ("variants:\n  - name: \"\"", "6: key 'variants[0].name': '': expected small letters, digits and hyphens"),
        (
            "variants:\n  - name: a\n  - spool: memory\n    name: a",
            "8: key 'variants[1].name': 'a' is the name of another variant: expected one of its own for each"
        ),
        (
            "variants:\n  - {}\n  - spool: segment\n    smart_host_connections: 4",
            "7: key 'variants': 'segment-fsync' is the name of another variant: expected one of its own for each "
                + "(key 'name')"
        ),
    ]) func refuses(text: String, fault: String) {
        let error = #expect(throws: RecordFault.self) { try plan(Self.head + text) }
        #expect(error?.description.hasPrefix("profiles/p.yaml:\(fault)") == true, "\(error?.description ?? "")")
    }

    // MARK: Some of them

    @Test func onlyPicksInTheOrderOfTheProfile() throws {
        let plan = try plan(Self.variants)
        #expect(try plan.only(["memory", "segment-os"]).systems.map(\.variant) == ["segment-os", "memory"])
        #expect(try plan.only([]).systems.count == 6)
        #expect(try plan.only(["memory", "memory"]).systems.count == 1)
    }

    @Test func onlyRefusesWhatIsNotThere() throws {
        let unknown = #expect(throws: RecordFault.self) { try plan(Self.variants).only(["memory", "disk"]) }
        #expect(unknown?.description.hasPrefix("'disk': expected segment-fsync or segment-os or ") == true)
        let none = #expect(throws: RecordFault.self) { try plan(Self.head).only(["memory"]) }
        #expect(none?.description == "'memory': the profile has no variants")
    }

    // MARK: Order

    private func orders(_ count: Int, repeats: Int) throws -> [[Int]] {
        let names = (0..<count).map { "  - name: v\($0)\n" }.joined()
        let plan = try plan(Self.head + "variants:\n" + names)
        return (1...repeats).map { index in
            BenchPlan.order(plan.systems, repeatIndex: index, repeats: repeats).map { Int($0.variant!.dropFirst())! }
        }
    }

    @Test func aSingleRepeatIsInTheOrderOfTheProfile() throws {
        #expect(try orders(4, repeats: 1) == [[0, 1, 2, 3]])
    }

    @Test func fourRepeatsOfFour() throws {
        #expect(try orders(4, repeats: 4) == [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2]])
    }

    @Test func twoTakeTurns() throws {
        #expect(try orders(2, repeats: 4) == [[0, 1], [1, 0], [1, 0], [0, 1]])
    }

    @Test(arguments: [1, 2, 3, 5, 10], [2, 4, 5, 6, 20])
    func everyRepeatRunsAllAndEachPairIsBalanced(count: Int, repeats: Int) throws {
        let orders = try orders(count, repeats: repeats)
        for order in orders { #expect(order.sorted() == Array(0..<count)) }
        for pair in 0..<repeats / 2 {
            let positions = (0..<count).map { system in
                orders[2 * pair].firstIndex(of: system)! + orders[2 * pair + 1].firstIndex(of: system)!
            }
            #expect(Set(positions) == [count - 1])
        }
    }

    @Test func theShippedComparisonHasEverySpool() throws {
        let file = RunProfileTests.directory + "/spools.yaml"
        let plan = try BenchPlan(text: String(contentsOfFile: file, encoding: .utf8), file: file, cores: 2)
        #expect(
            plan.systems.map(\.variant) == [
                "segment-fsync", "segment-os", "segment-deferred", "rocksdb-fsync", "rocksdb-os", "rocksdb-deferred",
                "localdisk-fsync", "localdisk-os", "memory", "null",
            ])
        #expect(Set(plan.systems.map(\.spool)) == Set(SpoolPromise.spools))
        #expect(plan.systems[0].messageSizeBytes == 10_000)
    }

    private func plan(_ text: String) throws(RecordFault) -> BenchPlan {
        try BenchPlan(text: text, file: "profiles/p.yaml", cores: 2)
    }
}

@Suite struct SpoolPromiseTests {
    @Test(arguments: [
        ("segment", "fsync", SpoolPromise.fsync), ("rocksdb", "os", .os), ("localdisk", "deferred", .deferred),
        ("memory", "none", .none), ("null", "none", .none),
        // Records of before a memory spool's durability was `none`.
        ("memory", "fsync", .none), ("memory", "os", .none),
        ("segment", "hope", .none),
    ]) func whatTheMTADidByIts250(spool: String, durability: String, expected: SpoolPromise) {
        #expect(SpoolPromise(spool: spool, durability: durability) == expected)
    }

    @Test func whatIsNotDurableSaysSo() {
        let notDurable = SpoolPromise.allCases.filter { $0.label.hasPrefix("not durable") }
        #expect(notDurable == [.deferred, .none])
        #expect(SpoolPromise.none.label == "not durable")
        #expect(Set(SpoolPromise.allCases.map(\.label)).count == 4)
        #expect(Set(SpoolPromise.allCases.map(\.explanation)).count == 4)
    }
}
