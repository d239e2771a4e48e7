import ArgumentParser
import ProgramSupport

@main
struct MTAMain {
    static func main() async { await runProgram(MTA.self) }
}

struct MTA: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mta",
        abstract: "A durable mail transfer agent: what it answered 250 to, it delivers or returns.",
        subcommands: [
            Serve.self, SpoolCommand.self, QueueCommand.self, CheckConfig.self, ConfigReference.self,
            UsersCommand.self, DKIMCommand.self, ClassifyCommand.self, ShapingCommand.self, PolicyCommand.self,
            UpgradeCommand.self,
            ResolveEgressCommand.self, TLSProbeCommand.self, VerifyCommand.self,
        ],
        groupedSubcommands: [
            CommandGroup(
                name: "Running relay",
                subcommands: [
                    TopCommand.self, SummaryCommand.self, SuspendCommand.self, ResumeCommand.self,
                    SuspensionsCommand.self,
                    BounceCommand.self, BouncesCommand.self, FlushCommand.self, RebindCommand.self, RerouteCommand.self,
                    InspectCommand.self, TraceCommand.self, TailCommand.self, ConnectionsCommand.self,
                    ExplainCommand.self,
                ])
        ])
}
