import DKIMSigning
import Foundation
import MailAuthentication
import MailTypes
import TestSupport
import Testing

@Suite struct DKIMVerifierTests {
    private static let message = Array(
        ("From: =?utf-8?Q?J=C3=B6rg?= <Joe@X.test>\r\nTo: b@y.test,\r\n\tc@y.test\r\nSubject:  two  blanks \r\n"
            + "Received: from a\r\nTo: second@y.test\r\nX-Empty:\r\n\r\nHi  there \r\n\r\n.dot\r\n\r\n").utf8)

    private static func replacing(_ old: String, _ new: String, in message: [UInt8]) -> [UInt8] {
        Array(String(decoding: message, as: UTF8.self).replacing(old, with: new, maxReplacements: 1).utf8)
    }

    private static func signed(_ signature: DKIMSignature, _ message: [UInt8] = message, now: Int = 1_700_000_000)
        throws
        -> [UInt8]
    {
        let hashed = hashed(message) { _ in [BodyHashKind(signature.bodyForm)] }
        return try #require(signature.field(for: hashed, now: now)) + message
    }

    /// What dkimpy has signed is right in all forms, and no longer when it was changed.
    @Test func signaturesOfOthersAreVerified() async throws {
        let keys = try Keys()
        _ = try keys.write(Self.message)
        // The seed is the last 32 octets of the key's DER; dkimpy wants it in base64.
        _ = try NameServer.run(
            "openssl pkey -in \(keys.directory.path)/ed.pem -outform DER | tail -c 32 | base64 > \(keys.directory.path)/ed.seed"
        )
        _ = try keys.run("dkim_sign.py", "")
        let zone = keys.zone()
        for name in ["rsa", "ed"] {
            for header in CanonicalForm.allCases {
                for body in CanonicalForm.allCases {
                    for length in 0...1 {
                        let file = "signed-\(name)-\(header)-\(body)-\(length).eml"
                        let message = try keys.read(file)
                        let now = Int(Date().timeIntervalSince1970)
                        func outcome(_ message: [UInt8]) async -> AuthenticationOutcome? {
                            await verified(message, zone, now: now).first?.outcome
                        }
                        #expect(await outcome(message) == .pass, "\(file)")
                        #expect(await outcome(Self.replacing("there", "where", in: message)) == .fail, "\(file)")
                        #expect(await outcome(Self.replacing("two", "too", in: message)) == .fail, "\(file)")
                        // Anybody can have added what l= does not cover.
                        let longer = message + Array("more\r\n".utf8)
                        #expect(
                            await outcome(longer) == (length == 1 ? .policy : .fail), "\(file) with more behind it")
                        let folded = Self.replacing(
                            "Subject:  two  blanks \r\n", "Subject: two\r\n blanks\r\n", in: message)
                        #expect(await outcome(folded) == (header == .relaxed ? .pass : .fail), "\(file) folded")
                        let spaced = Self.replacing("Hi  there \r\n", "Hi there\r\n", in: message)
                        // Where it is another body it is also a shorter one.
                        let other = length == 1 ? AuthenticationOutcome.permerror : .fail
                        #expect(await outcome(spaced) == (body == .relaxed ? .pass : other), "\(file) spaced")
                    }
                }
            }
        }
    }

    /// Fields of one name are signed from the last one up (RFC 6376 §5.4.2): one put on top of those that are signed is
    /// not covered, unless the name is signed once more than it was there.
    @Test func fieldsOfOneNameAreSignedFromTheBottom() async throws {
        let keys = try Keys()
        let plain = try Self.signed(
            DKIMSignature(
                domain: "x.test", selector: "rsa", key: keys.rsa, headers: ["from", "to", "subject"], overSigned: []))
        let sealed = try Self.signed(
            DKIMSignature(
                domain: "x.test", selector: "rsa", key: keys.rsa, headers: ["from", "to"],
                overSigned: ["from", "subject"]))
        for (name, message, outcome): (String, [UInt8], AuthenticationOutcome) in [
            ("To", plain, .pass), ("From", plain, .pass), ("To", sealed, .pass), ("From", sealed, .fail),
            ("Subject", sealed, .fail),
        ] {
            let added = Array("\(name): evil@z.test\r\n".utf8) + message
            #expect(await verified(added, keys.zone()).map(\.outcome) == [outcome], "\(name)")
            let end = message.firstRange(of: Array("\r\n\r\n".utf8))!.lowerBound + 2
            let below = message[..<end] + Array("\(name): evil@z.test\r\n".utf8) + message[end...]
            #expect(await verified(Array(below), keys.zone()).map(\.outcome) == [.fail], "\(name) below")
        }
    }

    private static let shared = Result { try Keys() }

    /// Tags that are missing or wrong, and keys that are: each has its outcome.
    @Test(arguments: [
        ("v=1;", "v=2;", AuthenticationOutcome.neutral), ("a=rsa-sha256", "a=rsa-sha1", .permerror),
        ("a=rsa-sha256", "a=rsa-md5", .neutral), ("a=rsa-sha256", "a=ed25519-sha256", .permerror),
        ("d=x.test", "d=y.test", .permerror),
        ("d=x.test", "d=", .neutral), ("s=rsa", "s=rsb", .permerror), ("i=@x.test", "i=@y.test", .permerror),
        ("i=@x.test", "i=@sub.x.test", .fail), ("c=relaxed/relaxed", "c=relaxed", .fail),
        ("c=relaxed/relaxed", "c=nothing", .neutral),
        ("c=relaxed/relaxed", "c=relaxed/relaxed; l=9999", .permerror),
        ("c=relaxed/relaxed", "c=relaxed/relaxed; l=-1", .neutral),
        ("c=relaxed/relaxed", "c=relaxed/relaxed; q=http", .neutral), ("h=from", "h=fron", .permerror),
        ("bh=", "bh=AAAA", .neutral),
        ("t=1700000000", "t=1700099999", .neutral), ("x=1700000100", "x=1600000000", .neutral),
        ("; s=", "; ; s=", .neutral),
        ("; s=", "; d=x.test; s=", .neutral), ("\tb=", "\tz=", .neutral), ("h=from", "h=from:subject", .fail),
    ]) func whatIsWrongIsToldApart(old: String, new: String, outcome: AuthenticationOutcome) async throws {
        let keys = try Self.shared.get()
        let signature = DKIMSignature(
            domain: "x.test", selector: "rsa", key: keys.rsa, identity: "@x.test", headers: ["from"], overSigned: [],
            expiresAfter: 100)
        let message = try Self.signed(signature)
        #expect(await verified(message, keys.zone()).map(\.outcome) == [.pass])
        let changed = Self.replacing(old, new, in: message)
        #expect(changed != message)
        let result = await verified(changed, keys.zone())
        #expect(result.map(\.outcome) == [outcome], "\(result)")
        #expect(await verified(message, keys.zone(), now: 1_700_000_101).map(\.outcome) == [.fail])
    }

    @Test func keyRecordsAreRead() async throws {
        let keys = try Keys()
        let message = try Self.signed(
            DKIMSignature(domain: "x.test", selector: "k", key: keys.rsa, identity: "@sub.x.test"))
        let p = String(keys.rsa.publicRecord.split(separator: "p=").last!)
        let folded = p.prefix(100) + " \t" + p.dropFirst(100)
        let other = String(keys.ed25519.publicRecord.split(separator: "p=").last!)
        for (record, outcome): (String, AuthenticationOutcome) in [
            ("v=DKIM1; k=rsa; p=\(p)", .pass), ("p=\(p)", .pass), ("v=DKIM1;p=\(folded); n=a note ;", .pass),
            ("v=DKIM1; h=sha1:sha256; s=email; t=y; p=\(p)", .pass), ("k=rsa; v=DKIM1; p=\(p)", .permerror),
            ("v=DKIM2; p=\(p)", .permerror), ("v=DKIM1; p=", .permerror), ("v=DKIM1; k=rsa", .permerror),
            ("v=DKIM1; h=sha1; p=\(p)", .permerror), ("v=DKIM1; s=other; p=\(p)", .permerror),
            ("v=DKIM1; s=tlsrpt:*; p=\(p)", .pass),
            ("v=DKIM1; t=s; p=\(p)", .permerror), ("v=DKIM1; k=ed25519; p=\(p)", .permerror),
            ("v=DKIM1; k=dsa; p=\(p)", .permerror), ("v=DKIM1; p=AAAA", .permerror),
            ("v=DKIM1; p=\(other)", .permerror),
            ("v=spf1 -all", .permerror),
        ] {
            let zone = Zone()
            zone.add("k._domainkey.x.test", "TXT", record)
            #expect(await verified(message, zone).map(\.outcome) == [outcome], "\(record)")
        }
        let changed = Self.replacing("there", "where", in: message)
        let trying = Zone()
        trying.add("k._domainkey.x.test", "TXT", "v=DKIM1; t=y; p=\(p)")
        let result = await verified(changed, trying)
        #expect(result.map(\.outcome) == [.neutral] && result[0].isTesting)
        let failing = keys.zone()
        failing.fail("k._domainkey.x.test TXT")
        #expect(await verified(message, failing).map(\.outcome) == [.temperror])
        // Something else beside the key.
        trying.add("k._domainkey.x.test", "TXT", "hello")
        #expect(await verified(message, trying).map(\.outcome) == [.pass])
    }

    /// RFC 8301 §3.2: short keys count for nothing; RFC 6376 §3.6.1 has an RSAPublicKey where others have a
    /// SubjectPublicKeyInfo.
    @Test func keysOfAllSizes() async throws {
        let keys = try Keys()
        let directory = keys.directory.path
        func base64(_ command: String) throws -> String {
            try NameServer.run("\(command) | base64 -w 0")
        }
        let message = try Self.signed(DKIMSignature(domain: "x.test", selector: "k", key: keys.rsa))
        let bare = try base64("openssl rsa -in \(directory)/rsa.pem -RSAPublicKey_out -outform DER")
        let zone = Zone("k._domainkey.x.test TXT v=DKIM1; p=\(bare)")
        #expect(await verified(message, zone).map(\.outcome) == [.pass])
        _ = try NameServer.run("openssl genrsa -out \(directory)/short.pem 512")
        let short = try base64("openssl rsa -in \(directory)/short.pem -pubout -outform DER")
        let result = await verified(message, Zone("k._domainkey.x.test TXT v=DKIM1; p=\(short)"))
        #expect(result.map(\.outcome) == [.permerror] && result[0].reason.contains("512 bits"))
    }

    /// So many signatures are looked at, from the top; the rest cost nothing.
    @Test func manySignaturesAreBounded() async throws {
        let keys = try Keys()
        var message = Self.message
        for _ in 0..<7 {
            message = try Self.signed(DKIMSignature(domain: "x.test", selector: "ed", key: keys.ed25519), message)
        }
        let zone = keys.zone()
        #expect(await verified(message, zone).map(\.outcome) == Array(repeating: .pass, count: 5))
        #expect(zone.asked.count == 5)
        #expect(await verified(Self.message, zone).isEmpty)
    }
}
