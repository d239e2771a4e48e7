package import Measures
package import RunRecords

/// One key of a section of the configuration: declared once, and from that read, checked, compared and documented.
package struct ConfigurationKey<Section: ConfigurationSection> {
    package let name: String
    /// What may stand there: `a duration such as 60s`, `fsync or os or deferred`.
    package let form: String
    /// As it would be written; empty: none.
    package let standard: String
    package let meaning: String
    /// A reload (SIGHUP) takes a change in; otherwise the program has to be started again.
    package var isReloadable = true
    let reading: Reading
    /// The keys of a section inside this one.
    let inner: [KeyDescription]

    enum Reading {
        case scalar((inout Section, String) throws(UnitFault) -> Void)
        /// - Parameter takesOne: a single text is a list of one.
        case list(takesOne: Bool, (inout Section, [String]) throws(ItemFault) -> Void)
        case texts((inout Section, [String: String]) throws(UnitFault) -> Void)
        /// A mapping, or with ``isList`` a list of them.
        case sections(isList: Bool, (inout Section, StrictMapping, inout [RecordFault]) -> Void)
    }

    package var description: KeyDescription {
        let whole = KeyDescription(
            name: name, form: form, standard: standard, meaning: meaning, isReloadable: isReloadable, inner: inner)
        return isReloadable ? whole : whole.needingRestart
    }

    /// The same, but a change needs a restart.
    package var needingRestart: ConfigurationKey {
        var key = self
        key.isReloadable = false
        return key
    }
}

/// What is wrong with one item of a list.
package struct ItemFault: Error {
    var item: Int
    var text: String
}

/// A mapping of the file as a value. Its properties hold the defaults at first.
package protocol ConfigurationSection {
    init()
    static var keys: [ConfigurationKey<Self>] { get }
    /// Where the section was read from, for faults found later; nil: it was not in a file.
    var mapping: StrictMapping? { get set }
}

/// A key as the reference shows it.
package struct KeyDescription {
    package let name: String
    package let form: String
    package let standard: String
    package let meaning: String
    package private(set) var isReloadable: Bool
    package private(set) var inner: [KeyDescription]

    /// The same, but a change of it, or of anything in it, needs a restart.
    var needingRestart: KeyDescription {
        var key = self
        key.isReloadable = false
        key.inner = inner.map(\.needingRestart)
        return key
    }
}

