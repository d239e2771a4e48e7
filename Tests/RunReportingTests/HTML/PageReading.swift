import Foundation
import Testing

/// What a page holds, seen as its text.
struct PageReading {
    let html: String

    /// Content of each element of a name, with what is in it.
    func parts(_ name: String) -> [String] {
        html.components(separatedBy: "<\(name)").dropFirst().filter { " >".contains($0.first ?? "x") }
            .map { String($0.components(separatedBy: "</\(name)>")[0]) }
    }

    /// Values of an attribute, wherever it stands.
    func values(_ attribute: String) -> [String] {
        html.matches(of: try! Regex<(Substring, Substring)>(" \(attribute)=\"([^\"]*)\"")).map { String($0.1) }
    }

    func count(_ text: String) -> Int { html.components(separatedBy: text).count - 1 }

    /// The first fault of nesting; nil: every element that begins ends where it should.
    var imbalance: String? {
        var open: [Substring] = []
        let body = html.replacing(/<(script|style)([^>]*)>[\s\S]*?<\/\1>/) { "<\($0.1)></\($0.1)>" }
        for tag in body.matches(of: /<(\/?)([a-z0-9]+)(?:\s[^<>]*)?>/) {
            guard !["meta", "br", "hr", "input", "link"].contains(tag.2) else { continue }
            guard tag.1 == "/" else {
                open.append(body[tag.2.startIndex..<tag.2.endIndex])
                continue
            }
            guard let last = open.popLast(), last == tag.2 else { return "</\(tag.2)> ends what it did not begin" }
        }
        return open.isEmpty ? nil : "<\(open[open.count - 1])> has no end"
    }

    /// Every address that a browser would follow or load.
    var addresses: [String] { ["href", "src", "action", "srcset", "poster", "data"].flatMap(values) }
}
