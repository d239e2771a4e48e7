import Measures
import RunRecords
import RunReporting
import Testing

/// A record made for each thing that a run can be limited by. The fixture takes 2.5 s on two cores, which are 5 s of CPU.
@Suite struct LimitFinderTests {
    /// - Parameter conditions: lines of the profile.
    private func verdict(_ conditions: String = "", _ bend: (inout RunRecord) -> Void) throws -> LimitVerdict {
        var run = try RunFixture.run(text: RunFixture.profileText + conditions)
        bend(&run)
        return LimitFinder(run).verdict
    }

    private func usage(_ seconds: Double) -> ProcessUsage {
        ProcessUsage(cpuUserSeconds: seconds, cpuSystemSeconds: 0, memoryPeakBytes: 1 << 20, diskWriteBytes: 0)
    }

    private func resources(_ bend: (inout ResourceRecord) -> Void = { _ in }) -> ResourceRecord {
        var record = ResourceRecord(method: "/proc")
        var system = GroupUsage()
        (system.cpuUserSeconds, system.cpuSystemSeconds) = (0.4, 0.2)
        record[.system] = system
        bend(&record)
        return record
    }

    @Test func theGeneratorsThreads() throws {
        let found = try verdict { $0.generator.header.usage = usage(2.4) }
        #expect(found.limit == .generator)
        #expect(found.reasons[0] == "its 1 threads were 96 % busy: it measured itself")
        #expect(found.reasons[1] == "2 cores 61 % busy: system 20 %, generator 79 %, sink 2 % of it")
    }

    /// With a thread a core and all cores shared, threads that are busy do not tell.
    @Test func threadsThatShareAllCores() throws {
        let found = try verdict {
            $0.generator.header.threads = 2
            $0.generator.header.usage = usage(2.3)
            $0.mta?.header.usage = usage(2.4)
        }
        #expect(found.limit == .cpu)
    }

    @Test func theSinksThreads() throws {
        let found = try verdict { $0.sink.header.usage = usage(2.3) }
        #expect(found.limit == .sink)
        #expect(found.reasons[0] == "its 1 threads were 92 % busy")
    }

    @Test func allCores() throws {
        let found = try verdict { $0.mta?.header.usage = usage(4.4) }
        #expect(found.limit == .cpu)
        #expect(found.text == "CPU: all 2 cores 92 % busy: system 96 %, generator 3 %, sink 1 % of it")
    }

    /// What was used before the first message and after the last is not the load's.
    @Test func samplesOutsideOfTheLoadDoNotCount() throws {
        let found = try verdict { run in
            run.resources = resources { record in
                for second in 0..<6 {
                    var sample = ResourceSample(unixSeconds: 999 + Double(second))
                    // Two cores busy before 1000 and from 1002.5 on; in between a half.
                    sample.cpuUserSeconds["system"] = [2, 2, 0.5, 0.5, 1.5, 2][second]
                    record.samples.append(sample)
                }
            }
        }
        #expect(found.limit != .cpu)
        // 0.5 + 0.5 + half of 1.5, of 5 s.
        #expect(found.reasons[0].hasPrefix("2 cores 35 % busy: system 100 %"), "\(found.reasons)")
    }

