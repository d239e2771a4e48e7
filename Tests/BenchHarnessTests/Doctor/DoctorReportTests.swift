import BenchHarness
import Foundation
import Testing

/// What the findings become: text, CSV, JSON, a file of settings, and settings that are changed.
@Suite struct DoctorReportTests {
    private static let findings = [
        DoctorFinding("clock source", .ok, now: "tsc", why: "every latency is two readings of it"),
        DoctorFinding(
            "net.core.somaxconn", .warning, now: "128", recommended: "4,096", why: "connections, \"dropped\"",
            setting: SysctlSetting("net.core.somaxconn", "4096")),
        DoctorFinding("open files", .severe, now: "1,024", recommended: "65,536", why: "many", command: "ulimit -n 9"),
    ]

    @Test func theWorstComesFirst() throws {
        let text = DoctorReport(Self.findings).text
        #expect(text.hasPrefix("1 thing here would spoil a run: 1 severe, 1 warnings, 0 notes, 1 as they should be\n"))
        let severe = try #require(text.range(of: "SEVERE open files"))
        let warning = try #require(text.range(of: "WARNING net.core.somaxconn"))
        #expect(severe.lowerBound < warning.lowerBound)
        #expect(text.contains("  command      sysctl -w 'net.core.somaxconn=4096'\n"))
        #expect(text.contains("ok  clock source  tsc"))
        #expect(DoctorReport(Self.findings).severity == .severe)
        #expect(DoctorReport([]).severity == .ok)
    }

    @Test func csvQuotesWhatItMust() {
        let lines = DoctorReport(Self.findings).csv.split(separator: "\n")
        #expect(lines[0] == "name,severity,now,recommended,why,command")
        #expect(lines[2].hasPrefix("net.core.somaxconn,warning,128,\"4,096\",\"connections, \"\"dropped\"\"\",sysctl"))
        #expect(lines.count == 4)
    }

    @Test func jsonHasItAll() throws {
        let json = try JSONSerialization.jsonObject(with: Data(try DoctorReport(Self.findings).json.utf8))
        let document = try #require(json as? [String: Any])
        #expect(document["schema"] as? String == "millrace.doctor/1")
        #expect(document["severity"] as? String == "severe")
        let items = try #require(document["findings"] as? [[String: String]])
        #expect(items.map { $0["name"] } == Self.findings.map(\.name))
        #expect(items[2]["command"] == "ulimit -n 9")
    }

    @Test func theFileHasSettingsWithReasons() {
        let file = SysctlChanges.file(Self.findings)
        #expect(file.hasSuffix("\n# connections, \"dropped\"\n# was: 128\nnet.core.somaxconn = 4096\n"))
        #expect(!file.contains("open files"))
        #expect(SysctlChanges.file([]).hasSuffix("# Nothing here has to be changed.\n"))
    }

    /// A kernel that takes some settings, clamps one and refuses one.
    private final class Settings: SysctlStore {
        var values = ["a.plain": "1", "a.clamped": "10", "a.refused": "5", "a.same": "7"]
        var written: [String] = []

        func read(_ name: String) -> String? { values[name] }
        func write(_ setting: SysctlSetting) -> String? {
            written.append(setting.name)
            switch setting.name {
            case "a.refused": return "Operation not permitted"
            case "a.clamped": values["a.clamped"] = "15"
            default: values[setting.name] = setting.value
            }
            return nil
        }
    }

    @Test func whatWasChangedIsListedExactly() {
        let store = Settings()
        let changes = SysctlChanges.apply(
            [
                SysctlSetting("a.plain", "2"), SysctlSetting("a.clamped", "20"), SysctlSetting("a.refused", "6"),
                SysctlSetting("a.same", "7"), SysctlSetting("a.missing", "1"),
            ], to: store)
        #expect(changes.changes.map { "\($0.name) \($0.from) \($0.to)" } == ["a.plain 1 2", "a.clamped 10 15"])
        #expect(
            changes.failures == [
                "a.clamped: it is 15: the kernel chose another value",
                "a.refused: it is 5: Operation not permitted", "a.missing: this kernel does not have it",
            ])
        #expect(
            changes.text.hasPrefix("changed a.plain: 1 → 2\nchanged a.clamped: 10 → 15\nnot changed a.clamped: "))
        #expect(
            changes.text.hasSuffix(
                "to undo it now:\n  sysctl -w 'a.plain=1'\n  sysctl -w 'a.clamped=10'\n"))
        #expect(!store.written.contains("a.missing"))
    }

    @Test func nothingToChangeSaysSo() {
        #expect(SysctlChanges.apply([], to: Settings()).text == "nothing was changed\n")
    }
}
