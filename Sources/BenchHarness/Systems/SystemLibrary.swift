import Foundation
import Measures
package import RunRecords

/// The definitions in a directory, and the choice of one of their variants.
package struct SystemLibrary: Sendable {
    package let directory: String
    /// By name.
    package let systems: [SystemDefinition]

    /// Reads every `*.yaml` and tries each template.
    /// - Throws: ``RecordFault`` as `FILE:LINE: …`.
    package init(directory: String) throws(RecordFault) {
        self.directory = directory
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw RecordFault("\(directory): cannot be read: \(error.localizedDescription)")
        }
        var systems: [SystemDefinition] = []
        for name in names.sorted() where name.hasSuffix(".yaml") {
            systems.append(try Self.read(directory + "/" + name))
        }
        self.systems = systems
    }

    /// - Parameter file: `NAME.yaml`.
    package static func read(_ file: String) throws(RecordFault) -> SystemDefinition {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw RecordFault("\(file): cannot be read")
        }
        let definition = try SystemDefinition(text: String(decoding: data, as: UTF8.self), file: file)
        for variant in definition.variants {
            try SystemTemplates(SystemChoice(definition, variant), .example).checkAll()
        }
        return definition
    }

    /// `profiles/systems` here, or above the directory that the programs are in.
    package static func standardDirectory(programs: String) -> String {
        let name = "profiles/systems"
        var base = URL(fileURLWithPath: programs)
        if FileManager.default.fileExists(atPath: name) { return name }
        while base.path != "/" {
            let path = base.appendingPathComponent(name).path
            if FileManager.default.fileExists(atPath: path) { return path }
            base.deleteLastPathComponent()
        }
        return name
    }

    /// - Parameter text: `NAME` or `NAME:VARIANT`; a variant's beginning will do (``SystemDefinition/variant(_:)``).
    /// - Throws: ``RecordFault`` that lists what there is.
    package func choose(_ text: String) throws(RecordFault) -> SystemChoice {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let definition = try named(parts[0])
        guard definition.kind == .mta else {
            throw RecordFault(
                "'\(text)': it is a \(definition.kind.rawValue), not a system that can be put to the test")
        }
        return SystemChoice(definition, try definition.variant(parts.count > 1 ? parts[1] : nil))
    }

    package func named(_ name: String) throws(RecordFault) -> SystemDefinition {
        if let found = systems.first(where: { $0.name == name }) { return found }
        let names = systems.map(\.name)
        throw RecordFault(
            "'\(name)': no such system in \(directory)\(StrictMapping.suggestion(name, names)); there are "
                + names.joined(separator: ", "))
    }
}

/// One system in one of its configurations.
package struct SystemChoice: Sendable {
    package var definition: SystemDefinition
    package var variant: SystemDefinition.Variant
    /// Besides the variant's.
    package var parameters: [String: String] = [:]
    /// RocksDB's options, for the system that has some.
    package var options: [String: String] = [:]

    package init(_ definition: SystemDefinition, _ variant: SystemDefinition.Variant) {
        self.definition = definition
        self.variant = variant
    }

    /// `mta-segment-fsync`, `postfix`.
    package var label: String { facts(version: "").label }

    package func facts(version: String, files: [String: String] = [:]) -> SystemFacts {
        SystemFacts(
            name: definition.name, variant: variant.name, title: definition.title, version: version,
            spool: variant.spool, promise: variant.promise, definition: definition.text, files: files)
    }

    /// What `bench-report run` measures: this project's own MTA as the profile sets it. A setting that no variant of the
    /// definition has is still the variant of its spool and durability, under the profile's name for it.
    package static func own(_ library: SystemLibrary, _ profile: RunProfile) throws(RecordFault) -> SystemChoice {
        let definition = try library.named("mta")
        let name = profile.promise == .none ? profile.spool : "\(profile.spool)-\(profile.durability)"
        var choice = SystemChoice(definition, try definition.variant(name))
        choice.take(profile)
        choice.variant.name = profile.variant ?? choice.variant.name
        return choice
    }

    /// What a profile's `mta` says and a definition's templates can use.
    package mutating func take(_ profile: RunProfile) {
        if definition.parameters["smart_host_connections"] != nil {
            parameters["smart_host_connections"] = "\(profile.smartHostConnections)"
        }
        if variant.parameters["spool"] == profile.spool { options = profile.rocksdbOptions }
    }

    /// The profile as this system runs it: what is written in it about a spool is what the variant has.
    package func profile(_ profile: RunProfile) -> RunProfile {
        var profile = profile
        profile.variant = variant.name
        if let spool = variant.parameters["spool"], SpoolPromise.spools.contains(spool) {
            profile.spool = spool
            profile.durability = variant.promise.rawValue
            profile.rocksdbOptions = options
        }
        return profile
    }
}

extension RunProfile {
    var promise: SpoolPromise { SpoolPromise(spool: spool, durability: durability) }
}
