import Measures
import MessageBuilding
import ProgramSupport

/// Rows of an answer of the admin API as text, CSV or JSON.
struct AdminTable {
    /// Field of each row, with the title of its column.
    var columns: [(field: String, title: String)]
    var rows: [JSONValue]

    init(_ columns: [String], _ rows: [JSONValue]) {
        self.columns = columns.map { ($0, $0) }
        self.rows = rows
    }

    /// - Parameter whole: what JSON shows.
    func render(_ format: QueueTable.Format, whole: JSONValue) -> String {
        switch format {
        case .json: whole.line + "\n"
        case .csv: cells.map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
        case .text: aligned
        }
    }

    private var cells: [[String]] {
        [columns.map(\.title)] + rows.map { row in columns.map { row[$0.field]?.plain ?? "" } }
    }

    private var aligned: String {
        FittedTable(rows: cells.map { $0.map { $0.isEmpty ? FittedTable.empty : $0 } }).text()
    }
}

func tableFormat(_ text: String) throws -> QueueTable.Format {
    guard let format = QueueTable.Format(rawValue: text) else {
        throw UsageFault("--format '\(text)': expected text, csv or json")
    }
    return format
}

/// `3d4h`, `5m`, `12s`.
func shortAge(_ seconds: Int) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0s" }
    return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
}
