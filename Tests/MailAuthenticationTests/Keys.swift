import DKIMSigning
import Foundation
import MailAuthentication
import MailTypes
import TestSupport

/// Keys made by openssl, for one test, and what others do with them.
final class Keys: Sendable {
    let directory = TemporaryDirectory()
    let rsa: DKIMKey
    let ed25519: DKIMKey

    init() throws {
        _ = try NameServer.run("openssl genrsa -traditional -out \(directory.path)/rsa.pem 2048")
        _ = try NameServer.run("openssl genpkey -algorithm ed25519 -out \(directory.path)/ed.pem")
        rsa = try Self.key(directory.path + "/rsa.pem")
        ed25519 = try Self.key(directory.path + "/ed.pem")
    }

    private static func key(_ file: String) throws -> DKIMKey {
        try DKIMKey(pem: try String(contentsOfFile: file, encoding: .utf8), file: file)
    }

    /// A DNS with both keys of x.test, at the selectors `rsa` and `ed`.
    func zone() -> Zone {
        Zone("rsa._domainkey.x.test TXT \(rsa.publicRecord)\ned._domainkey.x.test TXT \(ed25519.publicRecord)")
    }

    /// A script of `Support`, with the directory of the keys as its first argument.
    func run(_ script: String, _ arguments: String) throws -> String {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Support/" + script
        return try NameServer.run("/usr/bin/python3 \(path) \(directory.path) \(arguments)")
    }

    /// A file in the directory.
    func write(_ message: [UInt8], _ name: String = "message.eml") throws -> String {
        let path = directory.path + "/" + name
        try Data(message).write(to: URL(fileURLWithPath: path))
        return path
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: directory.path + "/" + name)))
    }
}

/// A message as it is read in one piece, with the hashes that `select` wants.
func hashed(_ message: [UInt8], _ select: @escaping ([HeaderField]) -> Set<BodyHashKind>) -> HashedMessage {
    var hash = MessageHash(.raw) { fields, _ in select(fields) }
    message.withUnsafeBytes { hash.feed($0) }
    return hash.finish()!
}

func verified(
    _ message: [UInt8], _ zone: any AuthenticationLookups, most: Int = 5, now: Int = 1_700_000_000
) async -> [DKIMResult] {
    let hashed = hashed(message) { DKIMVerifier($0, most: most).bodyKinds }
    return await DKIMVerifier(hashed.fields, most: most).verify(hashed, now: now, zone)
}
