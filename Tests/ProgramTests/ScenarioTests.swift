import Foundation
import RunRecords
import Testing

/// Runs with a course of their own, with small counts: what the harness does to them, and what the record says.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(3))) struct ScenarioTests {
        /// More generator threads than cores: in a run this short the start alone could saturate one.
        static let head = """
            question: What happens?
            message_size: 2KB
            connections: 10
            stall_limit: 6s
            threads: {generator: 16}

            """

        private func run(
            _ text: String, exits expected: Int32 = 0
        ) async throws -> (record: RunRecord, output: String) {
            let stage = try Stage()
            defer { stage.close() }
            try (Self.head + text).write(toFile: stage.path("tiny.yaml"), atomically: true, encoding: .utf8)
            let out = stage.path("results")
            let program = try stage.program("bench-report", ["run", stage.path("tiny.yaml"), "--out", out])
            let code = try await program.waitForExit(seconds: 100)
            #expect(code == expected, "\(program.errorOutput) \(program.output)")
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: out)) ?? [])
                .filter { !$0.hasPrefix(".") }
            let name = try #require(names.first, "\(program.errorOutput)")
            let record = try RecordFile.read(RunRecord.self, from: "\(out)/\(name)/run.json")
            let spools = (try? FileManager.default.contentsOfDirectory(atPath: out + "/.spools")) ?? []
            #expect(spools == [], "nothing is left behind")
            return (record, program.output)
        }

        // MARK: Crash

        private static let crash = """
            load: {rate: 250/s, duration: 4s}
            crash: {after: 1500ms}
            sink:
              rules:
                - {at: end, action: delay, delay: 20ms}

            """

        @Test func aKilledSystemLosesNothing() async throws {
            let (record, output) = try await run(
                Self.crash + "mta: {spool: segment, durability: fsync, smart_host_connections: 4}\n")
            #expect(record.invalid == [])
            #expect((record.audit.lost, record.audit.changed) == (0, 0))
            #expect(record.generator.accepted > 300)
            #expect(record.generator.lastAcceptedUnixSeconds - record.generator.firstOfferedUnixSeconds > 2.5)
            let crash = try #require(record.scenario?.crash)
            #expect(crash.waitingAtKill > 0, "there was mail to lose")
            #expect(crash.secondsToGreeting > 0)
            #expect(try #require(crash.secondsToFirstDelivery) > 0)
            let names = try #require(record.phases).map(\.name)
            #expect(names.first == "killed")
            for name in ["started again", "restarted", "first delivery", "drained"] {
                #expect(names.contains(name), "\(names)")
            }
            #expect((record.mta?.recovered ?? 0) > 0)
            #expect(output.contains("restart to first delivery"), "\(output)")
        }

        /// A system that answers 250 before it keeps anything.
        @Test func whatAKilledSystemLosesMakesItNoResult() async throws {
            let (record, output) = try await run(
                Self.crash + "mta: {spool: memory, smart_host_connections: 4}\n", exits: 1)
            #expect(record.missing.lost > 0)
            #expect(record.invalid.contains("\(record.missing.lost) acknowledged messages were lost"))
            #expect(output.hasPrefix("INVALID: "), "\(output)")
            #expect(record.audit.named.contains { $0.hasPrefix("lost ") })
        }

        @Test func aCrashThatComesTooLateIsSaid() async throws {
            let stage = try Stage()
            defer { stage.close() }
            try (Self.head + "messages: 50\ncrash: {after: 60s}\n").write(
                toFile: stage.path("late.yaml"), atomically: true, encoding: .utf8)
            let program = try stage.program(
                "bench-report", ["run", stage.path("late.yaml"), "--out", stage.path("results")])
            #expect(try await program.waitForExit(seconds: 60) == 1)
            #expect(
                program.errorOutput.contains("the load was over before the system was to be killed"),
                "\(program.errorOutput)")
        }

        // MARK: Backlog

        @Test func mailWaitsWhileTheReceiverIsDown() async throws {
            let (record, output) = try await run(
                """
                load: {rate: 200/s, duration: 5s}
                sink:
                  rules:
                    - {match: {during: {after: 1s, for: 2s}}, at: connect, action: refuse}
                    - {match: {during: {after: 1s, for: 2s}}, at: mail, action: close, reply: "421 4.3.2 Going down"}

                """)
            #expect(record.invalid == [])
            #expect(record.generator.accepted == record.generator.offered)
            let backlog = try #require(record.scenario?.backlog)
            #expect(backlog.peak > 100)
            let (stopped, resumed) = (
                try #require(backlog.stoppedUnixSeconds), try #require(backlog.resumedUnixSeconds)
            )
            #expect(resumed - stopped >= 1)
            #expect(try #require(backlog.emptyUnixSeconds) >= resumed)
            #expect(try #require(backlog.drainPerSecond) > 0)
            #expect(
                try #require(record.phases).map(\.name).filter { $0.hasPrefix("deliveries") }
                    == ["deliveries stopped", "deliveries again"])
            #expect(output.contains("backlog at its peak"), "\(output)")
        }

        // MARK: The highest sustained rate

        @Test func aRateIsFoundAndShownAtThreeLoads() async throws {
            let (record, output) = try await run(
                "find_max: {from: 100/s, to: 200/s, step: 1s, reply_limit: 5s, delivery_limit: 10s}\n")
            #expect(record.invalid == [])
            let search = try #require(record.scenario?.rateSearch)
            #expect(search.steps.count >= 5)
            #expect(search.steps[0].ratePerSecond == 100)
            #expect(Set(search.steps.suffix(3).map(\.purpose)) == ["80 %", "100 %", "120 %"])
            let sustained = try #require(search.sustainedPerSecond)
            let shown = try #require(search.shown("100 %"))
            #expect(shown.ratePerSecond == sustained)
            #expect(search.shown("120 %")?.ratePerSecond == sustained * 1.2)
            // The run's own figures are those at 100 %.
            #expect(record.generator.offered == shown.due)
            #expect(record.generator.load?.ratePerSecond == sustained)
            #expect(
                record.warmUpMessages
                    == search.steps.filter { $0.purpose != "100 %" }.map { $0.due - $0.errors }
                    .reduce(0, +))
            #expect(output.contains("highest sustained rate"), "\(output)")
        }

        // MARK: Conditions

        private static let limitsDisk =
            geteuid() == 0
            && ["/sys/fs/cgroup/blkio/cgroup.procs", "/sys/fs/cgroup/io.max"].contains { (path: String) in
                access(path, W_OK) == 0
            }

        @Test(.enabled(if: limitsDisk, "needs root and a control group for the disk"))
        func aLimitedDiskIsInTheRecord() async throws {
            let (record, _) = try await run(
                "messages: 100\ndisk: {writes_per_s: 200}\nmta: {spool: segment, durability: fsync}\n")
            #expect(record.invalid == [])
            let lines = try #require(record.conditions)
            #expect(lines.contains { $0.hasPrefix("disk limited to 200 writes a second by the ") }, "\(lines)")
            let groups = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup/blkio")) ?? []
            #expect(groups.filter { $0.hasPrefix("millrace-") } == [])
        }

        @Test func aDistantReceiverTakesLonger() async throws {
            let (record, _) = try await run(
                "messages: 50\nnetwork: {delay: 20ms}\nmta: {spool: memory, smart_host_connections: 2}\n")
            #expect(record.invalid == [])
            let lines = try #require(record.conditions)
            #expect(lines.contains { $0.hasPrefix("receiver ") }, "\(lines)")
            // There and back for each message at least.
            #expect((record.mta?.deliveryLatency.min_ns ?? 0) >= 40_000_000)
        }
    }
}
