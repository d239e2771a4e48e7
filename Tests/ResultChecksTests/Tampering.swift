import Foundation
import ResultStore

/// Changes to a result, as somebody would make them who wants it to say something else.
extension ResultBundle {
    /// Changes the record and nothing that follows from it.
    mutating func tamper(_ body: (inout [String: Any]) -> Void) throws {
        let data = Data(files[ResultBundle.recordName]!)
        var json = try JSONSerialization.jsonObject(with: data) as! [String: Any]
        body(&json)
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        files[ResultBundle.recordName] = Array(try JSONSerialization.data(withJSONObject: json, options: options))
        seal()
    }

    /// Replaces a text in a file; it has to be there.
    mutating func tamper(_ path: String, _ text: String, _ other: String) {
        let whole = String(decoding: files[path]!, as: UTF8.self)
        precondition(whole.contains(text), "\(path) does not say '\(text)'")
        files[path] = Array(whole.replacingOccurrences(of: text, with: other).utf8)
        seal()
    }
}

extension [String: Any] {
    /// `generator.series.0.messages`.
    subscript(path path: String) -> Any? {
        get {
            var value: Any? = self
            for part in path.split(separator: ".") {
                if let list = value as? [Any] {
                    value = list[Int(part)!]
                } else {
                    value = (value as? [String: Any])?[String(part)]
                }
            }
            return value
        }
        set { self = Self.set(self, path.split(separator: ".").map(String.init)[...], newValue) as! [String: Any] }
    }

    private static func set(_ value: Any, _ path: ArraySlice<String>, _ new: Any?) -> Any {
        guard let first = path.first else { return new ?? NSNull() }
        if var list = value as? [Any] {
            list[Int(first)!] = set(list[Int(first)!], path.dropFirst(), new)
            return list
        }
        var object = value as! [String: Any]
        if path.count == 1 { object[first] = new } else { object[first] = set(object[first]!, path.dropFirst(), new) }
        return object
    }
}