// How keys of the usual kinds are declared.
extension ConfigurationKey {
    /// - Parameter shown: the default as the reference shows it; nil: that of a new section.
    package static func value<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<Section, Value>, _ meaning: String, shown: String? = nil,
        check: ((Value) throws(UnitFault) -> Void)? = nil
    ) -> Self {
        Self(
            name: name, form: Value.form, standard: shown ?? Section()[keyPath: path].written, meaning: meaning,
            reading: .scalar { (section, text) throws(UnitFault) in
                let value = try Value(written: text)
                try check?(value)
                section[keyPath: path] = value
            }, inner: [])
    }

    package static func optional<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<Section, Value?>, _ meaning: String, shown: String = "",
        check: ((Value) throws(UnitFault) -> Void)? = nil
    ) -> Self {
        Self(
            name: name, form: Value.form, standard: shown, meaning: meaning,
            reading: .scalar { (section, text) throws(UnitFault) in
                let value = try Value(written: text)
                try check?(value)
                section[keyPath: path] = value
            }, inner: [])
    }

    package static func list<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<Section, [Value]>, _ meaning: String, shown: String? = nil
    ) -> Self {
        Self(
            name: name, form: "list of " + Value.form,
            standard: shown ?? "[" + Section()[keyPath: path].map(\.written).joined(separator: ", ") + "]",
            meaning: meaning,
            reading: .list(takesOne: false) { (section, texts) throws(ItemFault) in
                section[keyPath: path] = try values(texts)
            }, inner: [])
    }

    /// A list in which a single one needs no brackets.
    package static func oneOrMore<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<Section, [Value]>, _ meaning: String, shown: String = "[]"
    ) -> Self {
        Self(
            name: name, form: "\(Value.form), or a list", standard: shown, meaning: meaning,
            reading: .list(takesOne: true) { (section, texts) throws(ItemFault) in
                section[keyPath: path] = try values(texts)
            }, inner: [])
    }

    private static func values<Value: ConfigurationValue>(_ texts: [String]) throws(ItemFault) -> [Value] {
        var values: [Value] = []
        for (index, text) in texts.enumerated() {
            do { values.append(try Value(written: text)) } catch {
                throw ItemFault(item: index, text: "'\(text)': \(error)")
            }
        }
        return values
    }

    package static func texts(
        _ name: String, _ path: WritableKeyPath<Section, [String: String]>, _ meaning: String
    ) -> Self {
        Self(
            name: name, form: "mapping of texts", standard: "{}", meaning: meaning,
            reading: .texts { (section, texts) in section[keyPath: path] = texts }, inner: [])
    }

    package static func section<Inner: ConfigurationSection>(
        _ name: String, _ path: WritableKeyPath<Section, Inner>, _ meaning: String
    ) -> Self {
        Self(
            name: name, form: "section", standard: "", meaning: meaning,
            reading: .sections(isList: false) { (section, mapping, faults) in
                section[keyPath: path] = Inner.read(mapping, &faults)
            }, inner: Inner.keys.map(\.description))
    }

    package static func optionalSection<Inner: ConfigurationSection>(
        _ name: String, _ path: WritableKeyPath<Section, Inner?>, _ meaning: String
    ) -> Self {
        Self(
            name: name, form: "section", standard: "", meaning: meaning,
            reading: .sections(isList: false) { (section, mapping, faults) in
                section[keyPath: path] = Inner.read(mapping, &faults)
            }, inner: Inner.keys.map(\.description))
    }

    package static func sections<Inner: ConfigurationSection>(
        _ name: String, _ path: WritableKeyPath<Section, [Inner]>, _ meaning: String
    ) -> Self {
        Self(
            name: name, form: "list of sections", standard: "[]", meaning: meaning,
            reading: .sections(isList: true) { (section, mapping, faults) in
                section[keyPath: path].append(Inner.read(mapping, &faults))
            }, inner: Inner.keys.map(\.description))
    }
}

extension ConfigurationSection {
    /// Reads what is there; every fault is noted and the rest is read all the same.
    package static func read(_ mapping: StrictMapping, _ faults: inout [RecordFault]) -> Self {
        var section = Self()
        section.mapping = mapping
        let keys = Self.keys
        faults += mapping.unknownKeys(keys.map(\.name))
        for key in keys where mapping.has(key.name) {
            do throws(RecordFault) {
                try read(key, from: mapping, into: &section, &faults)
            } catch {
                faults.append(error)
            }
        }
        return section
    }

    private static func read(
        _ key: ConfigurationKey<Self>, from mapping: StrictMapping, into section: inout Self,
        _ faults: inout [RecordFault]
    ) throws(RecordFault) {
        switch key.reading {
        case .scalar(let set):
            guard let text = try mapping.text(key.name) else { return }
            do throws(UnitFault) { try set(&section, text) } catch {
                throw mapping.fault(key.name, "'\(text)': \(error)")
            }
        case .list(let takesOne, let set):
            let items = try (takesOne ? mapping.oneOrMore(key.name) : mapping.list(key.name)) ?? []
            do throws(ItemFault) { try set(&section, items) } catch {
                throw mapping.fault(key.name, item: error.item, error.text)
            }
        case .texts(let set):
            let texts = try mapping.texts(key.name) ?? [:]
            do throws(UnitFault) { try set(&section, texts) } catch {
                throw mapping.fault(key.name, error.description)
            }
        case .sections(isList: false, let set):
            if let inner = try mapping.mapping(key.name, keys: nil) { set(&section, inner, &faults) }
        case .sections(isList: true, let set):
            for inner in try mapping.mappings(key.name, keys: nil) ?? [] { set(&section, inner, &faults) }
        }
    }

    /// Sets a key as a flag of the program does.
    /// - Throws: ``UnitFault`` without the key's name.
    package mutating func set(_ name: String, to text: String) throws(UnitFault) {
        guard let key = Self.keys.first(where: { $0.name == name }), case .scalar(let set) = key.reading else {
            throw UnitFault("no such key")
        }
        do throws(UnitFault) { try set(&self, text) } catch { throw UnitFault("'\(text)': \(error)") }
    }
}
