import CostModel
import RunRecords
import Testing

@Suite struct ProjectionTests {
    private func measured(_ runs: [RunRecord]) throws -> MeasuredRun { try #require(MeasuredRun.gather(runs).first) }
    private func instance(_ name: String = "small") throws -> Instance {
        try #require(try Prices.book().instance(name))
    }
    private func rate(_ projection: Projection, _ resource: Projection.Resource) -> Double {
        (projection[resource]?.messagesPerSecond ?? -1).rounded()
    }

    @Test func aMessageIsWhatTheRunsSay() throws {
        let run = try measured([try RunForCost.run()])
        #expect(run.messagesPerSecond == 500)
        #expect(abs((run.systemCPU ?? 0) - 200) < 1e-9)
        #expect(abs((run.allCPU ?? 0) - 250) < 1e-9)
        #expect((run.diskBytes, run.syncs, run.memoryPeakBytes) == (200_000, nil, 536_870_912))
        #expect(run.accounting == "the mta's own account of itself")
        #expect(run.basis.hasPrefix("measured here on Test CPU, 2 cores shared by all programs, loopback, 2025-11-26"))
    }

    /// 1,000 messages in 2 s: an open load that was kept up with says what was asked for, not what can be had.
    @Test func theRateOfAnOpenLoadIsWhatWasAskedFor() throws {
        func asked(_ rate: Double?) throws -> MeasuredRun {
            var run = try RunForCost.run()
            run.generator.load = LoadFacts(model: .open, ratePerSecond: rate)
            return try measured([run])
        }
        let reached = try asked(510)
        #expect(reached.askedFor == "510 msg/s")
        #expect(
            reached.basis.hasPrefix("asked for (an open load, 510 msg/s; it may do more), measured here on Test CPU"),
            "\(reached.basis)")
        #expect(try asked(nil).askedFor == "rates in stages")
        #expect(try asked(600).askedFor == nil, "it could not keep up: that is its rate")
        #expect(try measured([try RunForCost.run()]).askedFor == nil)
    }

    /// Groups of processes, counted from outside, before what a program says of itself.
    @Test func resourcesGoFirst() throws {
        let run = try measured([try RunForCost.run(resources: true)])
        #expect(abs((run.systemCPU ?? 0) - 400) < 1e-9)
        #expect(abs((run.allCPU ?? 0) - 500) < 1e-9)
        #expect((run.diskBytes, run.syncs) == (100_000, 0.1))
        #expect(run.accounting == "cgroup")
    }

    @Test func repeatsAreMedians() throws {
        let runs = try [2.0, 4, 5].enumerated().map {
            try RunForCost.run(seconds: $0.element, repeatIndex: $0.offset + 1)
        }
        let groups = try MeasuredRun.gather(runs)
        #expect(groups.count == 1)
        #expect(groups[0].runs == 3)
        #expect(groups[0].messagesPerSecond == 250)
    }

    /// By hand: CPU 4 × 1,000,000 / 200 = 20,000 and / 250 = 16,000; card 1,000 Mbit/s / (100,000 × 16 bit) = 625; disk
    /// 100 MB/s of the instance / 200,000 = 500; memory 500 × 8 GiB / 0.5 GiB = 8,000.
    @Test func eachThingHasItsBoundAndTheSmallestIsTheAnswer() throws {
        let run = try measured([try RunForCost.run()])
        let projection = try #require(Projection(run, on: try instance(), .init()))
        #expect(rate(projection, .mtaCPU) == 20_000)
        #expect(rate(projection, .allCPU) == 16_000)
        #expect(rate(projection, .network) == 625)
        #expect(rate(projection, .diskBytes) == 500)
        #expect(projection[.diskOperations] == nil)
        #expect(rate(projection, .memory) == 8000)
        #expect(projection.binding.resource == .diskBytes)
        // (8 − 0.5) GiB / 100,000 bytes
        #expect(projection.backlogInMemory?.rounded() == 80_531)
    }

    /// The volume's 50 MB/s are less than the instance's 100: 250; 3,000 IOPS / (200,000 / 262,144 = 0.763) = 3,932.
    @Test func aVolumeBoundsTheDisk() throws {
        let run = try measured([try RunForCost.run()])
        var assumptions = Projection.Assumptions()
        var type = try #require(try Prices.book().volume("gp3"))
        type.mbPerSecondIncluded = 50
        assumptions.volume = RentedVolume(type, gigabytes: 100)
        let projection = try #require(Projection(run, on: try instance(), assumptions))
        #expect(rate(projection, .diskBytes) == 250)
        #expect(rate(projection, .diskOperations) == 3932)
        #expect(projection[.diskBytes]?.arithmetic.contains("50.00 MB/s of the volume") == true)
    }

