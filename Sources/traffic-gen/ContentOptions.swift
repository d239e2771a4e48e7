import ArgumentParser
import Foundation
import LoadGeneration
import Measures
import ProgramSupport

/// What the messages are.
struct ContentOptions: ParsableArguments {
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
    @Option(
        help: """
            Decides text, addresses, ids, dates and due times: the same seed sends the same bytes (but for the time in \
            each message's stamp). Without it text and addresses are those of seed 1, ids and dates of now.
            """)
    var seed: UInt64?
    @Option(help: "Date of all messages, seconds since 1970. Default: now, or from --seed.")
    var date: Int?

    func apply(to configuration: inout LoadConfiguration) throws {
        configuration.bodySize = try size()
        configuration.bodyFile = try bodyFile.map(readBody)
        if !domain.isEmpty { configuration.domains = try domain.map(parseDomain) }
        configuration.domainSuffix = domainSuffix
        configuration.headers = try header.map(checkHeader)
        configuration.seed = seed ?? 1
        configuration.hasFixedIDs = seed != nil
        if let date, !(0...253_402_300_799).contains(date) {
            throw UsageFault("--date \(date): expected seconds since 1970, up to the year 9999")
        }
        // Some day of 2025, by the seed.
        configuration.date = date ?? seed.map { 1_735_689_600 + Int($0 % 31_536_000) }
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
