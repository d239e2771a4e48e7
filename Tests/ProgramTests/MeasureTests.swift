import Foundation
import RunRecords
import Testing

/// CPU is counted by tree of processes: those included that have ended, that nobody waited for, and that got away.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct MeasureTests {
        /// Some CPU in one short-lived shell.
        static let work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"

        private func measure(_ words: [String], exits expected: Int32 = 0) async throws -> ResourceRecord {
            let stage = try Stage()
            defer { stage.close() }
            let program = try stage.program("bench-report", ["measure", "--json", "--"] + words)
            #expect(try await program.waitForExit(seconds: 60) == expected, "\(program.errorOutput)")
            return try JSONDecoder().decode(ResourceRecord.self, from: Data(program.output.utf8))
        }

        private func cpu(_ script: String) async throws -> Double {
            try #require(try await measure(["sh", "-c", script])[.system]).cpuSeconds
        }

        @Test func childrenThatHaveEndedAreCounted() async throws {
            let one = try await cpu(Self.work)
            let four = try await cpu("for n in 1 2 3 4; do (\(Self.work)); done; true")
            // The machine is not equally fast at all times: four of them are more than two and fewer than ten.
            #expect(one > 0)
            #expect(four > 2 * one && four < 10 * one, "\(four) s by four children of \(one) s")
        }

        @Test func daemonsThatGotAwayAreCountedAndEnded() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (done, pid) = (stage.path("done"), stage.path("pid"))
            let daemon = "\(Self.work); \(Self.work); echo $$ >\(pid); touch \(done); exec sleep 1000"
            let one = try await cpu(Self.work)
            let usage = try #require(
                try await measure([
                    "sh", "-c", "(setsid sh -c '\(daemon)' &) ; while [ ! -e \(done) ]; do sleep 0.05; done; sleep 0.2",
                ])[.system])
            #expect(usage.cpuSeconds > one, "its two turns of work: \(usage.cpuSeconds) s, one is \(one) s")
            #expect(usage.processesPeak >= 2)
            let left = try String(contentsOfFile: pid, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(!FileManager.default.fileExists(atPath: "/proc/\(left)/exe"), "the daemon \(left) still runs")
        }

        /// Exim's deliveries: their parent ignores SIGCHLD, and the kernel adds them to nobody's account but the group's.
        @Test(.enabled(if: geteuid() == 0, "control groups can be made by root alone"))
        func childrenThatNobodyWaitsForAreCounted() async throws {
            func python(_ ignoring: Bool) -> String {
                (ignoring ? "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n" : "")
                    + "for n in range(4):\n  if os.fork() == 0:\n    sum(range(5000000)); os._exit(0)\n"
            }
            let waited = try await measure([
                "python3", "-c", "import os, signal, time\n" + python(false) + "for n in range(4): os.wait()",
            ])
            let ignored = try await measure([
                "python3", "-c",
                "import os, signal, time\n" + python(true) + "\ntry:\n  os.wait()\nexcept ChildProcessError: pass",
            ])
            let (first, second) = (try #require(waited[.system]).cpuSeconds, try #require(ignored[.system]).cpuSeconds)
            #expect(second > first / 2, "\(second) s where nobody waits, \(first) s where somebody does")
        }

        @Test func syncsAndBytesAreCounted() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let file = stage.path("synced")
            let record = try await measure([
                "sh", "-c",
                "for n in 1 2 3; do dd if=/dev/zero of=\(file) bs=65536 count=1 conv=fsync 2>/dev/null; done",
            ])
            let usage = try #require(record[.system])
            // Where perf or its tracepoints are not there, nothing is claimed.
            if let syncs = usage.syncs { #expect(syncs.calls["fsync"] == 3) }
            #expect(record.method.isEmpty == false)
        }

        @Test func theCommandsExitCodeIsPassedOn() async throws {
            _ = try await measure(["sh", "-c", "exit 7"], exits: 7)
        }
    }
}
