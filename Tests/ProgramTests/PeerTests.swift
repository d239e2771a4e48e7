import Foundation
import Glibc
import RunRecords
import Testing

/// Programs that are not ours: what they send we take, what we send they take.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct PeerTests {
        @Test func smtplibSendsToTheSink() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--keep", stage.path("kept")])
            try await stage.runScript("send_plain.py", [String(sink.port), "5"])
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 5)
            let kept = try KeptMessage.all(in: stage.path("kept"))
            #expect(Set(kept.map(\.reversePath)) == ["sender@plain.test"])
            #expect(kept.allSatisfy { $0.recipients == ["one@plain.test", "two@plain.test"] })
            #expect(kept.allSatisfy { $0.text.contains("\r\n.a line with a dot\r\n..\r\n.\r\n") })
        }

        @Test func smtplibSendsThroughTheRelay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--keep", stage.path("kept")])
            let mta = try await stage.mta(to: sink.port)
            try await stage.runScript("send_plain.py", [String(mta.port), "5"])
            try await mta.wait(for: 10)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.acceptedMessages == 5)
            #expect(record.accepted == 10)
            #expect(record.delivered == 10)
            let kept = try KeptMessage.all(in: stage.path("kept"))
            #expect(
                kept.flatMap(\.recipients).sorted() == (0..<10).map { $0 < 5 ? "one@plain.test" : "two@plain.test" })
            #expect(kept.allSatisfy { $0.text.hasPrefix("Received: ") })
        }

        @Test(arguments: [0, 1, 77, 1_000, 100_000, 3_000_000])
        func smtpSourceSendsToTheSink(size: Int) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            guard try await smtpSource(stage, sink.port, messages: 60, size: size) else { return }
            let record = try await sink.stop(SinkRecord.self)
            #expect(record.received == 60)
            #expect(record.receivedBytes >= UInt64(60 * size))
        }

        @Test(arguments: [1_000, 100_000])
        func smtpSourceSendsThroughTheRelay(size: Int) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(to: sink.port)
            // Three numbered recipients a message, a new connection a message.
            guard try await smtpSource(stage, mta.port, messages: 100, size: size, ["-r", "3", "-N"]) else { return }
            try await mta.wait(for: 300)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.acceptedMessages == 100)
            #expect(record.delivered == 300)
            #expect(record.bounced == 0)
            #expect(record.queued == 0)
            #expect(try await sink.stop(SinkRecord.self).receivedBytes >= UInt64(100 * size))
        }

        private func smtpSource(
            _ stage: Stage, _ port: Int, messages: Int, size: Int, _ more: [String] = []
        ) async throws -> Bool {
            let arguments =
                ["-s", "20", "-m", String(messages), "-f", "sender@source.test", "-t", "recipient@source.test"]
                + (size > 0 ? ["-l", String(size)] : []) + more + ["127.0.0.1:\(port)"]
            guard let source = try stage.peer("smtp-source", arguments) else { return false }
            let code = try await source.waitForExit()
            #expect(code == 0, "\(source.errorOutput)")
            return true
        }

        @Test func theRelayDeliversToSmtpSink() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let dump = try stage.openDirectory("dump")
            let port = try freePort()
            // It refuses to stay root; "%H." is a strftime template that it appends a random number to.
            let user = geteuid() == 0 ? ["-u", "nobody"] : []
            let arguments = user + ["-d", dump + "/%H.", "127.0.0.1:\(port)", "100"]
            guard let sink = try stage.peer("smtp-sink", arguments) else { return }
            let mta = try await stage.mta(to: port)
            let generator = try stage.generator(
                to: mta.port, ["--concurrency", "10", "--message-count", "200", "--body-size", "20kb"])
            #expect(try await generator.waitForExit() == 0)
            try await mta.wait(for: 200)
            #expect(sink.isRunning)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 200)
            #expect(record.bounced == 0)
            let files = try FileManager.default.contentsOfDirectory(atPath: dump)
            #expect(files.count == 200)
            for name in files {
                let text = String(
                    decoding: FileManager.default.contents(atPath: dump + "/" + name) ?? Data(), as: UTF8.self)
                #expect(text.contains("by mta.test"))
                #expect(text.utf8.count > 20_000)
            }
        }
    }
}

/// A port that was free a moment ago, for programs that cannot pick one.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
        }
    }
    guard status == 0 else { throw StageFault("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}
