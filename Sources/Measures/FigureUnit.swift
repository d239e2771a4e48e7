/// Units of figures, and what is measured in the same kind of unit: a rate may be asked for in MMH or messages a second.
package enum FigureUnit {
    private struct Scale {
        var base: Double
        /// The first is how a table writes it.
        var names: [String]
    }

    /// Units of one kind in a row, each in multiples of the same base.
    private static let kinds: [[Scale]] = [
        [
            Scale(base: 1e-9, names: ["ns"]), Scale(base: 1e-6, names: ["µs", "us"]), Scale(base: 1e-3, names: ["ms"]),
            Scale(base: 1, names: ["s"]), Scale(base: 60, names: ["min", "m"]), Scale(base: 3600, names: ["h"]),
        ],
        [
            Scale(base: 1, names: ["msg/s", "/s"]), Scale(base: 1 / 60.0, names: ["msg/min", "/min", "/m"]),
            Scale(base: 1 / 3600.0, names: ["msg/h", "/h"]), Scale(base: 1e6 / 3600, names: ["MMH"]),
        ],
        [
            Scale(base: 1, names: ["B/s"]), Scale(base: 1e3, names: ["KB/s"]), Scale(base: 1e6, names: ["MB/s"]),
            Scale(base: 1e9, names: ["GB/s"]), Scale(base: 1_048_576, names: ["MiB/s"]),
            Scale(base: 125e3, names: ["Mbit/s"]), Scale(base: 125e6, names: ["Gbit/s"]),
        ],
        [
            Scale(base: 1, names: ["B", "bytes"]), Scale(base: 1e3, names: ["KB"]), Scale(base: 1e6, names: ["MB"]),
            Scale(base: 1e9, names: ["GB"]), Scale(base: 1024, names: ["KiB"]), Scale(base: 1_048_576, names: ["MiB"]),
            Scale(base: 1_073_741_824, names: ["GiB"]),
        ],
        [
            Scale(base: 1e-6, names: ["µs/msg", "us/msg"]), Scale(base: 1e-3, names: ["ms/msg"]),
            Scale(base: 1, names: ["s/msg"]),
        ],
        [
            Scale(base: 1, names: ["bytes/msg", "B/msg"]), Scale(base: 1e3, names: ["KB/msg"]),
            Scale(base: 1e6, names: ["MB/msg"]), Scale(base: 1024, names: ["KiB/msg"]),
        ],
        [Scale(base: 1, names: ["msg/CPU s"])], [Scale(base: 1, names: ["syncs/msg"])],
        [Scale(base: 1, names: ["msg", "messages"])], [Scale(base: 1, names: ["%"])],
        [Scale(base: 1, names: ["USD"])],
    ]

    /// `value` in another unit of the same kind; nil if there is none, or one of them is unknown. Letters may be large
    /// or small, blanks are nothing.
    package static func convert(_ value: Double, from: String, to: String) -> Double? {
        for kind in kinds {
            guard let target = scale(kind, to) else { continue }
            return scale(kind, from).map { value * $0.base / target.base }
        }
        return nil
    }

    /// How units of the same kind are written; empty of an unknown one.
    package static func names(like unit: String) -> [String] {
        kinds.first { scale($0, unit) != nil }?.map { $0.names[0] } ?? []
    }

    private static func scale(_ kind: [Scale], _ name: String) -> Scale? {
        let wanted = plain(name)
        return kind.first { $0.names.contains { plain($0) == wanted } }
    }

    /// The micro sign has a twin among the Greek letters.
    private static func plain(_ name: String) -> String {
        String(name.lowercased().compactMap { $0 == " " ? nil : $0 == "μ" ? "µ" : $0 })
    }
}

/// `value` with about so many significant digits, grouped and without an exponent: `12,345`, `1.23`, `0.0123`.
package func significant(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "n/a" }
    var (decimals, scale) = (digits - 1, 1.0)
    while decimals > 0, value.magnitude >= 10 * scale {
        decimals -= 1
        scale *= 10
    }
    while decimals < 9, value != 0, value.magnitude < scale, scale > 1e-9 {
        decimals += 1
        scale /= 10
    }
    if decimals == 0 { return value.magnitude < 9e18 ? grouped(Int(value.rounded())) : "n/a" }
    return fixed(value, decimals)
}
