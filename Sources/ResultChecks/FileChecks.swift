import Measures
import ResultStore
import RunRecords

/// Whether the files beside a record are those that follow from it.
enum FileChecks {
    static func addManifest(_ bundle: ResultBundle, isRequired: Bool, to findings: inout Findings) {
        guard let text = bundle.text(ResultManifest.fileName) else {
            if isRequired { return findings.add("manifest", ["\(ResultManifest.fileName) is missing"], "") }
            return findings.skip("manifest", "results of this age have no \(ResultManifest.fileName)")
        }
        do throws(RecordFault) {
            let manifest = try ResultManifest(parsing: text)
            let foreign = manifest.unlisted(bundle.files)
            findings.add(
                "manifest", manifest.problems(bundle.files),
                "\(manifest.entries.count) files have their digests"
                    + (foreign.isEmpty ? "" : "; not of the result: \(foreign.joined(separator: ", "))"))
        } catch {
            findings.add("manifest", [error.description], "")
        }
    }

    static func add(_ run: RunRecord, _ bundle: ResultBundle, to findings: inout Findings) {
        var expected = DerivedFiles.of(run)
        let profile = expected.removeValue(forKey: DerivedFiles.profileName)
        var problems: [String] = []
        if bundle.files[DerivedFiles.profileName] != profile {
            problems.append("profile.yaml is not the profile_text of the record")
        }
        findings.add("profile", problems + plan(run, bundle), "as written, and as it was run")
        let isOld = run.schema != RunRecord.schema
        var wrong: [String] = []
        for (path, bytes) in expected.sorted(by: { $0.key < $1.key }) {
            guard let found = bundle.files[path] else {
                // Older results have the series alone.
                if !isOld || path == DerivedFiles.seriesName { wrong.append("\(path) is missing") }
                continue
            }
            if found != bytes { wrong.append(path + ": " + difference(found, bytes)) }
        }
        for path in bundle.files.keys.sorted() where belongs(path) && expected[path] == nil {
            wrong.append("\(path) does not follow from the record")
        }
        findings.add("files", wrong, "series, resources, histograms and the system's files follow from the record")
    }

    /// What was noted of the machine, once for the record and once beside it.
    static func addEnvironment(_ run: RunRecord, _ bundle: ResultBundle, to findings: inout Findings) {
        guard let bytes = bundle.files["environment.json"] else {
            if run.schema == RunRecord.schema {
                return findings.add("environment", ["environment.json is missing"], "")
            }
            return findings.skip("environment", "results of this age have no environment.json")
        }
        do {
            let facts = try RecordFile.decode(EnvironmentFacts.self, from: bytes, name: "environment.json")
            var problems = Problems()
            problems.expectEqual(
                "environment.json: schema", facts.schema, EnvironmentFacts.schema, "this version reads")
            problems.expectEqual("environment.json: commit", facts.commit, run.machine.commit, "the record says")
            problems.expectEqual("environment.json: cores", facts.cores, run.machine.cores, "the record says")
            problems.expectEqual(
                "environment.json: memory_bytes", facts.memoryBytes, run.machine.memoryBytes, "the record says")
            let (isClean, isDirty) = (facts.changes.isEmpty, run.machine.commit.hasSuffix("-dirty"))
            problems.expect(
                isClean != isDirty, "environment.json names \(facts.changes.count) changed files of \(facts.commit)")
            if let told = PromiseChecks.value("--repeat", facts.command) {
                problems.expectEqual("repeats", "\(run.repeats)", told, "the command asks for")
            }
            findings.add("environment", problems.list, "the same machine and commit as in the record")
        } catch {
            findings.add("environment", ["\(error)"], "")
        }
    }

    private static func belongs(_ path: String) -> Bool {
        path.hasPrefix("system/") || path.hasPrefix(DerivedFiles.histogramsPrefix)
    }

    /// The first line in which two texts differ.
    static func difference(_ found: [UInt8], _ expected: [UInt8]) -> String {
        let (a, b) = (lines(found), lines(expected))
        for index in 0..<max(a.count, b.count) {
            let (one, other) = (index < a.count ? a[index] : "nothing", index < b.count ? b[index] : "nothing")
            if one != other {
                return "line \(index + 1) is '\(one.prefix(120))', the record makes it '\(other.prefix(120))'"
            }
        }
        return "differs"
    }

    private static func lines(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    // MARK: The profile

    /// The profile's text, read again, is what the record says was asked; but for the number of messages, where it is
    /// said that there were others.
    private static func plan(_ run: RunRecord, _ bundle: ResultBundle) -> [String] {
        let plan: BenchPlan
        do throws(RecordFault) {
            plan = try BenchPlan(
                text: run.profileText, file: run.profile.name + ".yaml", cores: run.machine.cores)
        } catch {
            return ["profile_text cannot be read: \(error.description)"]
        }
        guard !plan.systems.contains(run.profile) else { return [] }
        // A system that was named beside the profile brings its own spool.
        let isOurs = run.system == nil
        let ignoresMessages = saysMessages(run, bundle)
        let ignoresRampUp = command(bundle).contains { $0 == "--ramp-up" || $0.hasPrefix("--ramp-up=") }
        func load(_ profile: RunProfile) -> RunProfile {
            var load = Self.load(profile, ignoresMessages)
            if ignoresRampUp { load.rampUpSeconds = nil }
            return load
        }
        let (asked, recorded) = (plan.systems.map(load), load(run.profile))
        if !isOurs, asked.contains(recorded) { return [] }
        return ["profile is not what profile_text says: \(mismatch(plan.systems[0], run.profile))"]
    }

    /// The profile without what names the system.
    private static func load(_ profile: RunProfile, _ ignoresMessages: Bool) -> RunProfile {
        var load = profile
        (load.variant, load.spool, load.durability, load.rocksdbOptions) = (nil, "", "", [:])
        load.smartHostConnections = 0
        if ignoresMessages { load.messages = 0 }
        return load
    }

    /// Whether a condition names the number of messages (`12,000 messages fit into the budget …`), or the command did.
    private static func saysMessages(_ run: RunRecord, _ bundle: ResultBundle) -> Bool {
        let text = grouped(run.profile.messages) + " messages "
        if (run.conditions ?? []).contains(where: { $0.hasPrefix(text) }) { return true }
        return command(bundle).contains { $0 == "--messages" || $0.hasPrefix("--messages=") }
    }

    /// The command line that made the result; empty where it was not noted.
    private static func command(_ bundle: ResultBundle) -> [String] {
        guard let bytes = bundle.files["environment.json"],
            let facts = try? RecordFile.decode(EnvironmentFacts.self, from: bytes, name: "")
        else { return [] }
        return facts.command
    }

    private static func mismatch(_ written: RunProfile, _ recorded: RunProfile) -> String {
        for (name, a, b) in [
            ("messages", written.messages, recorded.messages),
            ("connections", written.connections, recorded.connections),
            ("message_size_bytes", written.messageSizeBytes, recorded.messageSizeBytes),
        ] where a != b { return "\(name) \(b) instead of \(a)" }
        return "its system or another of its keys"
    }
}
