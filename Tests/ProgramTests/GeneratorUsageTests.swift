import Foundation
import RunRecords
import Testing

/// What traffic-gen refuses before it sends anything: what could not be written, would measure nothing, or would silently be
/// something else than what was asked.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct GeneratorUsageTests {
        struct Mistake: CustomTestStringConvertible, Sendable {
            var arguments: [String]
            var says: [String]
            var testDescription: String { arguments.joined(separator: " ") }
            init(_ arguments: [String], says: String...) { (self.arguments, self.says) = (arguments, says) }
        }

        @Test(arguments: [
            Mistake(["--record", "/nonexistent/r.json"], says: "--record /nonexistent/r.json", "No such file"),
            Mistake(["--ledger", "/nonexistent/l"], says: "--ledger /nonexistent/l", "No such file"),
            Mistake(["-o", "/nonexistent/o"], says: "--output /nonexistent/o", "No such file"),
            Mistake(["--record", "/tmp"], says: "--record /tmp", "Is a directory"),
            Mistake(["--record", "/tmp/x", "-o", "/tmp/./x"], says: "has the same file"),
            Mistake(["--stages", "5s@10/s", "--warmup", "5s"], says: "--warmup 5s", "nothing would be measured"),
            Mistake(["-r", "100/s", "-n", "100", "--warmup", "2s"], says: "--warmup 2s", "the 1s in which"),
            Mistake(["-d", "5s", "--ramp-up", "5s"], says: "--ramp-up 5s"),
            Mistake(["--stages", "5s@10/s", "-d", "1m"], says: "--duration 1m", "over after 5s"),
            Mistake(["--stages", "5s@10/s", "-n", "100"], says: "--messages 100", "only 50 are due"),
            Mistake(["--rate", "find", "-n", "100"], says: "--find-step"),
            Mistake(["--rate", "find", "--reply-limit", "0s"], says: "--reply-limit 0s"),
            Mistake(["--rate", "find", "--reply-percentile", "101"], says: "--reply-percentile 101"),
            Mistake(["--connect-timeout", "0s"], says: "--connect-timeout 0s", "1s to 24h"),
            Mistake(["--reply-timeout", "0.1ns"], says: "--reply-timeout", "expected a duration"),
            Mistake(
                ["--target", "127.0.0.1:1=1", "--target", "127.0.0.1:2=0.0000001", "-c", "10"],
                says: "127.0.0.1:2", "none of the 10 connections"),
            Mistake(["--target", "127.0.0.1:1=1e300"], says: "expected a weight"),
            Mistake(["--domain", "a:1e300"], says: "--domain"),
            Mistake(["--domain", "a.test=3"], says: "--domain 'a.test=3'", "name:weight"),
            Mistake(["--body-size", "0.1"], says: "--body-size"),
            Mistake(["-n", "1", "-c", "2000000000"], says: "ulimit -n", "fs.nr_open"),
        ])
        func nothingIsSent(_ mistake: Mistake) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program("traffic-gen", mistake.arguments)
            #expect(try await program.waitForExit(seconds: 30) == 2, "\(program.errorOutput)")
            for text in mistake.says {
                #expect(program.errorOutput.contains(text), "it said: \(program.errorOutput)")
            }
        }

        /// A ledger that cannot go on ends the run, and the record says so.
        @Test func aFullLedgerEndsTheRun() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let load = try stage.program(
                "traffic-gen",
                [
                    "--target", "127.0.0.1:\(sink.port)", "-r", "100/s", "-d", "10m", "-c", "2", "--quiet", "--ledger",
                    "/dev/full", "--record", stage.path("full.json"),
                ])
            #expect(try await load.waitForExit(seconds: 60) == 1)
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("full.json"))
            #expect(record.accepted > 0 && record.offered == record.accepted)
            #expect(record.warnings.contains { $0.contains("ledger /dev/full") })
        }

        /// Local ports are counted before the first of them is taken.
        @Test func portsAreCounted() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let text = try String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
            let ends = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            // One more than there are; where the limit of files is lower, that one is named.
            let program = try stage.program(
                "traffic-gen", ["--target", "127.0.0.1:1", "-n", "1", "-c", String(ends[1] - ends[0] + 2)])
            #expect(try await program.waitForExit(seconds: 30) == 2)
            let said = program.errorOutput
            #expect(
                (said.contains("net.ipv4.ip_local_port_range") && said.contains("--source"))
                    || said.contains("ulimit -n"))
        }
    }
}
