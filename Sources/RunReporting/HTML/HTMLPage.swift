/// What surrounds the content of each page: one file, with its style and script in it, that asks nobody for anything.
package struct HTMLPage {
    package var title: String
    /// In one line, for search and for previews.
    package var summary: String
    package var content: [Markup]
    package var footer: Markup
    /// Which script may run: random, so that no text of a record can name it.
    package var nonce: String

    package init(title: String, summary: String, content: [Markup], footer: Markup, nonce: String = Self.randomNonce())
    {
        self.title = title
        self.summary = summary
        self.content = content
        self.footer = footer
        self.nonce = nonce
    }

    /// 32 hexadecimal digits.
    package static func randomNonce() -> String {
        (0..<4).map { _ in
            let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// What a browser lets the page do (Content Security Policy 3): its own style and script, and forms to where it
    /// came from.
    package var policy: String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; img-src data:; "
            + "form-action 'self'; base-uri 'none'"
    }

    package var html: String {
        let head = element(
            "head", [:],
            element("meta", ["charset": "utf-8"]),
            element("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
            element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            element("meta", ["name": "color-scheme", "content": "light dark"]),
            element("meta", ["name": "referrer", "content": "no-referrer"]),
            element("meta", ["name": "description", "content": summary]),
            element("title", [:], "\(title)"),
            // Else a browser asks for one.
            element("link", ["rel": "icon", "href": "data:,"]),
            element("style", ["nonce": nonce], Markup(ownText: PageStyle.text)))
        let body = element(
            "body", [:],
            element("a", ["class": "skip", "href": "#main"], "To the content"),
            element(
                "div", ["class": "page"],
                element("main", ["id": "main"], content),
                element("footer", [:], footer)),
            element("script", ["nonce": nonce], Markup(ownText: PageScript.text)))
        return "<!DOCTYPE html>\n" + element("html", ["lang": "en"], head, body).html + "\n"
    }
}
