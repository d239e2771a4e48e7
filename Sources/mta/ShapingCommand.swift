import ArgumentParser
import MTAConfiguration
import MailRouting
import NIOPosix
import ProgramSupport
import RunRecords
import TrafficShaping

/// `mta shaping`: what shaping files say, and what their automatic rules are doing.
struct ShapingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shaping",
        abstract: "Check shaping files, say what they mean for a domain, list and end what automatic rules do.",
        subcommands: [Check.self, Resolve.self, List.self, Cancel.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what is wrong with shaping files.",
            discussion:
                "Later files win over earlier ones; 'default' is the shipped one. Exit code 2 if anything is wrong."
        )
        @Argument(help: "Shaping files (YAML), or 'default'.") var files: [String]

        func run() async throws {
            let plan = try ShapingFiles.plan(files)
            let rules = plan.rules.count
            print(
                "\(files.joined(separator: " ")): all is well: \(plan.providerNames.count) providers, "
                    + "\(plan.namedDomains.count) domains with queues of their own, "
                    + "\(rules) automatic \(rules == 1 ? "rule" : "rules")")
        }
    }

    struct Resolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The limits and automatic rules that hold for a domain, and where each was said.",
            discussion: """
                The domain's exchangers are asked for as the configuration says, unless --mx gives them. Without --file \
                the files are those of the configuration; without either the shipped one.
                """)
        @Argument(help: "Domain of recipients.") var domain: String
        @Option(help: "Name of an egress source.") var source: String?
        @Option(help: "Name of an exchanger, instead of the DNS; repeatable.") var mx: [String] = []
        @Option(help: "Shaping file, repeatable.") var file: [String] = []
        @Option(help: "Configuration file of the mta.") var config: String?
        @Option(help: "text, csv or json.") var format = "text"

        func run() async throws {
            guard let format = QueueTable.Format(rawValue: format) else {
                throw UsageFault("--format '\(format)': expected text, csv or json")
            }
            let settings = try ServeSettings(file: config).values
            let files = !file.isEmpty ? file : settings.shaping.isEmpty ? [ShapingFiles.shipped] : settings.shaping
            let plan = try ShapingFiles.plan(files)
            let name: String
            do { name = try DomainName(written: domain).text } catch { throw UsageFault("'\(domain)': \(error)") }
            let exchangers = mx.isEmpty ? try await Self.exchangers(name, settings) : mx.map { $0.lowercased() }
            print(try ShapingSheet(plan, name, exchangers, source).render(format), terminator: "")
        }

        /// By the DNS; none where mail of the domain goes elsewhere by configuration.
        private static func exchangers(_ domain: String, _ settings: MTASettings) async throws -> [String] {
            let assembly = RelayAssembly(settings: settings)
            let lookup: any ExchangerLookup
            do { lookup = try MailRouter(try assembly.resolverSettings()) } catch { throw UsageFault("\(error)") }
            let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let outcome = try await lookup.ask(domain, on: loops.next()).get()
            try await loops.shutdownGracefully()
            switch outcome {
            case .hosts(_, let addresses): return Set(addresses.map { $0.name.lowercased() }).sorted()
            case .permanent(let reply), .temporary(let reply): throw RunFault("\(domain): \(reply); --mx gives names")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What automatic rules of a running mta are doing.")
        @OptionGroup var options: QueueCommand.Options
        @Option(help: "text, csv or json.") var format = "text"

        func run() async throws {
            guard let format = QueueTable.Format(rawValue: format) else {
                throw UsageFault("--format '\(format)': expected text, csv or json")
            }
            let response = try options.ask(ControlRequest(.shaping))
            print(try AutomationTable(response.automations ?? []).render(format), terminator: "")
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End what an automatic rule does. It may be triggered again.")
        @OptionGroup var options: QueueCommand.Options
        @Argument(help: "Number that 'mta shaping list' shows.") var id: UInt64

        func run() async throws {
            var request = ControlRequest(.shapingCancel)
            request.automation = id
            _ = try options.ask(request)
            print("automation \(id) ended")
        }
    }
}
