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
    @Option(help: "Connections at once. Default: ten a core.")
    var concurrency: Int?
    @Option(help: "Messages to send; without --duration there is no deadline.")
    var messageCount: Int?
    @Option(help: "How long to begin messages: 60s, 5m. Default 60s unless --message-count is given.")
    var duration: String?
    @Option(help: "Text in each message, at least: 1024, 100kb, 64KiB.")
    var bodySize = "1024"
    @Option(help: "Send this whole message (header and all) instead of generated text.")
    var bodyFile: String?
    @Option(help: "Destination domain with an optional weight, repeatable: name[:weight].")
    var domain: [String] = []
    @Option(help: "Appended to every domain, so that nothing can leak; '' leaves them as they are.")
    var domainSuffix = "test"
    @Option(help: "Further header field, repeatable: 'Name: value'.")
    var header: [String] = []
    @Flag(inversion: .prefixedNo, help: "Envelope in one write, the next one behind the content (RFC 2920).")
    var pipelining = true
    @Flag(help: "BDAT instead of DATA (RFC 3030).")
    var chunking = false
    @Option(help: "Event loops. Default: one a core.")
    var threads: Int?
    @Option(help: "Decides text and addresses: the same seed sends the same ones.")
    var seed: UInt64 = 1
    @Flag(help: "Send to a target that is not this machine.")
    var allowRemote = false
    @Option(help: "Write the run record (JSON) here.")
    var record: String?
    @Option(help: "Note each message's fate here: ID,accepted|refused|failed|in_doubt.")
    var ledger: String?

    func configuration() throws -> LoadConfiguration {
        let endpoint = try Endpoint(parsing: target, flag: "--target")
        guard endpoint.isLoopback || allowRemote else {
            throw UsageFault("--target \(target) is not this machine: give --allow-remote if you mean it")
        }
        var configuration = LoadConfiguration(
            target: try resolve(endpoint), targetText: endpoint.description,
            concurrency: try positive(concurrency ?? processorCount() * 10, "--concurrency"),
            bodySize: try size())
        configuration.messageCount = try messageCount.map { try positive($0, "--message-count") }
        configuration.duration = try seconds()
        configuration.bodyFile = try bodyFile.map(readBody)
        if !domain.isEmpty { configuration.domains = try domain.map(parseDomain) }
        configuration.domainSuffix = domainSuffix
        configuration.headers = try header.map(checkHeader)
        configuration.pipelining = pipelining
        configuration.chunking = chunking
        configuration.threads = try positive(threads ?? processorCount(), "--threads")
        configuration.seed = seed
        configuration.recordPath = record
        configuration.ledgerPath = ledger
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

    private func size() throws -> Int {
        do {
            let bytes = try ByteCount(parsing: bodySize).bytes
            guard (1...1_000_000_000).contains(bytes) else {
                throw UsageFault("--body-size \(bodySize): expected 1 to 1GB")
            }
            return bytes
        } catch let fault as UnitFault { throw UsageFault("--body-size \(fault)") }
    }

    private func seconds() throws -> Double? {
        guard let duration else { return messageCount == nil ? 60 : nil }
        do {
            let seconds = try HumanDuration(parsing: duration).seconds
            guard seconds > 0 else { throw UsageFault("--duration \(duration): expected more than 0") }
            return seconds
        } catch let fault as UnitFault { throw UsageFault("--duration \(fault)") }
    }

    private func positive(_ value: Int, _ flag: String) throws -> Int {
        guard value > 0 else { throw UsageFault("\(flag) \(value): expected 1 or more") }
        return value
    }

    private func readBody(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else {
            throw UsageFault("--body-file \(path): cannot be read, or is empty")
        }
        return Array(data)
    }

    private func parseDomain(_ text: String) throws -> LoadConfiguration.Domain {
        guard let domain = LoadConfiguration.Domain(parsing: text) else {
            throw UsageFault("--domain '\(text)': expected name or name:weight, such as gmail.com:67.4")
        }
        return domain
    }

    private func checkHeader(_ text: String) throws -> String {
        let name = text.prefix { $0 != ":" }
        let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        guard isName, name.count < text.count, text.utf8.allSatisfy({ $0 >= 32 || $0 == 9 }), text.utf8.count <= 998
        else {
            throw UsageFault("--header '\(text)': expected 'Name: value' on one line of at most 998 bytes")
        }
        return text
    }
}
