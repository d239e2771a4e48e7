import ArgumentParser
import BenchHarness
import Foundation
import Measures
import ProgramSupport
import RunRecords

/// `bench-report systems`: what can be put to the test here.
struct Systems: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "systems",
        abstract: "List the systems and what is installed of them; install one; count the syncs of some.",
        discussion: """
            A system is profiles/systems/NAME.yaml (profiles/systems/README.md). --check starts each NAME[:VARIANT], sends \
            messages one after the other over one connection, and counts the sync calls before each 250 (strace).
            Exit code 0; 1: a system does not do what it promises, or could not be checked or installed; 2: usage or \
            definition.
            """)

    @Option(parsing: .upToNextOption, help: "Count the syncs of these: NAME (each variant) or NAME:VARIANT.")
    var check: [String] = []
    @Option(parsing: .upToNextOption, help: "Install these; those that exclude others below .build/systems.")
    var install: [String] = []
    @Option(help: "Messages that --check sends to each.")
    var messages = 50
    @Option(help: "text, json or csv.")
    var format = SystemsTable.Format.text
    @OptionGroup var harness: HarnessOptions

    func run() async throws {
        ignoreBrokenPipes()
        guard messages > 0 else { throw UsageFault("--messages \(messages): expected 1 or more") }
        let library = try harness.library()
        let paths = harness.paths
        try installSystems(library, paths)
        guard !check.isEmpty else {
            if install.isEmpty { print(try SystemsTable.list(library, paths).render(format), terminator: "") }
            return
        }
        let choices = try choices(library)
        let interruption = await Interruption(paths)
        defer { interruption.end() }
        var rows: [SystemsTable.Check] = []
        let line = ProgressLine()
        for choice in choices {
            line.show("\(choice.label): counting its syncs")
            rows.append(SystemsTable.Check(choice, paths, messages))
            if Interruption.isRequested { throw ExitCode(130) }
        }
        line.clear()
        print(try SystemsTable(checks: rows).render(format), terminator: "")
        guard rows.allSatisfy({ $0.fault == nil && $0.confirmed != false }) else { throw ExitCode(1) }
    }

    private func installSystems(_ library: SystemLibrary, _ paths: HarnessPaths) throws {
        for name in install {
            let definition: SystemDefinition
            do { definition = try library.named(name) } catch { throw UsageFault("--install \(error.description)") }
            let inspection = SystemInspection(definition, systems: paths.systems, programs: paths.programs)
            do throws(RecordFault) {
                if inspection.missing != nil { try inspection.install { writeError("\(name): \($0)\n") } }
            } catch { throw RunFault(error.description) }
            print("\(name): \(inspection.version)")
        }
    }

    private func choices(_ library: SystemLibrary) throws -> [SystemChoice] {
        do {
            return try check.flatMap { name in
                guard !name.contains(":") else { return [try library.choose(name)] }
                let definition = try library.named(name)
                guard definition.kind == .mta else { return [try library.choose(name)] }
                return definition.variants.map { SystemChoice(definition, $0) }
            }
        } catch let fault as RecordFault { throw UsageFault("--check \(fault.description)") }
    }
}

/// The tables of `bench-report systems`.
struct SystemsTable {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, csv }

    /// A variant, and whether it does what it promises.
    struct Check: Encodable {
        var system: String
        var promise: String
        var messages: UInt64?
        var syncs: UInt64?
        var syncsAMessage: Double?
        var verdict: String
        /// Nil: not looked at.
        var confirmed: Bool?
        var method: String?
        var fault: String?

        enum CodingKeys: String, CodingKey {
            case system, promise, messages, syncs, verdict, confirmed, method, fault
            case syncsAMessage = "syncs_per_message"
        }

        init(_ choice: SystemChoice, _ paths: HarnessPaths, _ messages: Int) {
            (system, promise) = (choice.label, choice.variant.promise.rawValue)
            do throws(RecordFault) {
                let evidence = try EvidenceRun(choice, paths: paths, messages: messages).gather()
                (self.messages, syncs) = (evidence.messages, evidence.syncs.total)
                if evidence.messages > 0 { syncsAMessage = Double(evidence.syncs.total) / Double(evidence.messages) }
                (verdict, method) = (evidence.verdict.rawValue, evidence.method)
                confirmed = evidence.confirms(choice.variant.promise)
            } catch {
                (verdict, fault) = ("not_checked", error.description)
            }
        }

        var cells: [String] {
            let judgement = confirmed.map { $0 ? "as promised" : "NOT AS PROMISED" } ?? fault ?? method ?? ""
            return [
                system, promise, messages.map { "\($0)" } ?? "", syncs.map { "\($0)" } ?? "",
                syncsAMessage.map { fixed($0, 2) } ?? "", verdict, judgement,
            ]
        }
    }

    /// A definition's variant as it stands.
    struct Row: Encodable {
        var system: String
        var kind: String
        var title: String
        /// `NAME:VARIANT`, as `--systems` takes it.
        var choice: String
        var spool: String
        var promise: String
        var installed: Bool
        var version: String
        /// What helps where it is not installed.
        var missing: String?
        var about: String

        var cells: [String] {
            [choice, kind, title, spool, promise, installed ? "yes" : "no", installed ? version : reason]
        }

        /// One line; how to install what is missing may take more.
        private var reason: String {
            let lines = (missing ?? "").split(separator: "\n", maxSplits: 1)
            return (lines.first.map(String.init) ?? "") + (lines.count > 1 ? " (below)" : "")
        }
    }

    private let head: [String]
    private let rows: [[String]]
    /// Below the table, for people.
    private var notes: [String] = []
    private let json: () throws -> Data

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    init(checks: [Check]) {
        head = ["system", "promise", "messages", "syncs", "syncs/msg", "seen", "judgement"]
        rows = checks.map(\.cells)
        json = { try Self.encoder.encode(checks) }
    }

    private init(_ list: [Row]) {
        head = ["system", "kind", "title", "spool", "promise", "installed", "version, or what helps"]
        rows = list.map(\.cells)
        json = { try Self.encoder.encode(list) }
        for row in list {
            guard let missing = row.missing, missing.contains("\n") else { continue }
            let note = "\n" + missing.trimmingCharacters(in: .newlines) + "\n"
            if !notes.contains(note) { notes.append(note) }
        }
    }

    static func list(_ library: SystemLibrary, _ paths: HarnessPaths) -> SystemsTable {
        SystemsTable(
            library.systems.flatMap { definition in
                let inspection = SystemInspection(definition, systems: paths.systems, programs: paths.programs)
                let (missing, version) = (inspection.missing, inspection.version)
                return definition.variants.map { variant in
                    Row(
                        system: definition.name, kind: definition.kind.rawValue, title: definition.title,
                        choice: definition.kind == .mta ? "\(definition.name):\(variant.name)" : definition.name,
                        spool: definition.kind == .mta ? variant.spool : "",
                        promise: definition.kind == .mta ? variant.promise.rawValue : "", installed: missing == nil,
                        version: version, missing: missing,
                        about: variant.about.isEmpty ? definition.about : variant.about)
                }
            })
    }

    func render(_ format: Format) throws -> String {
        switch format {
        case .text:
            let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
            return ([head] + rows).map { cells in
                let line = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                return String(line.joined(separator: "  ").reversed().drop { $0 == " " }.reversed()) + "\n"
            }.joined() + notes.joined()
        case .csv: return ([head] + rows).map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
        case .json: return String(decoding: try json(), as: UTF8.self) + "\n"
        }
    }
}
