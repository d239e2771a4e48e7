import ArgumentParser
import LoadGeneration

/// The flags, as KumoMTA's traffic-gen names them where it has them.
struct LoadOptions: ParsableArguments {
    @Option(
        help: """
            HOST:PORT, a URL with --protocol http, or unix:PATH; repeatable, with =WEIGHT behind each. Default: \
            127.0.0.1:2025, over HTTP port 8000.
            """)
    var target: [String] = []
    @Flag(help: "Send to a target that is not this machine.")
    var allowRemote = false
    @OptionGroup(title: "How much and when")
    var pace: PaceOptions
    @OptionGroup(title: "What is sent")
    var content: ContentOptions
    @OptionGroup(title: "How it is sent")
    var transport: TransportOptions
    @OptionGroup(title: "What is said of it")
    var output: OutputOptions

    func configuration() throws -> LoadConfiguration {
        let reader = TargetReader(kind: try transport.kind(), allowsRemote: allowRemote)
        let (targets, isSecure) = try reader.read(target)
        var route = LoadTransport(targets: targets)
        if isSecure { route.encryption = .implicit }
        try transport.apply(to: &route)
        try transport.applyTimes(to: &route, pace.readProfile())
        var configuration = LoadConfiguration(transport: route, concurrency: 1)
        try pace.apply(to: &configuration)
        try content.apply(to: &configuration)
        try output.apply(to: &configuration)
        configuration.arguments = redacted(CommandLine.arguments)
        return configuration
    }

    /// The record is passed on: without the password.
    private func redacted(_ arguments: [String]) -> [String] {
        var hidesNext = false
        return arguments.map { word in
            defer { hidesNext = word == "--auth-password" }
            if hidesNext { return "***" }
            return word.hasPrefix("--auth-password=") ? "--auth-password=***" : word
        }
    }
}
