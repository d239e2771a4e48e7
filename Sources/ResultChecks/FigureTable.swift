/// A table of figures as CSV (RFC 4180): rows by profile, system and key; columns by the names in the first line.
struct FigureTable {
    private let columns: [String]
    private let rows: [String: [String: String]]
    /// Rows that have the name of another.
    private let repeated: [String]

    private static let names = ["profile", "system", "key"]

    init(_ text: String) {
        let lines = text.split(separator: "\n").map { Self.fields(String($0)) }
        columns = lines.first ?? []
        var (rows, repeated): ([String: [String: String]], [String]) = ([:], [])
        for line in lines.dropFirst() {
            let row = Dictionary(zip(columns, line), uniquingKeysWith: { first, _ in first })
            let name = Self.names.map { row[$0] ?? "" }.joined(separator: " ")
            if rows.updateValue(row, forKey: name) != nil { repeated.append(name) }
        }
        (self.rows, self.repeated) = (rows, repeated)
    }

    /// Fields of a line; quotes double themselves.
    private static func fields(_ line: String) -> [String] {
        var (fields, field, isQuoted, before) = ([String](), "", false, Character(" "))
        for character in line {
            defer { before = character }
            if character == "\"" {
                isQuoted.toggle()
                if isQuoted, before == "\"" { field.append("\"") }
            } else if character == ",", !isQuoted {
                fields.append(field)
                field = ""
            } else {
                field.append(character)
            }
        }
        return fields + [field]
    }

    /// What both have must agree; rows that only one of them has are named.
    func problems(against expected: FigureTable) -> [String] {
        var found = repeated.map { "comparison.csv has two rows of \($0)" }
        let common = columns.filter { expected.columns.contains($0) }
        for name in ["median", "valid"] where !columns.contains(name) {
            found.append("comparison.csv has no column '\(name)'")
        }
        for (name, row) in rows.sorted(by: { $0.key < $1.key }) {
            guard let other = expected.rows[name] else {
                found.append("comparison.csv has a row of \(name), which does not follow from the records")
                continue
            }
            for column in common where row[column] != other[column] {
                found.append(
                    "comparison.csv: \(column) of \(name) is \(row[column] ?? "missing"), the records give "
                        + "\(other[column] ?? "none")")
            }
        }
        for name in expected.rows.keys.sorted() where rows[name] == nil {
            found.append("comparison.csv has no row of \(name)")
        }
        return Array(found.prefix(10))
    }
}
