import Measures

/// A chart as it stands on a page: drawn once for wide and once for narrow screens, with words for who does not see it
/// and its figures as a table.
struct Chart {
    /// One line or area of it.
    struct Key {
        var name: String
        /// Of the key's sample: `s1 dashed`.
        var style: String
        /// Filled, as areas are.
        var isArea = false
    }

    /// Unique on its page.
    var id: String
    var title: String
    /// How to read it.
    var explanation: String
    /// What it shows, in words.
    var description: String
    var keys: [Key] = []
    /// Its figures: the head first.
    var table: [[String]]
    /// Draws it in units of about a pixel.
    var draw: (_ width: Double, _ prefix: String) -> ChartDrawing

    /// How much of a wide screen it has; on a narrow one all have the whole width.
    enum Size {
        case whole, half, third

        var width: Double {
            switch self {
            case .whole: 860
            case .half: 520
            case .third: Chart.narrow
            }
        }
    }

    static let narrow = 360.0

    func markup(_ size: Size) -> Markup {
        let drawings =
            size == .third
            ? [svg(Self.narrow, "n", style: "small")]
            : [svg(size.width, "w", style: "wide"), svg(Self.narrow, "n", style: "narrow")]
        return element(
            "figure", ["class": "chart", "id": id],
            [
                element(
                    "figcaption", [:], element("h3", [:], "\(title)"),
                    explanation.isEmpty ? "" : element("p", [:], "\(explanation)"))
            ]
                + drawings + [legend, figures])
    }

    private func svg(_ width: Double, _ size: String, style: String) -> Markup {
        let prefix = "\(id)-\(size)"
        let drawing = draw(width, prefix)
        return element(
            "svg",
            [
                "class": style, "viewBox": "0 0 \(number(width)) \(number(drawing.height))", "role": "img",
                "aria-labelledby": "\(prefix)-title \(prefix)-text",
            ],
            [
                element("title", ["id": "\(prefix)-title"], "\(title)"),
                element("desc", ["id": "\(prefix)-text"], "\(description)"),
            ] + drawing.parts)
    }

    private var legend: Markup { Self.legend(keys) }

    /// What is drawn how; of several charts alike it stands above them.
    static func legend(_ keys: [Key]) -> Markup {
        guard !keys.isEmpty else { return "" }
        return element(
            "ul", ["class": "legend"],
            keys.map { key in
                let sample =
                    key.isArea
                    ? element(
                        "rect", ["class": "area \(key.style)", "x": "1", "y": "1", "width": "26", "height": "10"])
                    : element("line", ["class": "curve \(key.style)", "x1": "1", "y1": "6", "x2": "27", "y2": "6"])
                return element(
                    "li", [:],
                    element("svg", ["class": "key", "viewBox": "0 0 28 12", "aria-hidden": "true"], sample),
                    "\(key.name)")
            })
    }

    private var figures: Markup {
        guard let head = table.first, table.count > 1 else { return "" }
        return element(
            "details", ["class": "figures"], element("summary", [:], "The figures of this chart"),
            DataTable(caption: title, head: head, rows: Array(table.dropFirst())).markup)
    }
}

/// The parts of a drawing and how high it came out.
struct ChartDrawing {
    var height: Double
    var parts: [Markup]
}

/// At most two decimals, as coordinates want them.
func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    var text = fixed(value, 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
}

/// Shapes of SVG. What they look like stands in the style sheet, so that it follows light and dark.
enum Shape {
    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) -> Markup {
        element(
            "line", ["class": style, "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)])
    }

    static func rect(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String, fill: String? = nil
    ) -> Markup {
        element(
            "rect",
            [
                "class": style, "x": number(x), "y": number(y), "width": number(max(0, width)),
                "height": number(height), "fill": fill,
            ])
    }

    enum Anchor: String { case start, middle, end }

    static func text(
        _ x: Double, _ y: Double, _ text: String, style: String? = nil, anchor: Anchor = .start
    ) -> Markup {
        element(
            "text",
            [
                "class": style, "x": number(x), "y": number(y),
                "text-anchor": anchor == .start ? nil : anchor.rawValue,
            ], "\(text)")
    }

    /// - Parameter isClosed: an area.
    static func path(_ points: [(x: Double, y: Double)], style: String, isClosed: Bool = false) -> Markup {
        var data = ""
        for (index, point) in points.enumerated() {
            data += "\(index == 0 ? "M" : "L")\(number(point.x)) \(number(point.y))"
        }
        return element("path", ["class": style, "d": data + (isClosed ? "Z" : "")])
    }

    /// Lines of a scale that lies below bars, with words where they have room.
    static func scale(_ axis: ChartAxis, from left: Double, to right: Double, bottom: Double) -> [Markup] {
        var parts: [Markup] = []
        var end = -Double.infinity
        for tick in axis.ticks {
            let x = left + tick.place * (right - left)
            parts.append(line(x, 0, x, bottom, style: "grid"))
            let width = width(tick.text)
            let begin = tick.place < 0.02 ? x : tick.place > 0.98 ? x - width : x - width / 2
            guard begin > end + 6 else { continue }
            end = begin + width
            parts.append(text(begin, bottom + 15, tick.text, style: "note"))
        }
        return parts
    }

    /// How wide a text of 12 units' height comes out in wide fonts.
    static func width(_ text: String) -> Double { Double(text.count) * 7.2 }

    /// Cut to what fits; the whole of it stands in the table of the figures.
    static func fitting(_ text: String, _ width: Double) -> String {
        let room = Int(width / 7.2)
        return text.count <= room ? text : String(text.prefix(max(1, room - 1))) + "…"
    }
}
