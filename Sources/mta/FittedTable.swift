import Glibc

/// Rows of texts under a line of titles, in columns. On a terminal that is too narrow columns in which nothing stands, then
/// those of zeros, are left out, and lines end at its edge; a pipe gets all of it.
struct FittedTable {
    static let empty = "-"

    var rows: [[String]]
    /// Numbers are aligned at their ends.
    var alignsNumbers = true

    /// - Parameter width: of the terminal; nil: there is none.
    func text(width: Int? = Terminal.size(of: 1)?.columns) -> String {
        var shown = rows
        for empty in [[Self.empty], [Self.empty, "0"]] {
            if let width, lineWidth(shown) > width { shown = withoutColumns(of: empty, shown) }
        }
        let lines = aligned(shown)
        guard let width else { return lines.map { $0 + "\n" }.joined() }
        return lines.map { line in
            let text = Terminal.printable(line)
            return (text.count > width ? String(text.prefix(width - 1)) + "~" : text) + "\n"
        }.joined()
    }

    private func widths(_ rows: [[String]]) -> [Int] {
        (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    }

    private func lineWidth(_ rows: [[String]]) -> Int {
        let widths = widths(rows)
        return widths.reduce(0, +) + 2 * max(0, widths.count - 1)
    }

    /// - Parameter empty: in which nothing else stands.
    private func withoutColumns(of empty: [String], _ rows: [[String]]) -> [[String]] {
        let kept = (rows.first ?? []).indices.filter { column in
            rows.count == 1 || rows.dropFirst().contains { !empty.contains($0[column]) }
        }
        return rows.map { row in kept.map { row[$0] } }
    }

    private func aligned(_ rows: [[String]]) -> [String] {
        let widths = widths(rows)
        let isNumber = widths.indices.map { column in
            alignsNumbers && rows.count > 1
                && rows.dropFirst().allSatisfy { $0[column] == Self.empty || Int($0[column]) != nil }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "  " : "") + (isNumber[column] ? blanks + cell : cell + blanks)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
