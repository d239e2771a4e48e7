import Foundation
import RunRecords
import Testing

/// Mail that is looked at, and mail that nobody looks at.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SinkMailTests {
        /// Content by BDAT is dropped in the kernel where nobody wants it, and counted all the same.
        @Test func chunksThatNobodyWantsAreCounted() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--threads", "2"])
            let load = try stage.generator(
                to: sink.port,
                ["--concurrency", "20", "--message-count", "3000", "--body-size", "100kb", "--chunking"])
            #expect(try await load.waitForExit() == 0)
            let sent = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            try await stage.runScript("sink_chunks.py", [String(sink.port)])
            let record = try await sink.stop(SinkRecord.self)
            #expect(sent.accepted == 3000 && record.received == 3000 + 7)
            #expect(record.receivedBytes == sent.acceptedBytes + 1_020_018)
        }

        @Test func mailReadersFindWhatArrived() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let maildir = try await stage.sink(["--store", "maildir:" + stage.path("maildir")])
            let mbox = try await stage.sink(["--store", "mbox:" + stage.path("mbox")])
            try await stage.runScript(
                "sink_stores.py",
                [String(maildir.port), stage.path("maildir"), String(mbox.port), stage.path("mbox")])
        }

        @Test func thePageShowsMailAsText() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--inbox", "3", "--http", "127.0.0.1:0"])
            let port = try await eventually("the page's address") {
                sink.program.output.split(separator: "\n").first { $0.hasPrefix("http ") }
                    .flatMap { $0.split(separator: ":").last }.flatMap { Int($0) }
            }
            try await stage.runScript("sink_page.py", [String(sink.port), String(port)])
        }

        @Test func aBrowserRunsNothingOfIt() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let browser = "/usr/bin/chromium"
            guard FileManager.default.isExecutableFile(atPath: browser) else {
                Issue.record("NOT TESTED: chromium is not installed; 'make setup' installs it")
                return
            }
            let sink = try await stage.sink(["--inbox", "3", "--http", "127.0.0.1:0"])
            let port = try await eventually("the page's address") {
                sink.program.output.split(separator: "\n").first { $0.hasPrefix("http ") }
                    .flatMap { $0.split(separator: ":").last }.flatMap { Int($0) }
            }
            let output = try await stage.runScript(
                "sink_browser.py", [browser, String(sink.port), String(port), stage.path("browser")])
            #expect(output == "seen\n")
        }

        @Test func tenThousandConnections() async throws {
            let stage = try Stage()
            defer { stage.close() }
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
            guard limit.rlim_max >= 11_000 else {
                Issue.record("NOT TESTED: only \(limit.rlim_max) open files are allowed here")
                return
            }
            // Each message takes long enough for all connections to be there.
            try "rules:\n  - {action: delay, delay: 5s}\n"
                .write(toFile: stage.path("slow.yaml"), atomically: true, encoding: .utf8)
            let sink = try await stage.sink(["--threads", "2", "--behaviour", stage.path("slow.yaml")])
            let load = try stage.generator(
                to: sink.port,
                ["--concurrency", "10000", "--message-count", "20000", "--body-size", "1kb", "--threads", "2"])
            #expect(try await load.waitForExit(seconds: 90) == 0)
            let sent = try RecordFile.read(GeneratorRecord.self, from: stage.path("generator.json"))
            let record = try await sink.stop(SinkRecord.self)
            #expect(sent.accepted == 20_000 && sent.connectionsFailed == 0)
            #expect(record.received == 20_000 && record.connections == 10_000 && record.connectionsPeak == 10_000)
        }
    }
}
