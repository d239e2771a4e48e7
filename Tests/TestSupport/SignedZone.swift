import Foundation

/// A zone signed by ldns with a key of its own.
package struct SignedZone {
    /// As a server has it.
    package let text: String
    /// File with the trust anchor; it goes with this value.
    package let anchor: String
    private let directory = TemporaryDirectory()

    package init(_ zone: String, _ name: String) throws {
        let path = directory.path
        try zone.write(toFile: path + "/zone", atomically: true, encoding: .utf8)
        let key = try NameServer.run("cd \(path) && ldns-keygen -a ECDSAP256SHA256 -k \(name)")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        _ = try NameServer.run("cd \(path) && ldns-signzone zone \(key)")
        text = try String(contentsOfFile: path + "/zone.signed", encoding: .utf8)
        anchor = path + "/\(key).key"
    }
}
