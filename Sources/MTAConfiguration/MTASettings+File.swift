package import RunRecords

/// All that is wrong with a file, in the order of its lines.
package struct ConfigurationFaults: Error, CustomStringConvertible {
    /// More are not shown: they are likely to be the same mistake.
    package static let shown = 20
    package let faults: [RecordFault]

    package init(_ faults: [RecordFault]) {
        self.faults = faults.enumerated()
            .sorted { (Self.line($0.element), $0.offset) < (Self.line($1.element), $1.offset) }.map(\.element)
    }

    private static func line(_ fault: RecordFault) -> Int {
        let parts = fault.description.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    }

    package var description: String {
        let lines = faults.prefix(Self.shown).map(\.description)
        let rest = faults.count - lines.count
        return (lines + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "\n")
    }
}

extension MTASettings {
    /// Reads and checks a file.
    /// - Throws: ``ConfigurationFaults`` with everything that is wrong.
    package static func load(file: String, probe: any FileProbe = SystemFiles()) throws(ConfigurationFaults)
        -> MTASettings
    {
        guard let text = probe.text(file) else { throw ConfigurationFaults([RecordFault("\(file): cannot be read")]) }
        return try load(text: text, file: file, probe: probe)
    }

    /// The same from a text.
    package static func load(
        text: String, file: String, probe: any FileProbe = SystemFiles()
    ) throws(ConfigurationFaults) -> MTASettings {
        let mapping: StrictMapping
        do throws(RecordFault) { mapping = try StrictMapping(text: text, file: file, keys: nil) } catch {
            throw ConfigurationFaults([error])
        }
        var faults: [RecordFault] = []
        let settings = MTASettings.read(mapping, &faults)
        faults += settings.check(probe)
        guard faults.isEmpty else { throw ConfigurationFaults(faults) }
        return settings
    }

    /// What the file says, in a form that can be compared.
    package var snapshot: ConfigurationSnapshot {
        var texts: [String: String] = [:]
        for key in Self.keys { texts[key.name] = mapping?.canonical(key.name) }
        return ConfigurationSnapshot(
            texts: texts, fixed: Set(Self.keys.filter { !$0.isReloadable }.map(\.name)), places: listeners.map(\.place))
    }
}

/// A file's keys and what stood there.
package struct ConfigurationSnapshot: Sendable, Hashable {
    fileprivate let texts: [String: String]
    fileprivate let fixed: Set<String>
    fileprivate let places: [[String]]

    /// Keys that differ in `new`, and which of them only a restart takes in.
    package func changes(to new: ConfigurationSnapshot) -> (all: [String], needRestart: [String]) {
        let names = Set(texts.keys).union(new.texts.keys).sorted()
        let changed = names.filter { texts[$0] != new.texts[$0] }
        return (changed, changed.filter { fixed.contains($0) } + (places == new.places ? [] : ["listeners"]))
    }
}

extension ListenerSection {
    /// What cannot change while it listens.
    fileprivate var place: [String] {
        [name, address?.description ?? "", service.rawValue, String(hasProxyHeader), String(tls != nil)]
    }
}
