import ArgumentParser
import LoadGeneration
import ProgramSupport

/// How mail gets to the target.
struct TransportOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "Envelope in one write, the next one behind the content (RFC 2920).")
    var pipelining = true
    @Flag(help: "BDAT instead of DATA (RFC 3030).")
    var chunking = false
    @Flag(help: "Known from KumoMTA's traffic-gen; a connection always goes on after an error here.")
    var keepGoing = false

    func apply(to configuration: inout LoadConfiguration) throws {
        configuration.pipelining = pipelining
        configuration.chunking = chunking
    }
}
