import Foundation
import RunRecords
import Testing

/// What a sink cannot write it says: at its start, or when it happens.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SinkFaultTests {
        /// Arguments, and what the fault names. Nobody can make anything in /proc.
        @Test(arguments: [
            (["--record", "/proc/no/sink.json"], "--record: /proc/no/sink.json: cannot be written"),
            (["--record", "/proc"], "--record: /proc: cannot be written: Is a directory"),
            (
                ["--ledger", "/proc/no/sink.ledger"],
                "--ledger: ledger /proc/no/sink.ledger: cannot be created: No such file"
            ),
            (
                ["--store", "maildir:/proc/no/mail"],
                "--store: /proc/no/mail/tmp: cannot be made: No such file or directory"
            ),
            (["--store", "mbox:/proc/no/mbox"], "--store: /proc/no/mbox: cannot be written"),
            (["--keep", "/proc/no/kept"], "--keep: /proc/no/kept: cannot be made: No such file or directory"),
            (["--tls-ca-dir", "/proc/no/tls"], "--tls-ca-dir: /proc/no/tls: cannot be made: No such file"),
            (["--hostname", "mx.test\r\nX-Evil: 1"], #"--hostname "mx.test\r\nX-Evil: 1": expected a domain name"#),
            (["--hostname", ""], "--hostname \"\": expected a domain name"),
            (["--dns", "127.0.0.1:0", "--zone", "a.test=mx\r\n@127.0.0.1"], #"--zone "a.test=mx\r\n@127.0.0.1": "#),
        ])
        func whatCannotBeHadIsNamedAtTheStart(arguments: [String], said: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program("sink-mta", ["--listen", "127.0.0.1:0"] + arguments)
            #expect(try await program.waitForExit() == 2)
            #expect(program.errorOutput.contains("sink-mta: " + said), "\(program.errorOutput)")
            #expect(!program.output.contains("listening"))
        }

        private func told(_ sink: Server) async throws {
            try await eventually("the fault") {
                sink.program.errorOutput.contains("No space left on device; mail is answered 452") ? () : nil
            }
        }

        /// A message that cannot be noted is not taken, and the run is no run.
        @Test func aLedgerThatCannotBeWrittenRefusesMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", "/dev/full"])
            let first = try stage.generator(to: sink.port, ["-c", "1", "-n", "1", "--body-size", "1kb"])
            #expect(try await first.waitForExit() == 0)
            try await told(sink)
            let second = try stage.generator(
                to: sink.port, name: "second", ["-c", "2", "-n", "10", "--body-size", "1kb"])
            #expect(try await second.waitForExit() == 1)
            let sent = try RecordFile.read(GeneratorRecord.self, from: stage.path("second.json"))
            #expect(sent.refused == 10 && sent.replies.filter { $0.code >= 400 }.map(\.code) == [452])
            #expect(try await sink.program.terminate() == 1)
            #expect(sink.program.errorOutput.contains("not all messages are in the ledger"))
            let record = try RecordFile.read(SinkRecord.self, from: sink.recordPath)
            #expect(record.received == 1 && record.refused == 10 && record.ledger?.unwritten == 1)
            #expect(record.faults == ["ledger /dev/full: cannot be written: No space left on device"])
            #expect(record.replies?.first { $0.code == 452 }?.count == 10)
        }

        /// A disk that was full and has room again: mail is taken again, and of what was taken no line is missing or cut.
        @Test(.enabled(if: getuid() == 0, "mounting a small tmpfs needs root"))
        func aLedgerGoesOnWhenThereIsRoom() async throws {
            let disk = try FullDiskTests.SmallDisk(megabytes: 1)
            let stage = try Stage()
            defer { stage.close() }
            try Data(count: 900_000).write(to: URL(fileURLWithPath: disk.path + "/filler"))
            let sink = try await stage.sink(["--ledger", disk.path + "/sink.ledger"])
            func load(_ name: String, _ count: Int) async throws -> GeneratorRecord {
                let load = try stage.generator(
                    to: sink.port, name: name, ["-c", "4", "-n", "\(count)", "--body-size", "1kb"])
                _ = try await load.waitForExit()
                return try RecordFile.read(GeneratorRecord.self, from: stage.path(name + ".json"))
            }
            // More lines than there is room for.
            _ = try await load("flood", 3000)
            try await told(sink)
            #expect(try await load("refused", 10).refused == 10)
            try FileManager.default.removeItem(atPath: disk.path + "/filler")
            var attempts = 0
            repeat { attempts += 1 } while try await load("after", 1).accepted == 0 && attempts < 100
            #expect(try await sink.program.terminate() == 1, "mail was refused that nobody wanted refused")
            let record = try RecordFile.read(SinkRecord.self, from: sink.recordPath)
            #expect(record.ledger?.unwritten == nil)
            let sent = ["flood", "refused", "after"].map { stage.path($0 + ".ledger") }
            let verified = try stage.program("sink-mta", ["verify", disk.path + "/sink.ledger"] + sent)
            #expect(try await verified.waitForExit() == 0, "\(verified.output)")
        }
    }
}
