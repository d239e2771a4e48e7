import Foundation
import Measures

/// How a sheet comes out.
package enum SheetFormat: String, CaseIterable, Sendable { case text, markdown, csv, json }

/// Lines and tables that stand in one form for people and in another for programs, with the same figures.
package struct Sheet: Sendable {
    package struct Column: Hashable, Sendable {
        /// Names the figure with its unit: `usd_per_month`.
        package var key: String
        package var label: String
        /// Numbers stand to the right, text to the left.
        package var isNumber: Bool
        package var shown: Shown

        /// How a column stands in what people read; programs get all.
        package enum Shown: Sendable {
            case here
            /// A number in brackets, and the text below all tables: texts as long as sources make tables too wide.
            case below
            case not
        }

        package init(_ key: String, _ label: String, isNumber: Bool = true, shown: Shown = .here) {
            (self.key, self.label, self.isNumber, self.shown) = (key, label, isNumber, shown)
        }
    }

    package struct Cell: Hashable, Sendable {
        /// For people.
        package var text: String
        /// For programs; nil: the text.
        package var value: Double?

        package init(_ text: String, _ value: Double? = nil) { (self.text, self.value) = (text, value) }
        package static let none = Cell("–", .nan)
    }

    package struct Table: Sendable {
        package var key: String
        package var title: String
        package var columns: [Column]
        package var rows: [[Cell]]

        /// - Parameter rows: as many cells each as there are columns.
        package init(_ key: String, _ title: String, columns: [Column], rows: [[Cell]]) {
            precondition(rows.allSatisfy { $0.count == columns.count })
            (self.key, self.title, self.columns, self.rows) = (key, title, columns, rows)
        }
    }

    package var title: String
    package var head: [String] = []
    package var tables: [Table] = []
    /// What the figures rest on, a line each.
    package var notes: [String] = []
    /// A drawing in letters, between the tables and the notes; for people alone.
    package var drawing: [String] = []

    package init(title: String) { self.title = title }

    /// Ends with a line feed.
    package func render(_ format: SheetFormat) -> String {
        switch format {
        case .text: text
        case .markdown: markdown
        case .csv: csv
        case .json: json
        }
    }

    /// Several, one after the other: as one list in JSON, one table in CSV (a column more says which sheet).
    package static func render(_ sheets: [Sheet], _ format: SheetFormat) -> String {
        guard sheets.count != 1 else { return sheets[0].render(format) }
        switch format {
        case .text, .markdown: return sheets.map { $0.render(format) }.joined(separator: "\n")
        case .csv:
            return "sheet,table,row,figure,value\n"
                + sheets.enumerated().map { index, sheet in
                    sheet.csvLines.map { "\(index + 1),\($0)\n" }.joined()
                }.joined()
        case .json: return encoded(.list(sheets.map(\.object)))
        }
    }

    // MARK: For people

    private var text: String {
        var (lines, below) = ([title] + head, Footnotes())
        for table in tables { lines += ["", table.title] + Self.lines(table, &below, markdown: false) }
        if !drawing.isEmpty { lines += [""] + drawing }
        if !below.texts.isEmpty { lines += [""] + below.lines }
        if !notes.isEmpty { lines += [""] + notes.map { "- \($0)" } }
        return lines.joined(separator: "\n") + "\n"
    }

    private var markdown: String {
        var (lines, below) = (["## \(title)", ""] + head.map { "- \($0)" }, Footnotes())
        for table in tables {
            lines += ["", "### \(table.title)", ""] + Self.lines(table, &below, markdown: true)
        }
        if !drawing.isEmpty { lines += ["", "```"] + drawing + ["```"] }
        if !below.texts.isEmpty || !notes.isEmpty { lines.append("") }
        lines += below.lines.map { "- \($0)" } + notes.map { "- \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What stands below the tables, each text once.
    private struct Footnotes {
        var texts: [String] = []

        mutating func mark(_ text: String) -> String {
            guard !text.isEmpty else { return "" }
            if let index = texts.firstIndex(of: text) { return "[\(index + 1)]" }
            texts.append(text)
            return "[\(texts.count)]"
        }

        var lines: [String] { texts.enumerated().map { "[\($0.offset + 1)] \($0.element)" } }
    }

    private static func lines(_ table: Table, _ below: inout Footnotes, markdown: Bool) -> [String] {
        let shown = table.columns.indices.filter { table.columns[$0].shown != .not }
        let columns = shown.map { table.columns[$0] }
        let header = columns.map(\.label)
        let rows = table.rows.map { row in
            shown.map { index in
                let text = table.columns[index].shown == .below ? below.mark(row[index].text) : row[index].text
                return markdown ? text.replacing("|", with: "\\|") : text
            }
        }
        // What is too long for one line of a terminal goes on below; Markdown's readers wrap by themselves.
        let cells = rows.map { $0.map { markdown ? [$0] : wrapped($0) } }
        let widths = header.indices.map { column in
            // Two at least: Markdown's rule for a number is a dash and a colon.
            max(2, header[column].count, cells.flatMap { $0[column] }.map(\.count).max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { index in
                let space = String(repeating: " ", count: widths[index] - cells[index].count)
                return columns[index].isNumber ? space + cells[index] : cells[index] + space
            }
            guard !markdown else { return "| " + padded.joined(separator: " | ") + " |" }
            return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
        let rule = columns.indices.map { index in
            let dashes = String(repeating: "-", count: widths[index] - 1)
            return markdown && columns[index].isNumber ? dashes + ":" : dashes + "-"
        }
        let body = cells.flatMap { row in
            (0..<(row.map(\.count).max() ?? 1)).map { part in
                line(row.map { part < $0.count ? $0[part] : "" })
            }
        }
        return [line(header), line(rule)] + body
    }

    /// Characters of a cell before it goes on below.
    private static let widest = 76

    private static func wrapped(_ text: String) -> [String] {
        guard text.count > widest else { return [text] }
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if !last.isEmpty, last.count + 1 + word.count > widest {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] = last.isEmpty ? String(word) : last + " " + word
            }
        }
        return lines
    }

    // MARK: For programs

    /// One table whatever there is: a line a figure, `table,row,figure,value`; rows count from 1.
    private var csv: String { (["table,row,figure,value"] + csvLines).map { $0 + "\n" }.joined() }

    private var csvLines: [String] {
        tables.flatMap { table in
            table.rows.enumerated().flatMap { index, row in
                zip(table.columns, row).map { column, cell in
                    "\(table.key),\(index + 1),\(column.key),\(csvField(cell.plain))"
                }
            }
        }
    }

    private var json: String { Self.encoded(object) }

    private var object: Value {
        var object: [String: Value] = ["title": .text(title), "head": .list(head.map(Value.text))]
        object["notes"] = .list(notes.map(Value.text))
        for table in tables {
            object[table.key] = .list(
                table.rows.map { row in
                    .object(Dictionary(uniqueKeysWithValues: zip(table.columns.map(\.key), row.map(\.json))))
                })
        }
        return .object(object)
    }

    private static func encoded(_ value: Value) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Texts and finite numbers can always be encoded.
        return String(decoding: try! encoder.encode(value), as: UTF8.self) + "\n"
    }

    fileprivate enum Value: Encodable {
        case text(String), number(Double), null, list([Value]), object([String: Value])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .null: try container.encodeNil()
            case .list(let list): try container.encode(list)
            case .object(let object): try container.encode(object)
            }
        }
    }
}

