import ArgumentParser
import Measures
import ProgramSupport
import RelayService
import RunRecords

/// `mta queue`: what a running relay has to deliver, and what an operator does about it.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "List, count, flush, hold, release or remove mail of a running mta.",
        subcommands: [List.self, SummaryCommand.self, Flush.self, Hold.self, Release.self, Remove.self])

    /// Which relay.
    struct Options: ParsableArguments {
        @Option(help: "Configuration file of the mta; flags win over it.")
        var config: String?
        @Option(help: "Control socket of the mta. Default: SPOOL_DIR/control.")
        var control: String?
        @Option(help: "Directory of its spool.")
        var spoolDir: String?

        func ask(_ request: ControlRequest) throws -> ControlResponse {
            let path = try socket()
            do { return try ControlClient.ask(path, request) } catch { throw RunFault("\(error)") }
        }

        func socket() throws -> String {
            let settings = try ServeSettings(file: config).values
            let directory = spoolDir ?? settings.spoolDirectory
            guard let path = control ?? settings.control ?? directory.map({ $0 + "/control" }) else {
                throw UsageFault("--control or --spool-dir is missing: which mta?")
            }
            return path
        }
    }

    /// Which deliveries.
    struct Choice: ParsableArguments {
        @Argument(help: "Message ids, 32 hexadecimal digits each.")
        var ids: [String] = []
        @Option(help: "All deliveries to this destination: a domain with settings of its own, or HOST:PORT.")
        var destination: String?
        @Flag(help: "All deliveries.")
        var all = false

        func request(_ command: ControlRequest.Command) throws -> ControlRequest {
            let given = [!ids.isEmpty, destination != nil, all].count { $0 }
            guard given == 1 else { throw UsageFault("expected message ids, --destination or --all, one of them") }
            return ControlRequest(command, destination: destination, ids: ids.isEmpty ? nil : ids)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Destinations and the deliveries that wait for them.")
        @OptionGroup var options: Options
        @Option(help: "Only this destination.") var destination: String?
        @Option(help: "List so many deliveries, too.") var limit = 0
        @Option(help: "text, csv or json.") var format = "text"

        func run() async throws {
            guard let format = QueueTable.Format(rawValue: format) else {
                throw UsageFault("--format '\(format)': expected text, csv or json")
            }
            let response = try options.ask(ControlRequest(.list, destination: destination, limit: max(0, limit)))
            print(try QueueTable(response).render(format), terminator: "")
        }
    }

    struct Flush: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Try deferred deliveries at once.")
        @OptionGroup var options: Options
        @OptionGroup var choice: Choice
        func run() async throws { try QueueCommand.change(.flush, "tried now", options, choice) }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep waiting deliveries back until they are released, over restarts, too.")
        @OptionGroup var options: Options
        @OptionGroup var choice: Choice
        func run() async throws { try QueueCommand.change(.hold, "held", options, choice) }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let held deliveries go.")
        @OptionGroup var options: Options
        @OptionGroup var choice: Choice
        func run() async throws { try QueueCommand.change(.release, "released", options, choice) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget waiting deliveries. Nobody is told; those under way go on.")
        @OptionGroup var options: Options
        @OptionGroup var choice: Choice
        func run() async throws { try QueueCommand.change(.remove, "removed", options, choice) }
    }

    private static func change(
        _ command: ControlRequest.Command, _ done: String, _ options: Options, _ choice: Choice
    ) throws {
        let count = try options.ask(try choice.request(command)).changed ?? 0
        print("\(grouped(count)) \(count == 1 ? "delivery" : "deliveries") \(done)")
        // Named ones that are not there are a mistake of the operator's, as with postsuper.
        if count < choice.ids.count {
            throw RunFault("\(choice.ids.count - count) of \(choice.ids.count) not found so")
        }
    }
}
