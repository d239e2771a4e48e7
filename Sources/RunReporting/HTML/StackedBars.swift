/// What each system's figure is made of: parts beside each other in one bar a system.
struct StackedBars {
    struct Part {
        var style: String
        var value: Double
    }
    struct Bar {
        var name: String
        var parts: [Part]
        /// The sum as tables write it.
        var text: String
    }

    var bars: [Bar]

    private static let rowHeight = 46.0

    func draw(_ width: Double, _ prefix: String) -> ChartDrawing {
        let room = (bars.map { Shape.width($0.text) }.max() ?? 0) + 12
        let plot = max(width * 0.3, width - room)
        let axis = ChartAxis.linear(
            upTo: bars.map { $0.parts.map(\.value).reduce(0, +) }.max() ?? 0, count: width > 500 ? 5 : 3)
        let bottom = Self.rowHeight * Double(bars.count) + 4
        var parts: [Markup] = []
        parts += Shape.scale(axis, from: 1, to: plot - 1, bottom: bottom)
        for (index, bar) in bars.enumerated() {
            let y = Double(index) * Self.rowHeight
            parts.append(Shape.text(1, y + 15, Shape.fitting(bar.name, width), style: "name"))
            var x = 1.0
            for part in bar.parts {
                let length = axis.place(part.value) * (plot - 2)
                parts.append(Shape.rect(x, y + 21, length, 18, style: "area \(part.style)"))
                x += length
            }
            parts.append(Shape.text(x + 6, y + 35, bar.text, style: "value"))
        }
        return ChartDrawing(height: bottom + 22, parts: parts)
    }
}
