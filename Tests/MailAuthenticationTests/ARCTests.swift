import DKIMSigning
import Foundation
import MailAuthentication
import MailTypes
import TestSupport
import Testing

@Suite struct ARCTests {
    private static let message = Array(
        ("From: Joe <joe@x.test>\r\nTo: list@y.test,\r\n\tc@y.test\r\nSubject:  two  blanks \r\n"
            + "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\nHi  there \r\n\r\n.dot\r\n\r\n").utf8)
    private static let keys = Result { try Keys() }

    private static func verify(_ message: [UInt8], _ zone: Zone) async -> ARCResult {
        let hashed = hashed(message) { ARCChain($0).bodyKinds }
        return await ARCChain(hashed.fields).verify(hashed, now: Int(Date().timeIntervalSince1970), zone)
    }

    /// Our set on top, as a forwarder named mx.test.
    private static func sealed(
        _ message: [UInt8], _ status: AuthenticationOutcome, _ algorithm: DKIMKey.Algorithm = .rsa
    ) throws -> [UInt8] {
        let keys = try keys.get()
        let sealer = ARCSealer(
            domain: "x.test", selector: algorithm == .rsa ? "rsa" : "ed",
            key: algorithm == .rsa ? keys.rsa : keys.ed25519)
        let results = AuthenticationResults(service: "mx.test", entries: [.init("arc", status), .init("spf", .pass)])
        let fields = sealer.fields(
            for: hashed(message) { _ in [ARCSealer.bodyKind] }, status: status, results: results.value,
            now: Int(Date().timeIntervalSince1970))
        return try #require(fields) + message
    }

    private static func others(_ message: [UInt8]) throws -> String {
        let keys = try keys.get()
        try
            "rsa._domainkey.x.test TXT \(keys.rsa.publicRecord)\ned._domainkey.x.test TXT \(keys.ed25519.publicRecord)\n"
            .write(toFile: keys.directory.path + "/zone", atomically: true, encoding: .utf8)
        let file = try keys.write(message, "arc-\(UUID().uuidString).eml")
        return try keys.run("arc.py", "verify \(file)")
    }

    /// Chains that we and dkimpy add to in turn are right for both; with a change they are broken for both.
    @Test func chainsHoldForUsAndForOthers() async throws {
        let keys = try Self.keys.get()
        let zone = keys.zone()
        let first = try Self.sealed(Self.message, .none)
        #expect(try Self.others(first) == "pass 1\n")
        let one = await Self.verify(first, zone)
        #expect(one.outcome == .pass && one.count == 1 && one.sealers == ["x.test"])
        #expect(one.oldestResults == "mx.test;\tarc=none;\tspf=pass")
        let results = Array("Authentication-Results: mx.test; arc=pass\r\n".utf8)
        let file = try keys.write(results + first, "second.eml")
        _ = try keys.run("arc.py", "seal \(file) rsa")
        let second = try keys.read("second.eml.sealed")
        let two = await Self.verify(second, zone)
        #expect(two.outcome == .pass && two.count == 2, "\(two)")
        let third = try Self.sealed(second, .pass)
        #expect(try Self.others(third) == "pass 3\n")
        #expect(await Self.verify(third, zone).outcome == .pass)
        for (old, new) in [
            ("there", "where"), ("two", "too"), ("i=2; mx.test", "i=2; mx.tost"), ("cv=pass", "cv=none"),
        ] {
            let changed = Array(String(decoding: third, as: UTF8.self).replacing(old, with: new).utf8)
            #expect(changed != third)
            #expect(await Self.verify(changed, zone).outcome == .fail, "\(old)")
            #expect(try Self.others(changed).hasPrefix("fail"), "\(old)")
        }
    }

    /// A change before the last seal: that says so, and the chain is over: nobody seals it again.
    @Test func brokenChainsEnd() async throws {
        let zone = try Self.keys.get().zone()
        let first = try Self.sealed(Self.message, .none)
        let changed = Array(String(decoding: first, as: UTF8.self).replacing("there", with: "where").utf8)
        #expect(await Self.verify(changed, zone).outcome == .fail)
        let second = try Self.sealed(changed, .fail)
        #expect(String(decoding: second, as: UTF8.self).contains("cv=fail"))
        let result = await Self.verify(second, zone)
        #expect(result.outcome == .fail && result.reason.contains("set 2"), "\(result)")
        #expect(try Self.others(second).hasPrefix("fail"))
        #expect(try Self.sealed(second, .fail) == second)
    }

    @Test func setsHaveToBeWhole() async throws {
        let zone = try Self.keys.get().zone()
        #expect(await Self.verify(Self.message, zone).outcome == .none)
        let one = try Self.sealed(Self.message, .none, .ed25519)
        #expect(await Self.verify(one, zone).outcome == .pass)
        let text = String(decoding: one, as: UTF8.self)
        for (old, new) in [
            ("ARC-Seal: ", "X-Seal: "), ("ARC-Message-Signature: i=1", "ARC-Message-Signature: i=2"),
            ("ARC-Seal: i=1", "ARC-Seal: i=0"), ("ARC-Seal: i=1", "ARC-Seal: i=51"), ("ARC-Seal: i=1", "ARC-Seal: x=1"),
            ("cv=none", "cv=pass"), ("cv=none", "cv=what"), ("cv=none", "h=from; cv=none"),
            ("ARC-Authentication-Results: i=1", "ARC-Authentication-Results: j=1"),
        ] {
            let result = await Self.verify(Array(text.replacing(old, with: new, maxReplacements: 1).utf8), zone)
            #expect(result.outcome == .fail && !result.isTemporary, "\(old) \(new)")
        }
        let results = HeaderField.all(one).first { $0.name == "arc-authentication-results" }!
        #expect(await Self.verify(results.octets + one, zone).outcome == .fail)
        zone.fail("ed._domainkey.x.test TXT")
        let result = await Self.verify(one, zone)
        #expect(result.outcome == .fail && result.isTemporary)
        #expect(await Self.verify(one, Zone()).isTemporary == false)
    }

    /// Fifty sets are a chain, and nobody adds one more.
    @Test func chainsHaveAnEnd() async throws {
        let zone = try Self.keys.get().zone()
        var message = try Self.sealed(Self.message, .none, .ed25519)
        for _ in 2...50 { message = try Self.sealed(message, .pass, .ed25519) }
        let result = await Self.verify(message, zone)
        #expect(result.outcome == .pass && result.count == 50)
        #expect(try Self.sealed(message, .pass, .ed25519) == message)
    }
}