    /// A disk of one cloud cannot be had in another: the instance alone bounds it.
    @Test func aVolumeOfAnotherCloudBoundsNothing() throws {
        let run = try measured([try RunForCost.run()])
        var assumptions = Projection.Assumptions()
        var type = try #require(try Prices.book().volume("gp3"))
        (type.mbPerSecondIncluded, type.cloud) = (50, "another")
        assumptions.volume = RentedVolume(type, gigabytes: 100)
        let projection = try #require(Projection(run, on: try instance(), assumptions))
        #expect(rate(projection, .diskBytes) == 500)
        #expect(projection[.diskOperations] == nil)
    }

    /// 80,000 / 4 a core there against 20,000 / 2 here is twice as fast; without both it is 1:1 by cores.
    @Test func coreMarkScalesWhereBothAreKnown() throws {
        let run = try measured([try RunForCost.run()])
        var assumptions = Projection.Assumptions()
        assumptions.coreMarkHere = 20_000
        #expect(rate(try #require(Projection(run, on: try instance(), assumptions)), .mtaCPU) == 40_000)
        let plain = try #require(Projection(run, on: try instance("plain"), assumptions))
        #expect(rate(plain, .mtaCPU) == 10_000)
        #expect(!plain.usesCoreMark)
    }

    /// On a shared machine the CPU of all three programs counts, and the MTA's own stands beside it.
    @Test func theSharedMachineCountsAllPrograms() throws {
        let run = try measured([try RunForCost.run()])
        var big = try instance()
        (big.nicMbitPerSecond, big.diskMBPerSecond, big.memoryGiB) = (1e6, 1e5, 1000)
        var assumptions = Projection.Assumptions()
        #expect(Projection(run, on: big, assumptions)?.binding.resource == .mtaCPU)
        assumptions.sharesMachine = true
        #expect(Projection(run, on: big, assumptions)?.binding.resource == .allCPU)
    }

    @Test func nothingIsDerivedFromAnInvalidRun() throws {
        let fault = try #require(throws: RecordFault.self) {
            _ = try MeasuredRun.gather([try RunForCost.run(), try RunForCost.run(lost: 1)])
        }
        #expect(fault.description.contains("is no valid result, and nothing is derived from it"))
        #expect(fault.description.contains("1 acknowledged messages were lost"))
    }

    /// A foreign system keeps no record: without its processes' CPU there is no projection.
    @Test func withoutTheSystemsCPUThereIsNone() throws {
        let run = try measured([try RunForCost.run(system: false)])
        #expect(run.systemCPU == nil)
        let small = try instance()
        #expect(Projection(run, on: small, .init()) == nil)
        let seen = try measured([try RunForCost.run(system: false, resources: true)])
        #expect(abs((seen.systemCPU ?? 0) - 400) < 1e-9)
        let sheet = ProjectionSheet([run], on: [small], .init()).sheet
        #expect(sheet.head.first?.contains("was not counted") == true)
        #expect(sheet.tables[0].rows.isEmpty)
    }

    /// Every line with a figure says that it is projected, in every form, and so does every key.
    @Test func projectedIsSaidEverywhere() throws {
        let run = try measured([try RunForCost.run()])
        var warned = try RunForCost.run()
        warned.warnings = ["it took 2 s"]
        let notes = ProjectionSheet([try measured([warned])], on: [try instance()], .init()).sheet.notes
        #expect(notes.last == "projected from a run that warns: mta-segment-fsync: it took 2 s")
        let sheet = ProjectionSheet([run], on: [try instance()], .init()).sheet
        for format in [SheetFormat.text, .markdown] {
            for line in sheet.render(format).split(separator: "\n") where line.contains(/\d/) {
                let isAssumption = line.contains("assumed: ")
                #expect(line.lowercased().contains("projected") || isAssumption, "\(line)")
            }
        }
        for line in sheet.render(.csv).split(separator: "\n").dropFirst() {
            #expect(line.contains("projected"), "\(line)")
        }
        #expect(sheet.tables.allSatisfy { $0.key.hasPrefix("projected") })
        #expect(sheet.tables.flatMap(\.columns).allSatisfy { $0.key.hasPrefix("projected_") })
    }
}
