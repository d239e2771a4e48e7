import BenchHarness
import Foundation
import RunRecords
import Testing

import BenchHarness

/// The definitions in profiles/systems: readable, and what they make of a profile.
@Suite struct ShippedSystemsTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private func library() throws -> SystemLibrary {
        try SystemLibrary(directory: Self.root + "/profiles/systems")
    }

    @Test func allCanBeReadAndTheirTemplatesRendered() throws {
        let library = try library()
        #expect(
            library.systems.map(\.name) == [
                "exim", "haraka", "kumomta", "mta", "opensmtpd", "postfix", "smtp-sink", "smtp-source",
            ])
        for system in library.systems where system.kind == .mta {
            #expect(system.queue != nil || system.record != nil || system.name == "kumomta", "\(system.name)")
            for variant in system.variants {
                var scene = SystemScene.example
                for tls in TLSPlan.allCases {
                    (scene.tls, scene.injection) = (tls, tls == .none ? "lmtp" : "smtp")
                    let files = try SystemTemplates(SystemChoice(system, variant), scene).files()
                    for (path, text) in files {
                        #expect(!text.contains("{{") && !text.contains("{%"), "\(system.name) \(path)")
                    }
                }
            }
        }
    }

    @Test func theRefusalOfAnUnknownNameHasFileLineAndKey() throws {
        let text =
            "title: T\nabout: a\nexecutables: [x]\nfiles:\n  a.conf: port {{ listen_prot }}\nstart: [x]\n"
            + "variants: [{name: default, spool: s, promise: none}]\n"
        let definition = try SystemDefinition(text: text, file: "x.yaml")
        let templates = SystemTemplates(SystemChoice(definition, definition.variants[0]), .example)
        let fault = #expect(throws: RecordFault.self) { try templates.checkAll() }
        #expect(
            fault?.description
                == "x.yaml:5: key 'files.a.conf': 'listen_prot' is no name that a template can use, did you mean 'listen_port'?"
        )
        let broken = try SystemDefinition(
            text: text.replacingOccurrences(of: "listen_prot }}", with: "listen_port"), file: "x.yaml")
        let other = #expect(throws: RecordFault.self) {
            try SystemTemplates(SystemChoice(broken, broken.variants[0]), .example).checkAll()
        }
        #expect(other?.description.hasPrefix("x.yaml:5: key 'files.a.conf': ") == true)
    }

    @Test func systemsAreChosenByNameAndVariant() throws {
        let library = try library()
        #expect(try library.choose("mta:segment").label == "mta-segment-fsync")
        #expect(try library.choose("mta:rocksdb-os").label == "mta-rocksdb-os")
        #expect(try library.choose("postfix").label == "postfix")
        #expect(try library.choose("postfix:tuned").label == "postfix-tuned")
        let unknown = #expect(throws: RecordFault.self) { try library.choose("postfics") }
        #expect(unknown?.description.contains("did you mean 'postfix'?") == true)
        let end = #expect(throws: RecordFault.self) { try library.choose("smtp-sink") }
        #expect(end?.description == "'smtp-sink': it is a sink, not a system that can be put to the test")
    }

    // MARK: What the mta is told of its spool

    private func configuration(_ mta: String) throws -> String {
        let text = "question: q\nmessages: 10\nmessage_size: 1KB\nconnections: 1\nmta: \(mta)\n"
        let profile = try BenchPlan(text: text, file: "p.yaml", cores: 1).systems[0]
        let choice = try SystemChoice.own(try library(), profile)
        return try #require(try SystemTemplates(choice, .example).files()["mta.yaml"])
    }

    @Test func spoolDurabilityAndOptions() throws {
        let segment = try configuration("{spool: segment, durability: deferred, smart_host_connections: 7}")
        #expect(segment.contains("\nspool: segment\n") && segment.contains("\ndurability: deferred\n"))
        #expect(segment.contains("\nsmart_host_connections: 7\n"))
        #expect(!segment.contains("rocksdb_options"))
        let rocksdb = try configuration("{spool: rocksdb, rocksdb_options: {b: 2, a: 1}}")
        #expect(rocksdb.contains("\nspool: rocksdb\n") && rocksdb.contains("\ndurability: fsync\n"))
        #expect(rocksdb.contains("rocksdb_options:\n  a: \"1\"\n  b: \"2\"\n"), "\(rocksdb)")
    }

    @Test(arguments: ["memory", "null"]) func aSpoolWithoutFilesHasNoDurability(spool: String) throws {
        let text = try configuration("{spool: \(spool)}")
        #expect(text.contains("\nspool: \(spool)\n"))
        #expect(!text.contains("durability"))
    }

    @Test func theProfilesNameOfAVariantIsKept() throws {
        let text = """
            question: q
            messages: 10
            message_size: 1KB
            connections: 1
            variants:
              - {name: fast, spool: rocksdb, durability: os, rocksdb_options: {a: 1}}
            """
        let profile = try BenchPlan(text: text, file: "p.yaml", cores: 1).systems[0]
        let choice = try SystemChoice.own(try library(), profile)
        #expect(choice.label == "mta-fast")
        #expect(choice.facts(version: "1").promise == .os)
        #expect(choice.options == ["a": "1"])
    }

    // MARK: What a profile asks

    @Test func whatASystemCannotDoIsRefused() throws {
        let library = try library()
        func refusal(_ system: String, _ key: String) throws -> String? {
            let text = "question: q\nmessages: 10\nmessage_size: 1KB\nconnections: 1\n\(key)\n"
            let profile = try BenchPlan(text: text, file: "p.yaml", cores: 1).systems[0]
            return RunSetup(profile: profile, profileText: text, choice: try library.choose(system)).refusal
        }
        #expect(try refusal("mta", "injection: http") == nil)
        #expect(
            try refusal("postfix", "injection: http")
                == "postfix cannot do what the profile asks with 'injection: http'"
                + " (its definition has no capability 'http')")
        #expect(try refusal("postfix", "dkim: rsa2048")?.contains("'dkim: rsa2048'") == true)
        #expect(try refusal("exim", "dkim: rsa2048") == nil)
        #expect(try refusal("postfix", "chunking: true") != nil)
        #expect(try refusal("postfix", "tls: starttls") == nil)
        #expect(try refusal("exim", "tls: implicit")?.contains("implicit_tls") == true)
        #expect(try refusal("kumomta", "crash: {after: 1s}") == nil)
    }

    @Test func theGeneratorIsToldWhatTheProfileSays() throws {
        let text = """
            question: q
            message_size: 1KB
            connections: 8
            threads: {generator: 2}
            load: {rate: 500/s, duration: 10s, warm_up: 2s}
            domain_count: 1000
            recipients: 3
            tls: starttls
            pipelining: false
            ramp_up: 1s
            """
        let profile = try BenchPlan(text: text, file: "p.yaml", cores: 1).systems[0]
        let words = GeneratorArguments(profile, isWarmUp: false).words(target: "127.0.0.1:1", messages: 0)
        #expect(
            words == [
                "--target", "127.0.0.1:1", "--concurrency", "8", "--body-size", "1000", "--threads", "2",
                "--domain-count", "1000", "--recipients", "3", "--no-pipelining", "--tls", "starttls", "--insecure",
                "--ramp-up", "1s", "--rate", "500/s", "--arrivals", "constant", "--duration", "10s", "--warmup", "2s",
            ])
        let closed = try BenchPlan(
            text: text.replacingOccurrences(of: "500/s", with: "max"), file: "p.yaml", cores: 1
        ).systems[0]
        let closedWords = GeneratorArguments(closed, isWarmUp: false).words(target: "127.0.0.1:1", messages: 0)
        #expect(
            !closedWords.contains("--rate") && !closedWords.contains("--arrivals") && closedWords.contains("--duration")
        )
        let warmUp = GeneratorArguments(profile, isWarmUp: true).words(target: "127.0.0.1:1", messages: 50)
        #expect(!warmUp.contains("--rate") && warmUp.contains("--message-count"))
    }

    @Test func aBudgetsMessagesAreRoundedDown() {
        func messages(_ rate: Double) -> Int { BenchSchedule.fitting(rate: rate, budget: 60, wanted: 100_000) }
        #expect(messages(113.7) == 6800)
        #expect(messages(1_700) == 100_000, "never more than the profile's")
        #expect(messages(1_666) == 99_000)
        #expect(messages(2) == 500, "never so few that the start is all of it")
        #expect(BenchSchedule.fitting(rate: 1, budget: 1, wanted: 100) == 100)
    }
}
