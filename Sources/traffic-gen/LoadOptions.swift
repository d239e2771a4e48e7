import ArgumentParser
import Foundation
import LoadGeneration
import Measures
import NIOCore
import ProgramSupport

/// The flags, as KumoMTA's traffic-gen names them where it has them.
struct LoadOptions: ParsableArguments {
    @Option(help: "SMTP host and port.")
    var target = "127.0.0.1:2025"
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
        let endpoint = try Endpoint(parsing: target, flag: "--target")
        guard endpoint.isLoopback || allowRemote else {
            throw UsageFault("--target \(target) is not this machine: give --allow-remote if you mean it")
        }
        var configuration = LoadConfiguration(
            target: try resolve(endpoint), targetText: endpoint.description, concurrency: 1, bodySize: 1)
        try pace.apply(to: &configuration)
        try content.apply(to: &configuration)
        try transport.apply(to: &configuration)
        try output.apply(to: &configuration)
        configuration.arguments = CommandLine.arguments
        return configuration
    }

    private func resolve(_ endpoint: Endpoint) throws -> SocketAddress {
        do {
            return try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
        } catch {
            throw UsageFault("--target \(target): \(error)")
        }
    }
}
