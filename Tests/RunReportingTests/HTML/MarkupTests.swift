import RunReporting
import Testing

@Suite struct MarkupTests {
    @Test(arguments: [
        ("a & b", "a &amp; b"), ("<script>", "&lt;script&gt;"),
        ("\"quoted\" 'too'", "&quot;quoted&quot; &#39;too&#39;"),
        ("&lt;", "&amp;lt;"), ("µs ✓", "µs ✓"), ("a\u{0}b\u{1B}c\u{202E}d", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d"),
        ("line\n\ttab", "line\n\ttab"),
    ])
    func textsAreEscaped(text: String, html: String) {
        #expect(Markup(text).html == html)
        #expect(element("p", ["title": text], "\(text)").html == "<p title=\"\(html)\">\(html)</p>")
    }

    @Test func elementsHoldEachOther() {
        let list = element("ul", ["class": nil, "id": "x"], [element("li", [:], "1 < 2"), element("br")])
        #expect(list.html == "<ul id=\"x\"><li>1 &lt; 2</li><br></ul>")
    }
}