    /// Without samples there is only the CPU of the programs' whole lives, which may be that of start and stop.
    @Test func ofAShortLoadTheCPUIsNotKnown() throws {
        let short = try verdict {
            ($0.generator.lastAcceptedUnixSeconds, $0.sink.lastReceivedUnixSeconds) = (1001, 1001.5)
            $0.mta?.header.usage = usage(2.8)
        }
        #expect(short.limit == .unclear)
        #expect(
            short.reasons[0]
                == "CPU of the load alone is not known: it took 1.5 s of the programs' 3.0 s, with fewer than two samples"
        )
        // More than two cores have in 2.5 s.
        let tooMuch = try verdict { $0.mta?.header.usage = usage(5.6) }
        #expect(tooMuch.limit == .unclear)
        #expect(tooMuch.reasons[0].hasPrefix("CPU of the load alone is not known"))
    }

    @Test func aSystemWithFewerThreadsThanCores() throws {
        let found = try verdict {
            $0.machine.cores = 8
            $0.mta?.header.threads = 2
            $0.mta?.header.usage = usage(4.8)
        }
        #expect(found.limit == .cpu)
        #expect(found.reasons[0] == "the system's 2 threads were 96 % busy")
    }

    @Test func syncsByTheMTAsOwnCommits() throws {
        let found = try verdict {
            $0.mta?.commitLatency = LatencyHistogram()
            $0.mta?.commitLatency.record(nanoseconds: 28_000_000, count: 80)
        }
        #expect(found.limit == .syncs)
        #expect(found.reasons[0] == "80 commits of 28.0 ms, come to 90 % of 2.5 s")
    }

    /// The same commits of a spool that does not sync wait for something else.
    @Test func commitsWithoutSyncsAreNoDisk() throws {
        var run = try RunFixture.variant(1)
        run.mta?.commitLatency.record(nanoseconds: 28_000_000, count: 80)
        #expect(LimitFinder(run).verdict.limit == .unclear)
    }

    @Test func syncsByCallsOfAnySystem() throws {
        let found = try verdict { run in
            run.mta = nil
            run.system = SystemFacts(
                name: "postfix", variant: "default", title: "Postfix", version: "3.7", spool: "queue files",
                promise: .fsync)
            run.resources = resources { $0[.system]?.syncs = SyncCounts(calls: ["fsync": 11_000]) }
        }
        #expect(found.limit == .syncs)
        #expect(found.reasons[0] == "11,000 syncs, of which one takes 0.200 ms alone, come to 88 % of 2.5 s")
    }

    @Test func bandwidthOfALimitedDisk() throws {
        let disk = "disk: {mb_per_s: 225}\n"
        let found = try verdict(disk) { $0.resources = resources { $0.deviceWriteBytes = 550_000_000 } }
        #expect(found.limit == .bandwidth)
        #expect(found.reasons[0] == "220 MB/s written to a disk limited to 225 MB/s")
        #expect(try verdict(disk) { $0.deviceWriteBytes = 300_000_000 }.limit != .bandwidth)
        let later = try verdict(disk) {
            $0.resources = resources { record in
                var sample = ResourceSample(unixSeconds: 1001)
                sample.deviceWriteBytes = 100_000_000
                (record.samples, record.deviceWriteBytes) = ([sample], 550_000_000)
            }
        }
        #expect(later.limit != .bandwidth, "what was written after the load did not slow it")
        #expect(try verdict { $0.deviceWriteBytes = 550_000_000 }.limit != .bandwidth)
    }

    @Test func writesOfALimitedDisk() throws {
        let found = try verdict("disk: {writes_per_s: 1200}\n") {
            $0.resources = resources { ($0.deviceWrites, $0.deviceWriteBytes) = (2900, 29_000_000) }
        }
        #expect(found.limit == .syncs)
        #expect(found.reasons[0] == "1160 writes a second on a disk limited to 1200")
    }

    @Test func memory() throws {
        let used = { (run: inout RunRecord) in
            run.resources = resources { $0[.system]?.memoryPeakBytes = 3_900 << 20 }
        }
        let found = try verdict("memory: 4GiB\n", used)
        #expect(found.limit == .memory)
        #expect(found.reasons[0] == "3.81 of 4.00 GiB in use")
        #expect(try verdict("memory: 5GiB\n", used).limit != .memory)
    }

    @Test func network() throws {
        let distance = "network: {delay: 50ms, loss: 0.5%}\n"
        let found = try verdict(distance) { _ in }
        #expect(found.limit == .network)
        #expect(found.reasons[0] == "receiver 50.0 ms away each way, 0.50 % lost")
        #expect(try verdict(distance) { $0.mta?.header.usage = usage(4.4) }.limit == .cpu)
        let line = "receiver in a network namespace of its own, 50.0 ms away each way"
        #expect(try verdict(distance) { $0.conditions = [line] }.reasons[0] == line)
    }

    @Test func theRateThatWasAskedFor() throws {
        let found = try verdict { $0.generator.load = LoadFacts(model: .open, arrivals: .constant, ratePerSecond: 505) }
        #expect(found.limit == .configured)
        #expect(found.reasons[0] == "the rate asked for, 505 msg/s, was reached (99 %): the system may do more")
        let missed = try verdict { $0.generator.load = LoadFacts(model: .open, ratePerSecond: 600) }
        #expect(missed.limit == .unclear)
        let dropped = try verdict {
            $0.generator.load = LoadFacts(model: .open, ratePerSecond: 500)
            $0.generator.droppedStarts = 3
        }
        #expect(dropped.limit == .unclear)
    }

    /// 500 messages a second, each under way for 40 ms, are 20 at once: as many as there are connections.
    @Test func tooFewConnections() throws {
        let found = try verdict {
            $0.generator.transactionLatency = LatencyHistogram()
            $0.generator.transactionLatency.record(nanoseconds: 40_000_000, count: 1000)
        }
        #expect(found.limit == .configured)
        #expect(found.reasons[0].hasPrefix("all 20 connections were waiting: 500 msg/s × 40.0 ms = 20.0 under way"))
    }

    /// While one message of a connection waits for its reply, the next is on its way.
    @Test func moreUnderWayThanConnectionsIsExplained() throws {
        let found = try verdict {
            $0.generator.transactionLatency = LatencyHistogram()
            $0.generator.transactionLatency.record(nanoseconds: 76_000_000, count: 1000)
        }
        #expect(found.limit == .configured)
        #expect(found.reasons[0].contains("= 38.0 under way (pipelined: up to two on each); more"), "\(found.reasons)")
    }

    @Test func whatIsNotClearSaysItsFigures() throws {
        let found = try verdict { $0.deviceWriteBytes = 25_000_000 }
        #expect(found.limit == .unclear)
        #expect(
            found.reasons == [
                "2 cores 16 % busy: system 75 %, generator 19 %, sink 6 % of it",
                "80 commits of 0.500 ms, 2 % of the time",
                "2.60 messages under way on 20 connections", "10 MB/s written to the device",
            ])
        let none = try verdict { ($0.sink.received, $0.sink.lastReceivedUnixSeconds) = (0, 0) }
        #expect(none.text == "not clear: no message was delivered")
    }

    @Test func repeatsThatDisagreeSaySo() throws {
        var busy = try RunFixture.run(lastReceived: 1002.4, repeatIndex: 2, repeats: 3)
        busy.mta?.header.usage = usage(4.4)
        let others = try [1, 3].map { try RunFixture.run(repeatIndex: $0, repeats: 3) }
        #expect(LimitSummary([busy]).text.hasPrefix("CPU: all 2 cores"))
        #expect(
            LimitSummary([busy] + others).text.hasPrefix(
                "not the same in all runs (not clear 2, CPU 1); the one in the middle: not clear: 2 cores 16 % busy"))
    }
}
