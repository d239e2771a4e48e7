import ArgumentParser
import CostModel
import Foundation
import Measures
import ProgramSupport
import PublishedBenchmarks
import RunRecords
import RunReporting

/// `bench-report published`: benchmarks of others, printed again and worked through.
struct Published: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "published",
        abstract: "List published benchmarks; print one again with each of its statements worked through.",
        discussion: "Without an ID all are listed. `others` are figures that stand alone.")

    @Argument(help: "Which: kumomta-2023, kumomta-docs-early, others.")
    var id: String?
    @Option(name: .shortAndLong, help: "Draw the table's chart, too: a file that ends with .svg or .png.")
    var output: String?
    @Option(help: "Print this result beside it instead, repeatable: directories, their run.json, or comparisons.")
    var beside: [String] = []
    @Flag(help: "All of them as one page of Markdown: docs/PUBLISHED.md is its output.")
    var page = false
    @Option(help: "Directory of the published benchmarks. Default: profiles/published.")
    var published: String?
    @Option(help: "Directory of the prices. Default: profiles/prices.")
    var prices: String?
    @Option(help: "text, markdown, csv or json.")
    var format = "text"

    func run() async throws {
        let format = try SheetFormat(flag: format)
        let library = try library()
        let book = try DataDirectory.prices(prices)
        guard !page else {
            guard id == nil, output == nil else {
                throw UsageFault("--page has all of them: expected no ID and no --output")
            }
            print(PublishedPage.markdown(library, book), terminator: "")
            return
        }
        guard let id else {
            print(PublishedPage.list(library).render(format), terminator: "")
            return
        }
        if id == PublishedPage.othersID {
            guard output == nil else { throw UsageFault("--output: single figures have no chart") }
            print(FigureFindings.sheet(library, book).render(format), terminator: "")
            return
        }
        let known = library.tables.map(\.id) + [PublishedPage.othersID]
        guard let table = library.table(id) else {
            throw UsageFault(
                "'\(id)': unknown\(StrictMapping.suggestion(id, known)); there are \(known.joined(separator: ", "))")
        }
        let work = Reproduction(table, library: library, book: book)
        if let output { try draw(work, output) }
        guard beside.isEmpty else {
            print(try measured(work).render(format), terminator: "")
            return
        }
        print(PublishedSheet(work).sheet.render(format), terminator: "")
    }

    private func measured(_ work: Reproduction) throws -> Sheet {
        let runs = try ResultFiles.read(beside)
        do throws(RecordFault) { return try MeasuredBeside(work, runs).sheet } catch {
            throw RunFault(error.description)
        }
    }

    private func library() throws -> PublishedLibrary {
        do throws(RecordFault) {
            return try PublishedLibrary(directory: DataDirectory.path("profiles/published", given: published))
        } catch { throw UsageFault(error.description) }
    }

    private func draw(_ work: Reproduction, _ path: String) throws {
        guard path.hasSuffix(".svg") || path.hasSuffix(".png") else {
            throw UsageFault("--output '\(path)': expected a name that ends with .svg or .png")
        }
        do throws(RecordFault) { try PublishedChart(work).write(to: path) } catch { throw RunFault(error.description) }
        writeError("\(path)\n")
    }
}
