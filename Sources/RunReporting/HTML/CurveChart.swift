import Measures

/// Lines, or areas on each other, over time or by percentile.
struct CurveChart {
    struct Curve {
        /// `s1`, `s2 dashed`, `s1 faint`.
        var style: String
        var points: [(x: Double, y: Double)]
    }
    /// A moment that has a name.
    struct Mark {
        var x: Double
        var text: String
    }

    var curves: [Curve]
    /// Each lies on those before it; their points have the same x.
    var isStacked = false
    var xAxis: (_ count: Int) -> ChartAxis
    var yAxis: ChartAxis
    var xLabel: String
    var yLabel: String
    /// A level that cannot be exceeded, with its name.
    var ceiling: (value: Double, text: String)?
    var marks: [Mark] = []

    func draw(_ width: Double, _ prefix: String) -> ChartDrawing {
        let left = (yAxis.ticks.map { Shape.width($0.text) }.max() ?? 20) + 8
        let (top, right) = (marks.isEmpty ? 22.0 : 22 + 15 * Double(min(3, marks.count)), width - 12)
        let bottom = top + (width > 500 ? 240 : 180)
        let box = Box(left: left, right: right, top: top, bottom: bottom)
        let xAxis = xAxis(width > 500 ? 8 : 4)
        var parts = [Shape.text(0, 12, yLabel, style: "note")]
        parts += grid(box, xAxis)
        parts += isStacked ? areas(box, xAxis) : lines(box, xAxis)
        if let ceiling {
            let y = box.y(yAxis.place(ceiling.value))
            parts.append(Shape.line(left, y, right, y, style: "ceiling"))
            parts.append(Shape.text(right, y - 5, ceiling.text, style: "note", anchor: .end))
        }
        parts += labels(box, xAxis)
        parts.append(Shape.text((left + right) / 2, bottom + 34, xLabel, style: "note", anchor: .middle))
        return ChartDrawing(height: bottom + 42, parts: parts)
    }

    /// Where the axes lie.
    private struct Box {
        var left, right, top, bottom: Double
        func x(_ place: Double) -> Double { left + min(1, max(0, place)) * (right - left) }
        func y(_ place: Double) -> Double { bottom - min(1, max(0, place)) * (bottom - top) }
    }

    private func grid(_ box: Box, _ xAxis: ChartAxis) -> [Markup] {
        var parts: [Markup] = []
        for tick in yAxis.ticks {
            let y = box.y(tick.place)
            parts.append(Shape.line(box.left, y, box.right, y, style: "grid"))
            parts.append(Shape.text(box.left - 6, y + 4, tick.text, style: "note", anchor: .end))
        }
        var end = -Double.infinity
        for tick in xAxis.ticks {
            let (x, half) = (box.x(tick.place), Shape.width(tick.text) / 2)
            parts.append(Shape.line(x, box.top, x, box.bottom, style: "grid"))
            // Words that would lie on each other are left out.
            guard x - half > end + 4 else { continue }
            end = x + half
            parts.append(
                Shape.text(
                    min(x, box.right + 12 - half), box.bottom + 16, tick.text, style: "note", anchor: .middle))
        }
        return parts
    }

    private func lines(_ box: Box, _ xAxis: ChartAxis) -> [Markup] {
        curves.filter { !$0.points.isEmpty }.map { curve in
            let places = curve.points.map { (x: box.x(xAxis.place($0.x)), y: box.y(yAxis.place($0.y))) }
            // One point is no line: a dash shows where it is.
            let drawn =
                places.count > 1
                ? places : [(x: places[0].x - 3, y: places[0].y), (x: places[0].x + 3, y: places[0].y)]
            return Shape.path(drawn, style: "curve \(curve.style)")
        }
    }

    private func areas(_ box: Box, _ xAxis: ChartAxis) -> [Markup] {
        var below = [Double](repeating: 0, count: curves.first?.points.count ?? 0)
        var parts: [Markup] = []
        for curve in curves {
            let floor = zip(curve.points, below).map { (x: box.x(xAxis.place($0.x)), y: box.y(yAxis.place($1))) }
            below = zip(curve.points, below).map { $0.y + $1 }
            let roof = zip(curve.points, below).map { (x: box.x(xAxis.place($0.x)), y: box.y(yAxis.place($1))) }
            parts.append(Shape.path(roof + floor.reversed(), style: "area \(curve.style)", isClosed: true))
        }
        return parts
    }

    /// Moments in up to three lines above the chart, so that neighbours do not lie on each other.
    private func labels(_ box: Box, _ xAxis: ChartAxis) -> [Markup] {
        marks.enumerated().flatMap { index, mark in
            let x = box.x(xAxis.place(mark.x))
            let y = 27 + 15 * Double(index % 3)
            let isLate = x > (box.left + box.right) / 2
            return [
                Shape.line(x, y - 9, x, box.bottom, style: "mark"),
                Shape.text(isLate ? x - 4 : x + 4, y, mark.text, style: "note", anchor: isLate ? .end : .start),
            ]
        }
    }
}
