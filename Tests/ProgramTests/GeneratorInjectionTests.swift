import Foundation
import RunRecords
import TestSupport
import Testing

/// HTTP injection as KumoMTA's API has it: what is asked, and what the answers mean.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(1))) struct GeneratorInjectionTests {
        private struct Request: Decodable {
            var host: String
            var client: String
            var recipients: Int
            var deferred_spool: Bool?
            var deferred_generation: Bool?
        }

        private func run(
            _ stage: Stage, host: String = "127.0.0.1", answer: String, _ arguments: [String], code: Int32
        ) async throws -> (record: GeneratorRecord, requests: [Request], port: Int) {
            let server = try stage.script("injection_server.py", [host, answer])
            let port = try await server.listeningPort()
            let place = host.contains(":") ? "[\(host)]" : host
            let load = try stage.program(
                "traffic-gen",
                ["--http", "--target", "http://\(place):\(port)/", "--quiet", "--record", stage.path("http.json")]
                    + arguments)
            #expect(try await load.waitForExit() == code, "\(load.errorOutput)")
            let requests = try server.output.split(separator: "\n").filter { $0.hasPrefix("{") }
                .map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
            let record = try RecordFile.read(GeneratorRecord.self, from: stage.path("http.json"))
            return (record, requests, port)
        }

        /// The Host field has the port, and brackets around an IPv6 address (RFC 9110 §7.2).
        @Test(arguments: ["127.0.0.1", "::1"]) func requestsNameTheirHost(host: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (record, requests, port) = try await run(
                stage, host: host, answer: #"{"success_count":1,"fail_count":0,"failed_recipients":[],"errors":[]}"#,
                ["-n", "3", "-c", "1"], code: 0)
            #expect(record.accepted == 3 && requests.count == 3)
            #expect(requests.allSatisfy { $0.host == (host == "::1" ? "[::1]:\(port)" : "127.0.0.1:\(port)") })
            #expect(requests.allSatisfy { $0.deferred_spool == nil && $0.deferred_generation == nil })
        }

        /// Connections come from the addresses in turn, and all of them are there before the first message is due.
        @Test func connectionsComeFromTheirSources() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (record, requests, _) = try await run(
                stage, answer: #"{"success_count":1,"fail_count":0,"failed_recipients":[],"errors":[]}"#,
                [
                    "-n", "30", "-c", "3", "--rate", "60/s", "--source", "127.0.0.2-127.0.0.4", "--ramp-up", "1s",
                ], code: 0)
            #expect(Set(requests.map(\.client)) == ["127.0.0.2", "127.0.0.3", "127.0.0.4"])
            #expect(
                record.firstOfferedUnixSeconds - record.header.startedUnixSeconds > 0.95,
                "the last connection is made at the end of the ramp")
        }

        /// 200 says that the request was understood; whether the message was taken, the counts say.
        @Test func failuresWithoutNamesAreNoSuccess() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (record, _, _) = try await run(
                stage, answer: #"{"success_count":0,"fail_count":1,"errors":["no"]}"#, ["-n", "3", "-c", "1"], code: 1)
            #expect(record.accepted == 0 && record.refused == 3 && record.refusedAt == ["http": 3])
        }

        /// The two ways to defer are asked for, single and in batches.
        @Test(arguments: ["1", "4"]) func deferredInjectionIsAskedFor(batch: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (record, requests, _) = try await run(
                stage, answer: #"{"success_count":1,"fail_count":0,"failed_recipients":[],"errors":[]}"#,
                ["-n", "8", "-c", "1", "--http-defer-spool", "--http-defer-generation", "--batch", batch], code: 0)
            #expect(record.accepted == 8)
            #expect(requests.map(\.recipients) == [Int](repeating: Int(batch)!, count: 8 / Int(batch)!))
            #expect(requests.allSatisfy { $0.deferred_spool == true && $0.deferred_generation == true })
        }

        /// With our own relay: all arrive once and unchanged.
        @Test(arguments: [["--http-defer-spool"], ["--http-defer-generation"]])
        func deferredInjectionArrives(flags: [String]) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink(["--ledger", stage.path("sink.ledger")])
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(sink.port)
                    listen: 127.0.0.1:0
                    spool: segment
                    http:
                      address: 127.0.0.1:\(http)
                      deferred_spool: true
                    """)
            let load = try stage.generator(
                to: http, ["--http", "-n", "60", "-c", "2", "--http-batch-size", "5"] + flags)
            #expect(try await load.waitForExit() == 0, "\(load.errorOutput)")
            try await sink.wait(for: 60)
            let summary = try await sink.stop(SinkRecord.self)
            #expect(summary.ledger?.unique == 60 && summary.ledger?.changed == 0 && summary.ledger?.duplicates == 0)
            #expect(try await mta.program.terminate() == 0)
        }
    }
}
