import Foundation
import Yams

/// A YAML mapping whose every key is known beforehand: anything else is refused with file, line and the nearest valid
/// name, since a misspelt key that is silently ignored makes a wrong measurement.
package struct StrictMapping {
    package let file: String
    private let values: [String: Node]
    /// Where the keys stand.
    private var lines: [String: Int] = [:]
    /// Where the mapping itself starts.
    private let line: Int
    private let path: String

    /// - Parameter keys: the keys that may appear.
    /// - Throws: ``RecordFault`` as `FILE:LINE: …`.
    package init(file: String, keys: [String]) throws(RecordFault) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw RecordFault("\(file): cannot be read")
        }
        try self.init(text: String(decoding: data, as: UTF8.self), file: file, keys: keys)
    }

    /// - Parameter keys: nil: any; then ``unknownKeys(_:)`` says which are not to be there.
    package init(text: String, file: String, keys: [String]?) throws(RecordFault) {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Self.syntaxFault(error, file)
        }
        guard let node else { throw RecordFault("\(file):1: the file is empty") }
        try self.init(node, file: file, path: "", keys: keys)
    }

    private init(_ node: Node, file: String, path: String, keys: [String]?) throws(RecordFault) {
        self.file = file
        self.path = path
        line = node.mark?.line ?? 1
        guard let mapping = node.mapping else {
            throw RecordFault(
                "\(file):\(line): \(path.isEmpty ? "the file" : "key '\(path)'") must be a mapping of keys to values")
        }
        var values: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            let at = key.mark?.line ?? line
            guard values[name] == nil else { throw RecordFault("\(file):\(at): key '\(path)\(name)' appears twice") }
            values[name] = value
            lines[name] = at
        }
        self.values = values
        if let keys, let fault = unknownKeys(keys).first { throw fault }
    }

    /// A fault for each key that is not among `allowed`, with the nearest name that is.
    package func unknownKeys(_ allowed: [String]) -> [RecordFault] {
        values.keys.filter { !allowed.contains($0) }.sorted { lines[$0]! < lines[$1]! }.map { name in
            RecordFault(
                "\(file):\(lines[name]!): unknown key '\(path)\(name)'\(Self.suggestion(name, allowed)); allowed: \(allowed.sorted().joined(separator: ", "))"
            )
        }
    }

    /// What is no YAML, on one line, with its place.
    private static func syntaxFault(_ error: any Error, _ file: String) -> RecordFault {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            return RecordFault("\(file):\(mark.line): this is not YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "'\($0)'" }.joined(separator: ", ")
            return RecordFault("\(file):\(context.mark.line): this mapping has a key twice: \(names)")
        case YamlError.reader(let problem, _, _, _):
            return RecordFault("\(file):1: this is not YAML: \(problem)")
        default:
            return RecordFault("\(file):1: \(error)")
        }
    }

    /// `, did you mean 'x'?`, or nothing if no name is near.
    package static func suggestion(_ name: String, _ keys: [String]) -> String {
        let nearest = keys.map { ($0, distance(name, $0)) }.min { $0.1 < $1.1 }
        guard let nearest, nearest.1 <= max(2, name.count / 3) else { return "" }
        return ", did you mean '\(nearest.0)'?"
    }

    /// Levenshtein distance.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[b.count]
    }

    // MARK: Values

    /// The value in one form however it was written, for comparing two files; nil without the key.
    package func canonical(_ key: String) -> String? { values[key].map { (try? Yams.serialize(node: $0)) ?? "?" } }

    /// The keys, in the order in which they are written.
    package var names: [String] { values.keys.sorted { (lines[$0] ?? 0, $0) < (lines[$1] ?? 0, $1) } }

    /// Where the key's value stands; where the mapping begins, without the key.
    package func line(_ key: String) -> Int { values[key]?.mark?.line ?? line }

    package func has(_ key: String) -> Bool { values[key] != nil }

    /// A fault about `key`, with its line.
    package func fault(_ key: String, _ text: String) -> RecordFault {
        RecordFault("\(file):\(values[key]?.mark?.line ?? line): key '\(path)\(key)': \(text)")
    }

    /// A fault about one item of the list `key`, with the item's line.
    package func fault(_ key: String, item: Int, _ text: String) -> RecordFault {
        let items = values[key]?.sequence
        let at = items.flatMap { $0.indices.contains(item) ? $0[item].mark?.line : nil }
        return RecordFault("\(file):\(at ?? values[key]?.mark?.line ?? line): key '\(path)\(key)': \(text)")
    }

    package func text(_ key: String) throws(RecordFault) -> String? {
        guard let node = values[key] else { return nil }
        guard let text = node.scalar?.string else { throw fault(key, "expected a text") }
        return text
    }

    package func integer(_ key: String) throws(RecordFault) -> Int? {
        guard let text = try text(key) else { return nil }
        guard let value = Int(text.filter { $0 != "_" }) else { throw fault(key, "'\(text)': expected a whole number") }
        return value
    }

    package func number(_ key: String) throws(RecordFault) -> Double? {
        guard let text = try text(key) else { return nil }
        guard let value = Double(text), value.isFinite else { throw fault(key, "'\(text)': expected a number") }
        return value
    }

    package func flag(_ key: String) throws(RecordFault) -> Bool? {
        guard let text = try text(key) else { return nil }
        switch text {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw fault(key, "'\(text)': expected true or false")
        }
    }

    /// A mapping of any keys to texts.
    package func texts(_ key: String) throws(RecordFault) -> [String: String]? {
        guard let node = values[key] else { return nil }
        let mapping = try StrictMapping(node, file: file, path: "\(path)\(key).", keys: nil)
        var found: [String: String] = [:]
        for name in mapping.values.keys { found[name] = try mapping.text(name) }
        return found
    }

    package func mapping(_ key: String, keys: [String]?) throws(RecordFault) -> StrictMapping? {
        guard let node = values[key] else { return nil }
        return try StrictMapping(node, file: file, path: "\(path)\(key).", keys: keys)
    }

    /// A list of texts.
    package func list(_ key: String) throws(RecordFault) -> [String]? {
        guard let node = values[key] else { return nil }
        guard let sequence = node.sequence else { throw fault(key, "expected a list") }
        var found: [String] = []
        for item in sequence {
            guard let text = item.scalar?.string else { throw fault(key, "expected a list of texts") }
            found.append(text)
        }
        return found
    }

    /// The same, where a single text needs no brackets.
    package func oneOrMore(_ key: String) throws(RecordFault) -> [String]? {
        values[key]?.scalar == nil ? try list(key) : try text(key).map { [$0] }
    }

    /// A list of mappings.
    package func mappings(_ key: String, keys: [String]?) throws(RecordFault) -> [StrictMapping]? {
        guard let node = values[key] else { return nil }
        guard let sequence = node.sequence else { throw fault(key, "expected a list") }
        var found: [StrictMapping] = []
        for (index, item) in sequence.enumerated() {
            found.append(try StrictMapping(item, file: file, path: "\(path)\(key)[\(index)].", keys: keys))
        }
        return found
    }
}
