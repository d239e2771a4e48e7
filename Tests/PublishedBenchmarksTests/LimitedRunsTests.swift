import CostModel
import PublishedBenchmarks
import RunRecords
import Testing

@Suite struct LimitedRunsTests {
    private func recipe() throws -> PublishedRecipe { PublishedRecipe(try Shipped.work().table, messages: 20_000) }
    private func volume() throws -> RentedVolume { try #require(try Shipped.work().volume) }

    @Test func theProcedureIsTheTables() throws {
        let recipe = PublishedRecipe(try Shipped.work().table)
        #expect(
            recipe.profileText() == """
                question: What does the procedure of kumomta-2023 give here?
                messages: 100000
                message_size: 100000
                connections: 2000
                dkim: rsa2048

                """)
        #expect(!recipe.profileText(isSigned: false).contains("dkim"))
        #expect(PublishedRecipe.systems.first == "mta:rocksdb-os")
        #expect(PublishedRecipe.systems.contains("postfix:tuned"))
        #expect((PublishedRecipe.repeats, PublishedRecipe.rest) == (4, "2m"))
    }

    /// 16 GiB for 10^10 bytes are 3.2 GiB for 2 × 10^9; 32: 6.4; 64: 12.8, more than 8 GiB.
    @Test func memoryIsInProportionToTheRun() throws {
        let (limits, leftOut) = try recipe().limits(volume: try volume(), machineBytes: 8 * 1_073_741_824)
        #expect(limits.map(\.row) == ["c5.2xlarge", "c5.4xlarge"])
        #expect(limits.map(\.memoryBytes) == [3_435_973_836, 6_871_947_673])
        #expect(limits.map(\.mbPerSecond) == [225, 225])
        #expect(leftOut.count == 3)
        #expect(leftOut[0] == "c5a.8xlarge: 12.8 GiB for this run, more than the machine has: fewer --messages")
        let small = PublishedRecipe(try Shipped.work().table, messages: 1000)
        #expect(small.limits(volume: try volume(), machineBytes: 1e12).leftOut[0].hasSuffix("more --messages"))
    }

    @Test func aLimitedProfileSaysItsLimits() throws {
        let limit = PublishedRecipe.Limit(row: "c5.2xlarge", memoryBytes: 3_435_973_836, mbPerSecond: 225)
        let text = try recipe().profileText(limit)
        #expect(text.contains("messages: 20000\n"))
        #expect(text.hasSuffix("disk: {mb_per_s: 225}\nmemory: 3435973836\n"))
        #expect(try recipe().profileName(limit) == "kumomta-2023-c52xlarge")
    }

    private func limited(_ seconds: [Double], conditions: [String]? = ["memory limited"]) throws -> LimitedRuns {
        let recipe = try recipe()
        let volume = try volume()
        let limits = recipe.limits(volume: volume, machineBytes: 16 * 1_073_741_824).limits
        let runs = try zip(limits, seconds).map { limit, seconds in
            var run = try RunHere.run(recipe.profileName(limit), seconds: seconds)
            run.conditions = conditions
            return run
        }
        return try LimitedRuns(try Shipped.work(), recipe, limits, runs)
    }

    /// Published: 5.096 / 4.034 = 1.263 from the first row to the third.
    @Test func theAnswerIsInTheFigures() throws {
        #expect(try limited([2, 1.5, 1]).answer.hasPrefix("answer: yes: memory and disk alone make such a curve"))
        #expect(try limited([2, 1.5, 1]).answer.hasSuffix("× 2.00 here; published × 1.26"))
        #expect(try limited([2, 2, 1.7]).answer.hasPrefix("answer: in part"))
        #expect(try limited([2, 2, 1.9]).answer.hasPrefix("answer: not shown"))
        #expect(try limited([2]).answer.hasPrefix("answer: none: fewer than two rows"))
    }

    /// Where the machine could not limit the memory, a difference would say nothing.
    @Test func withoutConditionsThereIsNoAnswer() throws {
        let none = "answer: none: the memory of the runs was not limited on this machine"
        #expect(try limited([2, 1.5, 1], conditions: nil).answer == none)
        #expect(try limited([2, 1.5, 1], conditions: ["disk limited to 225 MB/s"]).answer == none)
    }

    @Test func eachStepStandsAgainstTheFirst() throws {
        let table = try #require(try limited([2, 1.6, 1]).sheet.tables.first)
        #expect(table.rows.map { $0[5].text } == ["1.00", "1.25", "2.00"])
        #expect(table.rows.map { $0[7].text } == ["1.00", "1.10", "1.26"])
    }
}
