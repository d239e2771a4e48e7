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
        discussion: """
            Without an ID all are listed. `others` are figures that stand alone. --run does the procedure here, with \
            the published configuration, our other spools and Postfix, and sets what comes of it beside the published \
            table; --limits does it with the memory of each published machine (in proportion to the run) and the disk \
            of the vendor's volume: whether these make the table's curve.
            """)

    @Argument(help: "Which: kumomta-2023, kumomta-docs-early, others.")
    var id: String?
    @Option(name: .shortAndLong, help: "Draw the table's chart, too: a file that ends with .svg or .png.")
    var output: String?
    @Option(help: "Print this result beside it instead, repeatable: directories, their run.json, or comparisons.")
    var beside: [String] = []
    @Flag(name: .customLong("run"), help: "Do the procedure here.")
    var runs = false
    @Flag(help: "Do it with the memory and the disk of the published machines.")
    var limits = false
    @Option(name: .customLong("repeat"), help: "How many times, for --run and --limits.")
    var repeats = PublishedRecipe.repeats
    @Option(help: "Pause between runs: 30s, 2m.")
    var rest = PublishedRecipe.rest
    @Option(help: "Messages a run, instead of the published number.")
    var messages: Int?
    @Option(help: "Systems, with commas between: mta:rocksdb-os,postfix:tuned.")
    var systems: String?
    @OptionGroup var harness: HarnessOptions
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
        guard !runs, !limits else {
            let (sheet, isWhole) = try await procedure(work).perform(limited: limits)
            print(sheet.render(format), terminator: "")
            guard isWhole else { throw ExitCode(1) }
            return
        }
        guard beside.isEmpty else {
            print(try measured(work).render(format), terminator: "")
            return
        }
        print(PublishedSheet(work).sheet.render(format), terminator: "")
    }

    private func procedure(_ work: Reproduction) throws -> PublishedRun {
        guard !(runs && limits) else { throw UsageFault("--run and --limits: expected one of them") }
        guard beside.isEmpty else {
            throw UsageFault("--beside sets a result beside it: expected no --run and no --limits")
        }
        guard repeats > 0 else { throw UsageFault("--repeat \(repeats): expected 1 or more") }
        if let messages, messages < 1 { throw UsageFault("--messages \(messages): expected 1 or more") }
        let usual = limits ? [PublishedRecipe.limitedSystem] : PublishedRecipe.systems
        let names = systems?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? usual
        guard !limits || names.count == 1 else {
            throw UsageFault("--limits asks about memory and disk: expected one system in --systems")
        }
        return PublishedRun(
            work: work, recipe: PublishedRecipe(work.table, messages: messages), systems: names, repeats: repeats,
            rest: try HarnessOptions.duration(rest, "--rest"), harness: harness)
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
