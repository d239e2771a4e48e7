import Foundation
import RunRecords
import Testing

/// What makes a run invalid besides the law, and the form in which it is kept.
@Suite struct RunRecordTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var reason: String
        var bend: @Sendable (inout RunFixture.Parts) -> Void
        var testDescription: String { reason }
    }

    @Test func aBalancedReleaseRunIsValid() throws {
        let run = try RunFixture.run()
        #expect(run.invalid == [])
        #expect(run.warnings == [])
    }

    @Test(arguments: [
        Row(reason: "traffic-gen is a debug build") { $0.generator.header.build = "debug" },
        Row(reason: "mta is a debug build") { $0.mta.header.build = "debug" },
        Row(reason: "sink-mta is a debug build") { $0.sink.header.build = "debug" },
        Row(reason: "generator saturated: it used 97 % of its 1 threads") {
            $0.generator.warnings = ["generator saturated: it used 97 % of its 1 threads"]
        },
        Row(reason: "spool memory instead of rocksdb") { $0.mta.spool = "memory" },
        Row(reason: "durability os instead of fsync") { $0.mta.durability = "os" },
        Row(reason: "mta: spool: no space left") { $0.mta.faults = ["spool: no space left"] },
        Row(reason: "999 of 1000 messages were acknowledged") {
            ($0.generator.accepted, $0.generator.refused, $0.audit.acknowledged) = (999, 1, 999)
            ($0.mta.accepted, $0.mta.acceptedMessages, $0.mta.delivered) = (999, 999, 999)
            ($0.sink.received, $0.sink.ledger!.unique) = (999, 999)
        },
    ]) func disqualifies(_ row: Row) throws {
        #expect(try RunFixture.run(row.bend).invalid == [row.reason])
    }

    @Test func otherWarningsOfTheGeneratorDoNotDisqualify() throws {
        let run = try RunFixture.run { $0.generator.warnings = ["run too short: 0.400 s"] }
        #expect(run.invalid == [])
        #expect(run.warnings == ["run too short: 0.400 s"])
    }

    @Test func aVariantSaysItsNameAndItsPlace() throws {
        var run = try RunFixture.run { $0.profile.variant = "one" }
        run.order = RunPosition(3, of: 8)
        let json = try object(run)
        #expect((json["profile"] as? [String: Any])?["variant"] as? String == "one")
        #expect(json["order"] as? [String: Int] == ["position": 3, "of": 8])
        let read = try JSONDecoder().decode(RunRecord.self, from: JSONEncoder().encode(run))
        #expect(read.order == RunPosition(3, of: 8))
        #expect(read.profile.system == "mta-one")
    }

    /// A spool without files writes nothing: what reached the device is somebody else's.
    @Test func strangersAtTheDeviceAreNoticed() throws {
        func warnings(_ spool: String, _ bytes: UInt64) throws -> [String] {
            var run = try RunFixture.run { ($0.profile.spool, $0.mta.spool) = (spool, spool) }
            run.takeDeviceWrites(bytes: bytes)
            #expect(run.deviceWriteBytes == bytes)
            #expect(run.invalid == [])
            return run.warnings
        }
        #expect(
            try warnings("memory", 200 << 20) == [
                "other programs wrote 199 MiB to the spool's device meanwhile: device writes say little"
            ])
        #expect(try warnings("memory", 60 << 20) == [])
        #expect(try warnings("segment", 200 << 20) == [])
    }

    /// A record of before there were variants has neither key, and may name a durability of a memory spool.
    @Test func olderRecordsCanBeRead() throws {
        let run = try RunFixture.run {
            ($0.profile.spool, $0.profile.durability, $0.mta.spool, $0.mta.durability) = (
                "memory", "os", "memory", "os"
            )
        }
        let json = try object(run)
        #expect(json["order"] == nil)
        #expect((json["profile"] as? [String: Any])?["variant"] == nil)
        let read = try JSONDecoder().decode(RunRecord.self, from: JSONEncoder().encode(run))
        #expect(read.profile.system == "mta-memory")
        #expect(read.promise == .none)
    }

    @Test func namesAtMostAHundredMessages() {
        var audit = LedgerAudit()
        for number in 0..<250 { audit.name("lost", "\(number)") }
        #expect(audit.named.count == LedgerAudit.namedLimit)
        #expect(audit.named.first == "lost 0")
        #expect(audit.named.last == "lost 99")
    }

    @Test func survivesItsFile() throws {
        try withTemporaryDirectory { directory in
            let run = try RunFixture.run { $0.audit.name("lost", "0193") }
            try RecordFile.write(run, to: directory + "/run.json")
            let read = try RecordFile.read(RunRecord.self, from: directory + "/run.json")
            #expect(read.schema == "millrace.run/2")
            #expect(read.profile == run.profile)
            #expect(read.profileText == RunFixture.profileText)
            #expect(read.audit == run.audit)
            #expect(read.machine == run.machine)
            #expect(read.machine.syncLatency.percentile(50) == run.machine.syncLatency.percentile(50))
            #expect(read.generator.transactionLatency.count == 1000)
            #expect(read.generator.series == run.generator.series)
            #expect(read.sink.ledger == run.sink.ledger)
            #expect(read.mta?.header.usage == run.mta?.header.usage)
        }
    }

    /// The keys are what readers of results rely on; those of quantities end with their unit.
    @Test func keysOfTheFile() throws {
        let json = try object(try RunFixture.run())
        #expect(
            Set(json.keys) == [
                "schema", "profile", "profile_text", "repeat_index", "repeats", "started_unix_s", "machine",
                "generator",
                "mta", "sink", "audit", "invalid", "warnings",
            ])
        let machine = try #require(json["machine"] as? [String: Any])
        #expect(
            Set(machine.keys) == [
                "cpu", "cores", "memory_bytes", "kernel", "file_system", "sync_latency", "commit", "sysctls",
                "descriptor_limit",
            ])
        let profile = try #require(json["profile"] as? [String: Any])
        #expect(profile["message_size_bytes"] as? Int == 10_000)
        #expect(profile["stall_s"] as? Double == 60)
        let header = try #require((json["mta"] as? [String: Any])?["header"] as? [String: Any])
        let usage = try #require(header["usage"] as? [String: Any])
        #expect(usage["cpu_user_s"] as? Double == 0.1)
        #expect(usage["memory_peak_bytes"] as? Int == 1 << 26)
        #expect(usage["disk_write_bytes"] as? Int == 4096)
    }

    @Test(arguments: [
        ("{", "run.json: "), ("{}", "run.json: key 'schema' is missing"),
        (#"{"schema": 1}"#, "run.json: 'schema': "),
    ]) func namesWhatIsWrongWithAFile(text: String, fault: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/run.json"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let error = #expect(throws: RecordFault.self) { try RecordFile.read(RunRecord.self, from: path) }
            #expect(error?.description.hasPrefix(directory + "/" + fault) == true, "\(error?.description ?? "")")
        }
    }

    @Test func namesAFileThatIsNotThere() {
        let error = #expect(throws: RecordFault.self) { try RecordFile.read(RunRecord.self, from: "/nowhere/run.json") }
        #expect(error?.description == "/nowhere/run.json: cannot be read")
    }

    private func object(_ run: RunRecord) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(run)) as? [String: Any])
    }
}

/// A directory of its own that is gone afterwards.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("records-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
}
