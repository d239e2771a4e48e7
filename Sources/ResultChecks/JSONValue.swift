import Foundation

/// JSON of any form, to be compared and walked.
indirect enum JSONValue: Decodable, Equatable {
    case null
    case flag(Bool)
    /// Whole numbers keep all their digits.
    case whole(UInt64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        if let scalar = try? Self.scalar(decoder.singleValueContainer()) {
            self = scalar
        } else if var box = try? decoder.unkeyedContainer() {
            var list: [JSONValue] = []
            while !box.isAtEnd { list.append(try box.decode(JSONValue.self)) }
            self = .list(list)
        } else {
            let box = try decoder.container(keyedBy: AnyKey.self)
            var object: [String: JSONValue] = [:]
            for key in box.allKeys { object[key.stringValue] = try box.decode(JSONValue.self, forKey: key) }
            self = .object(object)
        }
    }

    /// Numbers first: most of a record are buckets.
    private static func scalar(_ box: any SingleValueDecodingContainer) throws -> JSONValue? {
        if box.decodeNil() { return .null }
        if let value = try? box.decode(UInt64.self) { return .whole(value) }
        if let value = try? box.decode(Double.self) { return .number(value) }
        if let value = try? box.decode(String.self) { return .text(value) }
        if let value = try? box.decode(Bool.self) { return .flag(value) }
        return nil
    }

    /// Nil for what is no JSON.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else { return nil }
        self = value
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// `generator.series[3].messages` and its value, for each value that holds no others, in order of the keys.
    func forEachLeaf(_ path: String = "", _ body: (String, JSONValue) -> Void) {
        switch self {
        case .object(let object):
            for (key, value) in object.sorted(by: { $0.key < $1.key }) {
                value.forEachLeaf(path.isEmpty ? key : path + "." + key, body)
            }
        case .list(let list):
            for (index, value) in list.enumerated() { value.forEachLeaf("\(path)[\(index)]", body) }
        default: body(path, self)
        }
    }

    subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    /// Short, for a finding.
    var brief: String {
        switch self {
        case .null: "null"
        case .flag(let value): "\(value)"
        case .whole(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): value.count > 60 ? "'\(value.prefix(60))…'" : "'\(value)'"
        case .list(let list): "a list of \(list.count)"
        case .object(let object): "an object of \(object.count) keys"
        }
    }

    /// What differs between what is written and what follows; keys that only one of them has are named apart.
    static func differences(
        _ written: JSONValue, _ follows: JSONValue, _ path: String = ""
    ) -> (unequal: [String], extra: [String], missing: [String]) {
        switch (written, follows) {
        case (.object(let a), .object(let b)):
            var found = (unequal: [String](), extra: [String](), missing: [String]())
            for key in Set(a.keys).union(b.keys).sorted() {
                let place = path.isEmpty ? key : path + "." + key
                guard let one = a[key] else {
                    if b[key] != .null { found.missing.append(place) }
                    continue
                }
                guard let other = b[key] else {
                    if one != .null { found.extra.append(place) }
                    continue
                }
                join(&found, differences(one, other, place))
            }
            return found
        case (.list(let a), .list(let b)):
            guard a.count == b.count else {
                return (["\(path) has \(a.count) entries instead of \(b.count)"], [], [])
            }
            var found = (unequal: [String](), extra: [String](), missing: [String]())
            for (index, pair) in zip(a, b).enumerated() {
                join(&found, differences(pair.0, pair.1, "\(path)[\(index)]"))
            }
            return found
        default:
            let isSame = written.agrees(follows)
            return (isSame ? [] : ["\(path) is \(written.brief) instead of \(follows.brief)"], [], [])
        }
    }

    private static func join(
        _ found: inout (unequal: [String], extra: [String], missing: [String]),
        _ other: (unequal: [String], extra: [String], missing: [String])
    ) {
        found.unequal += other.unequal
        found.extra += other.extra
        found.missing += other.missing
    }

    /// 2 and 2.0 are the same number.
    private func agrees(_ other: JSONValue) -> Bool {
        switch (self, other) {
        case (.whole(let a), .number(let b)): Double(a) == b
        case (.number(let a), .whole(let b)): a == Double(b)
        default: self == other
        }
    }
}
