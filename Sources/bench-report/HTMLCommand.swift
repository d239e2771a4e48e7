import ArgumentParser
import ProgramSupport
import RunRecords

/// `bench-report html`: results as one page that explains itself.
struct HTML: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "html",
        abstract: "Write one HTML page of results: for screens, phones and paper, with nothing to load.",
        discussion: """
            The page holds everything it needs, reads without scripts and asks no server for anything. 'run' and \
            'compare' write one beside each result (report.html) and each comparison (comparison.html).
            Exit code 0: written, whatever it says; 1: refused or not written; 2: usage.
            """)

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String]
    @Option(name: .shortAndLong, help: "File to write.")
    var output = "report.html"
    @Option(help: "The system with which the others are compared. Default: the first.")
    var baseline: String?
    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        let runs = try ResultFiles.read(results, reading)
        do {
            try ReportPage.write(runs, from: results, baseline: baseline, to: output)
        } catch {
            throw error.description.hasPrefix("baseline ")
                ? UsageFault("--\(error)") as any Error : RunFault("\(error)")
        }
        print(output)
    }
}
