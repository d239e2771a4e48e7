import Foundation
import RunRecords
import Testing

/// Destinations with settings of their own: where mail goes, limits, schedules, and that one does not hold up another.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct DestinationTests {
        private func config(_ stage: Stage, _ text: String) throws -> [String] {
            try text.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            return ["--config", stage.path("mta.yaml")]
        }

        @Test(arguments: ["segment", "rocksdb", "localdisk"]) func aMessageToTwoHopsOneOfThemDown(spool: String)
            async throws
        {
            let stage = try Stage()
            defer { stage.close() }
            let (near, far) = (try stage.openDirectory("near"), try stage.openDirectory("far"))
            let server = try stage.script("refusing_server.py", [near])
            let port = try await server.listeningPort()
            let down = try freePort()
            let settings =
                try config(stage, "domains:\n  - name: Far.test\n    next_hop: 127.0.0.1:\(down)\n")
                + ["--spool", spool]
            let mta = try await stage.mta(to: port, settings)
            try await stage.runScript(
                "send_one.py", [String(mta.port), "a@x.test", "one@near.test", "two@far.test", "three@NEAR.test"])
            try await mta.wait(for: 2)
            let first = try await mta.stop(MTARecord.self)
            #expect(first.delivered == 2 && first.queued == 1)
            // The next one knows who has it already.
            let other = try stage.script("refusing_server.py", [far])
            let up = try await other.listeningPort()
            let again =
                try config(stage, "domains:\n  - name: far.test\n    next_hop: 127.0.0.1:\(up)\n") + ["--spool", spool]
            let next = try await stage.mta(to: port, again)
            try await next.wait(for: 1)
            let second = try await next.stop(MTARecord.self)
            #expect(second.recovered == 1 && second.delivered == 1 && second.queued == 0)
            #expect(try KeptMessage.all(in: near).map(\.recipients) == [["one@near.test", "three@NEAR.test"]])
            #expect(try KeptMessage.all(in: far).map(\.recipients) == [["two@far.test"]])
        }

        /// The sink's own figures judge: never more than one connection, never faster than the rate.
        @Test func limitsOfADomainHoldOverAllLoops() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (slow, fast) = (try await stage.sink(), try await stage.sink())
            let settings = try config(
                stage,
                """
                domains:
                  - name: slow.test
                    next_hop: 127.0.0.1:\(slow.port)
                    connections: 1
                    rate: 40/s
                """)
            let mta = try await stage.mta(to: fast.port, settings + ["--threads", "2"])
            let load = try stage.generator(
                to: mta.port,
                [
                    "--concurrency", "10", "--message-count", "200", "--body-size", "1kb", "--domain", "slow:1",
                    "--domain", "other:1", "--seed", "3",
                ])
            #expect(try await load.waitForExit() == 0)
            try await mta.wait(for: 200)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 200)
            let (limited, free) = (try await slow.stop(SinkRecord.self), try await fast.stop(SinkRecord.self))
            #expect(limited.received + free.received == 200)
            #expect(limited.received > 60)
            #expect(limited.connectionsPeak == 1)
            let seconds = limited.lastReceivedUnixSeconds - limited.firstReceivedUnixSeconds
            // A quarter of a second's worth may come at once.
            #expect(seconds >= (Double(limited.received) - 12) / 40, "\(limited.received) in \(seconds) s")
            let others = free.lastReceivedUnixSeconds - free.firstReceivedUnixSeconds
            #expect(others < seconds, "the others did not wait for it")
        }

        /// The only connection that may be open is not given from loop to loop while it waits for its rate: each would be
        /// opened for a message or none.
        @Test func aConnectionWaitsForItsRate() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let slow = try await stage.sink()
            let hop = "127.0.0.1:\(slow.port)"
            let settings = try config(
                stage, "domains: [{name: slow.test, next_hop: '\(hop)', connections: 1, rate: 6/s}]")
            let mta = try await stage.mta(to: slow.port, settings + ["--threads", "2"])
            let load = try stage.generator(
                to: mta.port,
                ["--concurrency", "12", "--message-count", "12", "--body-size", "1kb", "--domain", "slow"])
            #expect(try await load.waitForExit() == 0)
            try await mta.wait(for: 12)
            #expect(try await mta.stop(MTARecord.self).delivered == 12)
            let record = try await slow.stop(SinkRecord.self)
            #expect(record.received == 12 && record.connections <= 4, "\(record.connections) connections")
        }

        @Test func aSilentHopDoesNotHoldUpOthers() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            // Takes connections and says nothing.
            let silent = try stage.script("silent_server.py", [])
            let settings = try config(
                stage, "domains:\n  - name: silent.test\n    next_hop: 127.0.0.1:\(try await silent.listeningPort())\n")
            let mta = try await stage.mta(to: sink.port, settings + ["--smart-host-connections", "4"])
            let stalled = try stage.generator(
                to: mta.port, name: "stalled",
                ["--concurrency", "4", "--message-count", "100", "--body-size", "1kb", "--domain", "silent"])
            #expect(try await stalled.waitForExit() == 0)
            let load = try stage.generator(
                to: mta.port, ["--concurrency", "4", "--message-count", "300", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            try await mta.wait(for: 300)
        }

        /// Connections that rest give way to a destination that has none.
        @Test func idleConnectionsGiveWay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (first, second) = (try await stage.sink(), try await stage.sink())
            let settings = try config(
                stage, "domains:\n  - name: second.test\n    next_hop: 127.0.0.1:\(second.port)\n")
            let mta = try await stage.mta(
                to: first.port, settings + ["--smart-host-connections", "1", "--threads", "1"])
            let load = try stage.generator(
                to: mta.port, name: "a", ["--concurrency", "1", "--message-count", "5", "--body-size", "1kb"])
            #expect(try await load.waitForExit() == 0)
            try await mta.wait(for: 5)
            let began = Date()
            let other = try stage.generator(
                to: mta.port, name: "b",
                ["--concurrency", "1", "--message-count", "5", "--body-size", "1kb", "--domain", "second"])
            #expect(try await other.waitForExit() == 0)
            try await mta.wait(for: 10, seconds: 8)
            // A rest lasts ten seconds; a slow machine may take some of them, but not all.
            #expect(Date().timeIntervalSince(began) < 8)
            #expect(try await second.stop(SinkRecord.self).received == 5)
        }

        @Test func aDelayIsReportedOnce() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let server = try stage.script("refusing_server.py", [kept])
            let mta = try await stage.mta(
                to: try await server.listeningPort(),
                ["--delay-warning", "800ms", "--retry-first", "300ms", "--retry-factor", "1", "--retry-max-age", "3s"])
            try await stage.runScript("send_one.py", [String(mta.port), "sender@origin.test", "defer@far.test"])
            // The warning, the final notification, and the recipient that failed.
            try await mta.wait(for: 3)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.generated == 2 && record.bounced == 1 && record.queued == 0)
            #expect(record.deferrals >= 3)
            let reports = try KeptMessage.all(in: kept).map(\.text)
            #expect(reports.count == 2)
            #expect(reports.count { $0.contains("Action: delayed") && $0.contains("Will-Retry-Until: ") } == 1)
            #expect(reports.count { $0.contains("Action: failed") && $0.contains("Status: 5.4.7") } == 1)
            #expect(reports.allSatisfy { $0.contains("4.2.1 mailbox is busy") })
        }

        @Test func badDomainSettingsAreNamed() async throws {
            let stage = try Stage()
            defer { stage.close() }
            for (text, part) in [
                ("domains:\n  - name: x.test\n    rate: fast\n", "mta.yaml:3: key 'domains[0].rate'"),
                ("domains:\n  - name: x.test\n  - name: X.test\n", "appears twice"),
                ("domains:\n  - name: x.test\n    conections: 3\n", "did you mean 'connections'"),
            ] {
                let program = try stage.program(
                    "mta", ["serve", "--smart-host", "127.0.0.1:9", "--spool", "memory"] + (try config(stage, text)))
                #expect(try await program.waitForExit() == 2)
                #expect(program.errorOutput.contains(part), "\(program.errorOutput)")
            }
        }
    }
}
