import ArgumentParser
import MTAConfiguration
import ProgramSupport

/// `mta check-config`: everything that is wrong with a file, before it is used.
struct CheckConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Say what is wrong with a configuration file.",
        discussion: "Reads certificates and resolves next hops, too. Exit code 2 if anything is wrong.")

    @Argument(help: "The configuration file (YAML).")
    var file: String

    func run() async throws {
        let settings = try ServeSettings(file: file)
        let assembly = RelayAssembly(settings: settings.values)
        _ = try assembly.configuration(settings.spoolSelection, controlPath: settings.controlPath)
        do { _ = try assembly.user() } catch { throw UsageFault(error.description) }
        for warning in settings.values.warnings(SystemFiles()) + assembly.keyWarnings() {
            print("\(file): warning: \(warning)")
        }
        print("\(file): all is well")
    }
}

/// `mta config-reference`: every key.
struct ConfigReference: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config-reference",
        abstract: "Print every key of the configuration file with its form, default and meaning.")

    @Option(help: "text, markdown or json.")
    var format = "text"

    func run() async throws {
        guard let format = ConfigurationReference.Format(rawValue: format) else {
            throw UsageFault("--format '\(format)': expected text, markdown or json")
        }
        print(ConfigurationReference.render(format), terminator: "")
    }
}
