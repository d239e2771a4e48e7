import Foundation
import MTAConfiguration
import Testing

@Suite struct ReferenceTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The page is what the program prints: `mta config-reference --format markdown > docs/CONFIGURATION.md`.
    @Test func thePageIsTheProgramsOwn() throws {
        let page = try String(contentsOfFile: Self.root + "/docs/CONFIGURATION.md", encoding: .utf8)
        #expect(page == ConfigurationReference.render(.markdown))
    }

    /// The examples are right but for the files that they name.
    @Test(arguments: ["relay", "submission", "sender"]) func examplesAreRight(_ name: String) throws {
        struct AnyFile: FileProbe {
            let text: String
            let path: String
            func text(_ path: String) -> String? { path == self.path ? text : "" }
            func isWorldReadable(_ path: String) -> Bool { false }
        }
        let path = Self.root + "/docs/examples/\(name).yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let settings = try MTASettings.load(file: path, probe: AnyFile(text: text, path: path))
        #expect(settings.spoolDirectory == "/var/spool/millrace")
    }

    @Test func jsonIsJSON() throws {
        let data = Data(ConfigurationReference.render(.json).utf8)
        let keys = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        #expect(keys.count > 100)
        #expect(keys.contains { $0["key"] as? String == "listeners[].networks[].max_connections" })
    }

    /// A key inside a section that needs a restart needs one, too, however deep; others do not.
    @Test(arguments: [
        ("dns", false), ("dns.timeout", false), ("dns.stub_zones[].server", false), ("http.api_keys", false),
        ("log.events", false), ("web_hooks[].give_up", false), ("listeners[].address", false),
        ("listeners[].protocol", false), ("listeners", true), ("listeners[].networks[].max_connections", true),
        ("delivery.rate", true), ("delivery.tls_ca", false), ("dkim[].key", true),
    ])
    func whatNeedsARestartIsMarked(_ name: String, _ isReloadable: Bool) throws {
        let data = Data(ConfigurationReference.render(.json).utf8)
        let keys = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        let key = try #require(keys.first { $0["key"] as? String == name })
        #expect(key["reloadable"] as? Bool == isReloadable)
    }

    /// What the reference gives as a default can be written as it stands.
    @Test func everyKeyIsExplained() {
        let text = ConfigurationReference.render(.text)
        for block in text.components(separatedBy: "\n").filter({ $0.hasPrefix("    ") }) {
            #expect(block.trimmingCharacters(in: .whitespaces).count > 3, "\(block)")
        }
    }
}