extension Sheet.Cell {
    /// Without separators of thousands; empty where there is no figure.
    fileprivate var plain: String {
        guard let value else { return text }
        guard value.isFinite else { return "" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    fileprivate var json: Sheet.Value {
        guard let value else { return .text(text) }
        return value.isFinite ? .number(value) : .null
    }

    /// A cell with so many significant digits.
    package static func figure(_ value: Double?, _ digits: Int = 4) -> Self {
        value.map { Self($0 == 0 ? "0" : significant($0, digits), $0) } ?? .none
    }

    /// US dollars with cents.
    package static func usd(_ value: Double) -> Self { Self(dollars(value), value) }

    package static func count(_ value: Double) -> Self { Self(grouped(Int(value.rounded())), value) }
}

/// A whole number without decimals, any other with so many significant digits.
package func short(_ value: Double, _ digits: Int = 4) -> String {
    value == value.rounded() && abs(value) < 1e15 ? grouped(Int(value)) : significant(value, digits)
}

/// `1,588.48`; more digits where cents would say nothing.
package func dollars(_ value: Double) -> String {
    guard abs(value) >= 1 || value == 0 else { return significant(value, 4) }
    let text = fixed(value, 2)
    guard let point = text.firstIndex(of: "."), let whole = Int(text[..<point]) else { return text }
    return grouped(whole) + text[point...]
}
