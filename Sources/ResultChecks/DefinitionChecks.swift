import Foundation
import RunRecords

/// Whether the system is what its definition makes it: the variant, its promise, and its settings in the files that were
/// made for the run.
enum DefinitionChecks {
    /// The profile's own, not a variant's.
    private static let ofProfile = "smart_host_connections"

    static func add(_ run: RunRecord, to findings: inout Findings) {
        guard let system = run.system else {
            if run.schema == RunRecord.schema { return findings.add("system", ["the record names no system"], "") }
            return findings.skip("system", "results of this age have no definition of their system")
        }
        do throws(RecordFault) {
            let definition = try SystemDefinition(text: system.definition, file: system.name + ".yaml")
            findings.add(
                "system", problems(run, system, definition), "its definition and its files make it \(system.label)")
        } catch {
            findings.add("system", ["system.definition cannot be read: \(error.description)"], "")
        }
    }

    private static func problems(_ run: RunRecord, _ system: SystemFacts, _ definition: SystemDefinition) -> [String] {
        var problems = Problems()
        problems.expectEqual("system.title", system.title, definition.title, "the definition says")
        let (has, says) = (run.mta != nil, definition.record != nil)
        problems.expect(
            has == says,
            "the definition says that the system writes \(says ? "a" : "no") record, and there is \(has ? "one" : "none")"
        )
        let variants = definition.variants.filter { isNamed($0, run, system) }
        problems.expect(!variants.isEmpty, "the definition has no variant '\(system.variant)', nor one of such a spool")
        let found = variants.map { ofVariant($0, run, system, definition) }
        // One that fits will do: a profile may give a variant the name of another.
        if let first = found.first, !found.contains(where: \.isEmpty) { return problems.list + first }
        return problems.list
    }

    /// By its name, or by spool and durability: a profile has names of its own for them.
    private static func isNamed(_ variant: SystemDefinition.Variant, _ run: RunRecord, _ system: SystemFacts) -> Bool {
        if variant.name == system.variant { return true }
        guard let mta = run.mta else { return false }
        return variant.parameters["spool"] == mta.spool && variant.parameters["durability"] == mta.durability
    }

    private static func ofVariant(
        _ variant: SystemDefinition.Variant, _ run: RunRecord, _ system: SystemFacts, _ definition: SystemDefinition
    ) -> [String] {
        var problems = Problems()
        let source = "the definition of variant '\(variant.name)' says"
        problems.expectEqual("system.promise", system.promise.rawValue, variant.promise.rawValue, source)
        problems.expectEqual("system.spool", system.spool, variant.spool, source)
        let settings = definition.parameters.merging(variant.parameters) { _, new in new }
        for file in definition.files {
            guard let text = system.files[file.path] else {
                problems.expect(run.mta == nil, "system.files has no \(file.path)")
                continue
            }
            let lines = text.split(separator: "\n").map { trimmed($0) }
            for template in file.text.split(separator: "\n") {
                for (key, value) in settings.sorted(by: { $0.key < $1.key }) where key != ofProfile {
                    guard let (before, after) = parts(template, key) else { continue }
                    let expected = before + value + after
                    let similar = lines.filter { $0.hasPrefix(before) && $0.hasSuffix(after) }
                    // What stands behind a condition may be absent; our own spool never is.
                    let mayBeAbsent = key != "spool" || run.mta == nil
                    guard !similar.contains(expected), !(similar.isEmpty && mayBeAbsent) else { continue }
                    problems.expect(
                        false,
                        "\(file.path) says '\(similar.first ?? "nothing")', variant '\(variant.name)' makes it '\(expected)'"
                    )
                }
            }
        }
        return problems.list
    }

    /// What stands before and behind `{{ KEY }}` in a line that has nothing else to be filled in.
    private static func parts(_ template: Substring, _ key: String) -> (before: String, after: String)? {
        let plain = trimmed(template.replacing(/\{%.*?%\}/, with: ""))
        let pieces = plain.components(separatedBy: "{{ \(key) }}")
        guard pieces.count == 2, !pieces[0].isEmpty else { return nil }
        guard !pieces.contains(where: { $0.contains("{") }) else { return nil }
        return (pieces[0], pieces[1])
    }

    private static func trimmed(_ text: Substring) -> String { text.trimmingCharacters(in: .whitespaces) }
}
