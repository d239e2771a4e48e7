import Foundation

/// The target of a request (RFC 9112 §3.2), its path and query apart.
package struct HTTPTarget: Equatable, Sendable {
    package var path: String
    /// Names and values with their percent encoding undone; of a name that comes twice the last.
    package var query: [String: String] = [:]
    /// The same in order, with all values of a name.
    package var parameters: [Parameter] = []

    package struct Parameter: Equatable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(_ text: String) {
        var rest = text[...]
        // The absolute form is for proxies, and has to be taken (RFC 9112 §3.2.2).
        if let scheme = rest.range(of: "://"), !rest.hasPrefix("/") {
            let authority = rest[scheme.upperBound...]
            rest = authority.firstIndex(where: { $0 == "/" || $0 == "?" }).map { authority[$0...] } ?? ""
        }
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        path = mark == rest.startIndex ? "/" : String(rest[..<mark])
        for pair in rest[mark...].dropFirst().split(separator: "&") {
            let words = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let parameter = Parameter(Self.decoded(words[0]), words.count == 2 ? Self.decoded(words[1]) : "")
            query[parameter.name] = parameter.value
            parameters.append(parameter)
        }
    }

    private static func decoded(_ text: Substring) -> String {
        text.contains("%") ? text.removingPercentEncoding ?? String(text) : String(text)
    }
}
