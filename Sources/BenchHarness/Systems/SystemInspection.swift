import Foundation
import Glibc
package import RunRecords

/// Whether a system can be run here.
package struct SystemInspection {
    private let definition: SystemDefinition
    private let root: SystemRoot?
    private let programs: String

    /// - Parameters:
    ///   - systems: where unpacked roots are: `.build/systems`.
    ///   - programs: directory of this project's programs.
    package init(_ definition: SystemDefinition, systems: String, programs: String) {
        self.definition = definition
        self.programs = programs
        root = definition.isUnpacked ? SystemRoot(definition, below: systems) : nil
    }

    /// Why it cannot be run, with what helps; nil if it can.
    package var missing: String? {
        if let root {
            guard root.isInstalled else {
                return "\(definition.name) is not installed: bench-report systems --install \(definition.name)"
            }
            guard geteuid() == 0 else { return "\(definition.name): an unpacked root can be entered by root alone" }
        }
        if definition.needsRoot, geteuid() != 0 { return "\(definition.name) has to be started as root" }
        for path in (try? templates.executables()) ?? [] where !isThere(path) {
            let packages = definition.packages.joined(separator: " ")
            let help = packages.isEmpty ? (definition.install ?? "") : "apt-get install \(packages)"
            return "\(definition.name) is not installed: \(path) is missing; \(help)"
        }
        return nil
    }

    private var templates: SystemTemplates {
        var scene = SystemScene.example
        scene.programs = programs
        return SystemTemplates(SystemChoice(definition, definition.variants[0]), scene)
    }

    private func isThere(_ path: String) -> Bool {
        guard !path.hasPrefix("/") else {
            return (root.map { access($0.root + path, X_OK) == 0 } ?? false) || access(path, X_OK) == 0
        }
        return (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { access("\($0)/\(path)", X_OK) == 0 }
    }

    /// As the program itself says it; `unknown` if it does not, or is not there.
    package var version: String {
        guard missing == nil, let command = definition.version,
            let words = try? templates.command(command, "version")
        else { return "unknown" }
        guard let root else { return Self.firstLine(try? Command.run(words, limit: 20)) }
        let work = NSTemporaryDirectory() + "/millrace-version-" + UUID().uuidString
        guard (try? HarnessPaths.make(work)) != nil else { return "unknown" }
        defer { try? FileManager.default.removeItem(atPath: work) }
        let prefix = root.prefix(files: nil, work: work, programs: programs, binds: [:])
        return Self.firstLine(try? Command.run(prefix + words, limit: 20))
    }

    private static func firstLine(_ outcome: Command.Outcome?) -> String {
        guard let outcome else { return "unknown" }
        let lines = (outcome.output + "\n" + outcome.errors).split(separator: "\n")
        return lines.first { $0.contains(where: \.isNumber) }.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "unknown"
    }

    /// Installs it: packages into a root of its own where the definition says so, otherwise with apt-get.
    /// - Parameter say: told what is done.
    package func install(_ say: (String) -> Void) throws(RecordFault) {
        guard !definition.packages.isEmpty else {
            throw RecordFault(
                "\(definition.name): no package of Debian's: \(definition.install ?? "see its definition")")
        }
        if let root { return try root.install(say) }
        guard missing != nil else { return }
        throw RecordFault(
            "\(definition.name): install it on the host: apt-get install \(definition.packages.joined(separator: " "))")
    }
}
