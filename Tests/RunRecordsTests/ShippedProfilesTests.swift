import Foundation
import RunRecords
import Testing

/// The profiles that come with the program.
@Suite struct ShippedProfilesTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("profiles").path

    private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()

    private static func plan(_ name: String) throws -> BenchPlan {
        let file = "\(directory)/\(name).yaml"
        return try BenchPlan(text: String(contentsOfFile: file, encoding: .utf8), file: file, cores: 2)
    }

    @Test func allScenariosAreThere() {
        for name in [
            "burst-100kb", "small-1kb", "steady-rate", "find-max", "distant-receiver", "tempfail-storm",
            "backlog-drain", "domains-1", "domains-1000", "domains-100000", "large-messages", "tls", "dkim",
            "http-injection", "crash-recovery", "disk-120", "disk-3000", "disk-7200", "published-disk", "soak",
        ] {
            #expect(Self.names.contains(name), "\(name)")
        }
    }

    @Test(arguments: names) func eachIsReadable(name: String) throws {
        let systems = try Self.plan(name).systems
        #expect(!systems.isEmpty)
        for profile in systems {
            #expect(profile.name == name)
            #expect(profile.question.hasSuffix("?"), "\(profile.question)")
            #expect(!profile.question.contains("\n"))
        }
    }

    @Test func eachHasAQuestionOfItsOwn() throws {
        let questions = try Self.names.map { try Self.plan($0).systems[0].question }
        #expect(Set(questions).count >= questions.count - 1, "burst-100kb-segment asks what burst-100kb asks")
    }

    @Test func eachIsExplained() throws {
        let readme = try String(contentsOfFile: Self.directory + "/README.md", encoding: .utf8)
        for name in Self.names { #expect(readme.contains("`\(name)`"), "\(name)") }
    }

    @Test func theConditionsAreThoseOfTheirNames() throws {
        for (name, writes) in [("disk-120", 120), ("disk-3000", 3000), ("disk-7200", 7200)] {
            #expect(try Self.plan(name).systems[0].disk?.writesPerSecond == writes)
        }
        for (name, count) in [("domains-1", 1), ("domains-1000", 1000), ("domains-100000", 100_000)] {
            #expect(try Self.plan(name).systems[0].domainCount == count)
        }
        let published = try Self.plan("published-disk").systems[0]
        #expect(published.disk?.megabytesPerSecond == 225)
        #expect(published.memoryBytes == 8 << 30)
        #expect(try Self.plan("crash-recovery").systems[0].crashAfterSeconds == 10)
        #expect(try Self.plan("find-max").systems[0].findMax?.replyLimitSeconds == 5)
    }

    // MARK: Rules put together

    @Test func rulesComeBeforeThoseOfTheProfile() throws {
        let own = try #require(try Self.plan("tempfail-storm").systems[0].sink)
        let joined = try #require(try SinkRuleText.joined("- {at: mail, action: delay, delay: 5ms}\n", own))
        let mapping = try StrictMapping(text: joined, file: "joined.yaml", keys: ["rules"])
        let rules = try #require(try mapping.mappings("rules", keys: nil))
        #expect(try rules.map { try $0.text("action") } == ["delay", "defer"])
        #expect(try rules[1].text("reply") == "451 4.7.1 Try again later")
    }

    @Test func withoutRulesThereIsNoBehaviour() throws {
        #expect(try SinkRuleText.joined("", nil) == nil)
        #expect(try SinkRuleText.joined("", "rules: []\n") == "rules: []\n")
        #expect(try SinkRuleText.joined("- {a: 1}\n", nil) == "rules:\n- {a: 1}\n")
    }
}
