/// A table of HTML: its first column names the rows. Where it is wider than the screen it scrolls, and the names stay.
package struct DataTable {
    package struct Cell: ExpressibleByStringInterpolation {
        var content: Markup
        /// Sorted by it; nil: by its text.
        var value: Double?

        package init(_ content: Markup, value: Double? = nil) {
            self.content = content
            self.value = value
        }
        package init(stringLiteral text: String) { self.init(Markup(text)) }
    }

    package var caption: String
    package var head: [String]
    package var rows: [[Cell]]
    /// Columns of words, besides the first: the others are figures, and end at the right.
    package var words: Set<Int> = []
    /// Whether the page's script may offer to sort it.
    package var isSortable = false
    /// Shown above it, or for screen readers alone.
    package var showsCaption = false

    package init(
        caption: String, head: [String], rows: [[Cell]], words: Set<Int> = [], isSortable: Bool = false,
        showsCaption: Bool = false
    ) {
        self.caption = caption
        self.head = head
        self.rows = rows
        self.words = words
        self.isSortable = isSortable
        self.showsCaption = showsCaption
    }

    init(caption: String, head: [String], rows: [[String]]) {
        self.init(caption: caption, head: head, rows: rows.map { $0.map { Cell(Markup($0)) } })
    }

    package var markup: Markup {
        let heads = head.enumerated().map { column, text in
            element("th", ["scope": "col", "class": isWords(column) ? "words" : nil], Self.lines(text))
        }
        let body = rows.map { row in
            element(
                "tr", [:],
                row.enumerated().map { column, cell in
                    element(
                        column == 0 ? "th" : "td",
                        [
                            "scope": column == 0 ? "row" : nil, "class": isWords(column) ? "words" : nil,
                            "data-value": cell.value.map { "\($0)" },
                        ], cell.content)
                })
        }
        return element(
            "div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"],
            element(
                "table", ["class": isSortable ? "sortable" : nil],
                element("caption", ["class": showsCaption ? nil : "unseen"], "\(caption)"),
                element("thead", [:], element("tr", [:], heads)), element("tbody", [:], body)))
    }

    private func isWords(_ column: Int) -> Bool { column == 0 || words.contains(column) }

    /// What stands behind a comma, a unit, goes into a line of its own.
    private static func lines(_ text: String) -> Markup {
        guard let comma = text.range(of: ", ") else { return "\(text)" }
        return Markup(String(text[..<comma.lowerBound]))
            + element("span", ["class": "unit"], Markup(String(text[comma.upperBound...])))
    }
}
