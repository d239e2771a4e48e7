import ArgumentParser
import Foundation
import HTTPService
import Measures
import ProgramSupport

/// `bench-report serve`: results in a browser on this machine.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a small page to browse and compare results, to this machine.",
        discussion: """
            The first line on stdout is 'listening HOST:PORT'. It changes nothing, reads nothing outside the directory, \
            follows no links out of it, and stops on SIGINT or SIGTERM. For programs there is /api/results.
            """)

    @Argument(help: "Directory with results.")
    var directory = "results"
    @Option(help: "Address to listen on; port 0 picks a free one.")
    var listen = "127.0.0.1:8080"
    @Flag(help: "Allow an address that others can reach: whoever does can read all results.")
    var allowRemote = false

    func run() async throws {
        ignoreBrokenPipes()
        let endpoint = try Endpoint(parsing: listen, flag: "--listen")
        guard allowRemote || endpoint.isLoopback else {
            throw UsageFault("--listen '\(listen)': others could read the results there; --allow-remote if they may")
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw UsageFault("\(directory): expected a directory with results")
        }
        let termination = await TerminationSignals()
        var configuration = LocalHTTPService.Configuration(endpoint)
        configuration.allowsRemote = allowRemote
        let site = ResultsSite(catalogue: ResultCatalogue(directory))
        let service: LocalHTTPService
        do {
            service = try await LocalHTTPService.start(configuration) { await site.answer($0) }
        } catch {
            throw RunFault("\(error)")
        }
        print("listening \(service.address)")
        flushStandardOutput()
        await termination.first()
        await service.stop()
    }
}
