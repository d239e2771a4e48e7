/// Colours of the pages, once for light and once for dark screens; paper gets the light ones. A test computes that all
/// text can be read on what lies behind it.
package struct ReportPalette: Sendable {
    package var background: String
    /// Of cards and heads of tables.
    package var surface: String
    package var text: String
    /// Of notes.
    package var muted: String
    package var line: String
    package var accent: String
    package var good: String
    package var bad: String
    package var caution: String
    /// Behind what is bad or needs care.
    package var badSurface: String
    package var cautionSurface: String
    /// Lines and areas of charts, in this order.
    package var series: [String]

    package static let light = ReportPalette(
        background: "#ffffff", surface: "#f4f6f8", text: "#16191d", muted: "#4d5560", line: "#c9d0d8",
        accent: "#0b57a4", good: "#17692f", bad: "#a1151b", caution: "#7a4600", badSurface: "#fdeceb",
        cautionSurface: "#fff4dd",
        series: [
            "#0b57a4", "#b04a00", "#0d6e63", "#9c1458", "#5b2fc0", "#4a6b00", "#44505f", "#b01030",
        ])

    package static let dark = ReportPalette(
        background: "#14171b", surface: "#1e2329", text: "#e9ecef", muted: "#aeb6c0", line: "#434b56",
        accent: "#82bbff", good: "#7bd694", bad: "#ff9c97", caution: "#f3c063", badSurface: "#3a1d1e",
        cautionSurface: "#372a12",
        series: [
            "#6fb3ff", "#f4a35e", "#52cfc0", "#f48db9", "#b9a1ff", "#a8cf5f", "#b9c2cd", "#ff8e8e",
        ])

    /// Text and what lies behind it.
    package var pairs: [(name: String, text: String, behind: String)] {
        var found = [
            ("text", text, background), ("text on a card", text, surface), ("note", muted, background),
            ("note on a card", muted, surface), ("link", accent, background), ("link on a card", accent, surface),
            ("good", good, background), ("good on a card", good, surface), ("bad", bad, badSurface),
            ("bad on a card", bad, surface), ("text of what is bad", text, badSurface),
            ("caution", caution, cautionSurface), ("caution on a card", caution, surface),
            ("text of a warning", text, cautionSurface),
        ]
        for (index, colour) in series.enumerated() { found.append(("series \(index + 1)", colour, surface)) }
        return found.map { (name: $0.0, text: $0.1, behind: $0.2) }
    }

    /// As variables of a style sheet.
    var variables: String {
        let named = [
            ("background", background), ("surface", surface), ("text", text), ("muted", muted), ("line", line),
            ("accent", accent), ("good", good), ("bad", bad), ("caution", caution), ("bad-surface", badSurface),
            ("caution-surface", cautionSurface),
        ]
        let all = named + series.enumerated().map { ("s\($0.offset + 1)", $0.element) }
        return all.map { "--\($0.0):\($0.1)" }.joined(separator: ";")
    }
}
