import Foundation

/// HTML or SVG that is well formed and escaped by construction: names of elements and attributes can only stand in the
/// source, and every text and value is escaped where it comes in. A string literal is a text, interpolations included.
package struct Markup: Sendable, ExpressibleByStringInterpolation {
    package private(set) var html: String

    package init(stringLiteral text: String) { html = Self.escaped(text) }
    package init(_ text: String) { html = Self.escaped(text) }
    package init(joining parts: [Markup]) { html = parts.map(\.html).joined() }

    /// What stands in the source as markup, style or script.
    init(trusted text: StaticString) { html = "\(text)" }

    /// Of a style sheet or script, that the program has put together from its own texts: it must not end its element.
    init(ownText text: String) {
        precondition(!text.contains("</"))
        html = text
    }

    /// JSON as the content of an element that is no markup: what could end it stands only in texts, where it can be
    /// written otherwise (RFC 8259 §7).
    init(json: String) {
        html = json.replacingOccurrences(of: "<", with: "\\u003c").replacingOccurrences(of: "&", with: "\\u0026")
    }

    fileprivate init(html: String) { self.html = html }

    var isEmpty: Bool { html.isEmpty }

    package static func + (a: Markup, b: Markup) -> Markup { Markup(html: a.html + b.html) }

    /// What would end a text or a value, and what is no character of HTML or turns the direction of what follows.
    private static func escaped(_ text: String) -> String {
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\t", "\n": out.unicodeScalars.append(scalar)
            case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

/// An element with what is in it. An attribute of nil is left out.
package func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ children: [Markup]
) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes {
        guard let value else { continue }
        html += " \(key)=\"\(Markup(value).html)\""
    }
    html += ">"
    guard !["meta", "br", "hr", "input", "link"].contains("\(name)") else { return Markup(html: html) }
    for child in children { html += child.html }
    return Markup(html: html + "</\(name)>")
}

package func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ children: Markup...
) -> Markup {
    element(name, attributes, children)
}
