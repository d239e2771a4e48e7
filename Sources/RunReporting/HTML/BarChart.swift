import Measures
import RunRecords

/// A bar for each system below the other, with the interval of its median as a whisker. What is not durable is hatched.
struct BarChart {
    struct Bar {
        var name: String
        /// What mail that was answered 250 survives.
        var promise: SpoolPromise
        var value: Double?
        var interval: (low: Double, high: Double)?
        /// The value as tables write it, with its interval; or why there is none.
        var text: String
    }

    var bars: [Bar]

    private static let rowHeight = 46.0

    func draw(_ width: Double, _ prefix: String) -> ChartDrawing {
        let room = (bars.filter { $0.value != nil }.map { Shape.width($0.text) }.max() ?? 0) + 12
        let plot = max(width * 0.3, width - room)
        let highest = bars.map { max($0.value ?? 0, $0.interval?.high ?? 0) }.max() ?? 0
        let axis = ChartAxis.linear(upTo: highest, count: width > 500 ? 5 : 3)
        let bottom = Self.rowHeight * Double(bars.count) + 4
        var parts = [patterns(prefix)]
        parts += Shape.scale(axis, from: 1, to: plot - 1, bottom: bottom)
        for (index, bar) in bars.enumerated() {
            parts += row(bar, y: Double(index) * Self.rowHeight, plot, width, axis, prefix)
        }
        return ChartDrawing(height: bottom + 22, parts: parts)
    }

    private func row(
        _ bar: Bar, y: Double, _ plot: Double, _ width: Double, _ axis: ChartAxis, _ prefix: String
    ) -> [Markup] {
        let name = Shape.fitting(bar.name, width * 0.6)
        var parts = [
            element(
                "text", ["x": "1", "y": number(y + 15)], element("tspan", ["class": "name"], "\(name)"),
                element(
                    "tspan", ["class": "note", "dx": "8"],
                    "\(Shape.fitting(bar.promise.label, width - Shape.width(name) * 1.08 - 10))"))
        ]
        let (top, height) = (y + 21, 18.0)
        guard let value = bar.value else {
            return parts + [Shape.text(1, top + 14, bar.text, style: "note")]
        }
        func x(_ value: Double) -> Double { 1 + axis.place(value) * (plot - 2) }
        parts.append(
            Shape.rect(1, top, x(value) - 1, height, style: "bar \(bar.promise.style)", fill: fill(bar, prefix)))
        var end = x(value)
        if let (low, high) = bar.interval, high > low {
            end = max(end, x(high))
            let middle = top + height / 2
            for style in ["halo", "whisker"] {
                parts.append(Shape.line(x(low), middle, x(high), middle, style: style))
                parts.append(Shape.line(x(low), middle - 4, x(low), middle + 4, style: style))
                parts.append(Shape.line(x(high), middle - 4, x(high), middle + 4, style: style))
            }
        }
        parts.append(Shape.text(end + 6, top + 14, bar.text, style: "value"))
        return parts
    }

    private func fill(_ bar: Bar, _ prefix: String) -> String? {
        switch bar.promise {
        case .fsync, .os: nil
        case .deferred: "url(#\(prefix)-hatch)"
        case .none: "url(#\(prefix)-dots)"
        }
    }

    private func patterns(_ prefix: String) -> Markup {
        element(
            "defs", [:],
            element(
                "pattern",
                [
                    "id": "\(prefix)-hatch", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse",
                    "patternTransform": "rotate(45)",
                ], Shape.rect(0, 0, 3, 6, style: "ink1")),
            element(
                "pattern",
                [
                    "id": "\(prefix)-dots", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse",
                    "patternTransform": "rotate(-45)",
                ], Shape.rect(0, 0, 1.6, 6, style: "ink2")))
    }
}

extension SpoolPromise {
    /// Of a bar; what is durable is filled, what is not hatched.
    var style: String {
        switch self {
        case .fsync: "synced"
        case .os: "written"
        case .deferred: "late"
        case .none: "lost"
        }
    }
}
