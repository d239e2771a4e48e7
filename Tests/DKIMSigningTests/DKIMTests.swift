import DKIMSigning
import Foundation
import MailTypes
import TestSupport
import Testing

/// Keys made by openssl, for one test.
private struct Keys {
    let directory: String
    let rsa: DKIMKey
    let ed25519: DKIMKey

    init() throws {
        directory = NSTemporaryDirectory() + "millrace-dkim-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        _ = try NameServer.run("openssl genrsa -out \(directory)/rsa.pem 2048")
        _ = try NameServer.run("openssl genpkey -algorithm ed25519 -out \(directory)/ed.pem")
        rsa = try Self.key(directory + "/rsa.pem")
        ed25519 = try Self.key(directory + "/ed.pem")
    }

    static func key(_ file: String) throws -> DKIMKey {
        try DKIMKey(pem: try String(contentsOfFile: file, encoding: .utf8), file: file)
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }
}

private func hashed(
    _ message: [UInt8], _ wire: WireForm = .raw, cuts: [Int] = [], forms: Set<CanonicalForm> = [.simple, .relaxed]
) throws -> HashedMessage {
    var hash = MessageHash(forms, wire)
    var start = 0
    for cut in cuts + [message.count] {
        message[start..<max(start, cut)].withUnsafeBytes { hash.feed($0) }
        start = max(start, cut)
    }
    let done = hash.finish()
    return try #require(done)
}

/// The bh= of a signature over `message`, in each form.
private func bodyHash(_ message: HashedMessage, _ form: CanonicalForm, _ key: DKIMKey) throws -> String {
    let signature = DKIMSignature(domain: "x.test", selector: "s", key: key, bodyForm: form)
    let text = String(decoding: try #require(signature.field(for: message, now: 0)), as: UTF8.self)
    return String(try #require(text.firstMatch(of: /bh=([^;]+);/)).1)
}

private let header = Array("From: a@x.test\r\nSubject: x\r\n\r\n".utf8)

@Suite struct DKIMTests {
    /// Bodies and their hashes as dkimpy (an implementation by others) computes them, in both forms, for every place
    /// where the message may be cut in two, raw and dot-stuffed.
    @Test func bodiesAreHashedAsOthersHashThem() throws {
        let keys = try Keys()
        defer { keys.remove() }
        let bodies = [
            "", "\r\n", "\r\n\r\n\r\n", "Hi\r\n", "Hi", "Hi\r\n\r\n\r\n", " \r\n\t\r\n", "a  b\tc \r\n d\r\n",
            " C \r\nD \t E\r\n\r\n\r\n",
            "one\r\n\r\ntwo\r\n", "x \r\n", ".\r\n..\r\n.a\r\n", "a\r\n .b\r\n",
            String(repeating: "long line of text ", count: 60) + "\r\n",
            "a\r\n" + String(repeating: "\r\n", count: 40) + "b\r\n", "Grüße  aus\u{A0}Köln\r\n",
        ]
        let list = keys.directory + "/bodies.json"
        try JSONEncoder().encode(bodies).write(to: URL(fileURLWithPath: list))
        let output = try NameServer.run("/usr/bin/python3 \(Self.script("body_hashes.py")) \(list)")
        let expected = try JSONDecoder().decode([[String: String]].self, from: Data(output.utf8))
        for (body, hashes) in zip(bodies, expected) {
            let message = header + Array(body.utf8)
            let stuffed = Self.stuffed(message)
            for form in CanonicalForm.allCases {
                #expect(
                    try bodyHash(try hashed(message), form, keys.ed25519) == hashes[form.rawValue], "\(form) '\(body)'")
                for cut in 0..<min(message.count, 200) {
                    let found = try bodyHash(try hashed(message, cuts: [cut]), form, keys.ed25519)
                    #expect(found == hashes[form.rawValue], "\(form) '\(body)' cut at \(cut)")
                }
                guard body.hasSuffix("\r\n") || body.isEmpty else { continue }
                for cut in 0..<min(stuffed.count, 200) {
                    let found = try bodyHash(try hashed(stuffed, .dotStuffed, cuts: [cut]), form, keys.ed25519)
                    #expect(found == hashes[form.rawValue], "\(form) stuffed '\(body)' cut at \(cut)")
                }
            }
        }
    }

    /// Random bodies of blanks, line ends, dots and letters, in random pieces: how they are cut changes nothing.
    @Test(arguments: 0..<100) func cutsChangeNothing(seed: Int) throws {
        let keys = try Self.shared()
        var state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let words = ["a", "b ", " ", "\t", "\r\n", "\r\n", ".", "some words of text", "\r\n\r\n"]
        let body = (0..<200).map { _ in words[next(words.count)] }.joined() + "\r\n"
        let message = header + Array(body.utf8)
        let cuts = (0..<20).map { _ in next(message.count) }.sorted()
        for form in CanonicalForm.allCases {
            let whole = try bodyHash(try hashed(message), form, keys)
            #expect(try bodyHash(try hashed(message, cuts: cuts), form, keys) == whole)
            #expect(try bodyHash(try hashed(Self.stuffed(message), .dotStuffed, cuts: cuts), form, keys) == whole)
            #expect(try bodyHash(try hashed(message, cuts: Array(0..<message.count)), form, keys) == whole)
        }
    }

    /// dkimpy verifies what we sign: both algorithms, all forms, several signatures; and no longer when it was changed.
    @Test func othersVerifyWhatWeSign() throws {
        let keys = try Keys()
        defer { keys.remove() }
        let text =
            "From: =?utf-8?Q?J=C3=B6rg?= <Joe@X.test>\r\nTo: b@y.test,\r\n\tc@y.test\r\nSubject:  two  blanks \r\n"
            + "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nReceived: from a\r\nX-Other: no\r\nTo: second@y.test\r\n\r\nHi  there \r\n\r\n.dot\r\n\r\n"
        let message = Array(text.utf8)
        for header in CanonicalForm.allCases {
            for body in CanonicalForm.allCases {
                var policy = DKIMPolicy()
                for (selector, key) in [("rsa", keys.rsa), ("ed", keys.ed25519)] {
                    policy.add(
                        DKIMSignature(
                            domain: "x.test", selector: selector, key: key, identity: "@x.test", headerForm: header,
                            bodyForm: body, expiresAfter: 604_800), coversSubdomains: false)
                }
                let fields = try #require(
                    policy.fields(for: try hashed(message), now: Int(Date().timeIntervalSince1970)))
                #expect(fields.split(separator: 0x0A).allSatisfy { $0.count <= 79 })
                try Data(fields + message).write(to: URL(fileURLWithPath: keys.directory + "/signed.eml"))
                let output = try NameServer.run(
                    "/usr/bin/python3 \(Self.script("dkim_verify.py")) \(keys.directory)/signed.eml "
                        + "'\(keys.rsa.publicRecord)' '\(keys.ed25519.publicRecord)'")
                #expect(
                    output == "2 valid\nchanged body: invalid\nchanged subject: invalid\nadded From: invalid\n",
                    "\(header)/\(body): \(output)")
            }
        }
    }

    /// OpenDKIM verifies it, too, with keys from a real name server, and not when it was changed.
    @Test func openDKIMVerifiesWhatWeSign() throws {
        let keys = try Keys()
        defer { keys.remove() }
        let record = keys.rsa.publicRecord
        let parts = stride(from: 0, to: record.utf8.count, by: 200).map { record.dropFirst($0).prefix(200) }
        try """
        $ORIGIN x.test.
        $TTL 300
        @ SOA ns root 1 3600 600 86400 300
        @ NS ns
        ns A 127.0.0.1
        rsa._domainkey TXT \(parts.map { "\"\($0)\"" }.joined(separator: " "))

        """.write(toFile: keys.directory + "/zone", atomically: true, encoding: .utf8)
        let message = Array(
            "From: Joe <joe@x.test>\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\nSubject:  two  blanks\r\n\r\nHi  there \r\n\r\n"
                .utf8)
        var policy = DKIMPolicy()
        policy.add(DKIMSignature(domain: "x.test", selector: "rsa", key: keys.rsa), coversSubdomains: false)
        let fields = try #require(policy.fields(for: try hashed(message), now: Int(Date().timeIntervalSince1970)))
        let command = "\(Self.script("opendkim-verify")) \(keys.directory)"
        try Data(fields + message).write(to: URL(fileURLWithPath: keys.directory + "/signed.eml"))
        _ = try NameServer.run(command)
        let changed = String(decoding: fields + message, as: UTF8.self).replacing("there", with: "where")
        try Data(changed.utf8).write(to: URL(fileURLWithPath: keys.directory + "/signed.eml"))
        #expect(throws: NameServer.Fault.self) { try NameServer.run(command) }
    }

    @Test(arguments: [
        ("a@x.test", "x.test"), ("Joe <joe@X.TEST>", "x.test"), ("\"a@b\" <joe@x.test>", "x.test"),
        ("(a@b) joe@x.test (c@d)", "x.test"), ("\"a \\\" <x@y>\" <joe@x.test>", "x.test"),
        ("a@x.test, b@x.test", "x.test"),
        ("Joe\r\n <joe@x.test>", "x.test"), ("group: a@x.test;", "x.test"), ("<joe@x.test.>", "x.test"),
    ])
    func authorsAreFound(_ value: String, _ domain: String) throws {
        let message = try hashed(Array("From: \(value)\r\n\r\n".utf8))
        #expect(message.authorDomain == domain)
    }

    /// Who the author is has to be clear.
    @Test(arguments: [
        "From: a@x.test\r\nFrom: b@y.test\r\n", "Subject: x\r\n", "From: a@x.test, b@y.test\r\n", "From: nobody\r\n",
        "From:\r\n", "From: a@x.test:;\r\n <b@y.test>", "From: <a@x.test\r\n",
    ])
    func unclearAuthorsGetNoSignature(_ header: String) throws {
        var policy = DKIMPolicy()
        let key = try Self.shared()
        for domain in ["x.test", "y.test"] {
            policy.add(DKIMSignature(domain: domain, selector: "s", key: key), coversSubdomains: true)
        }
        #expect(policy.fields(for: try hashed(Array((header + "\r\nHi\r\n").utf8)), now: 0) == [])
    }

    @Test func subdomainsAreSignedWhereThatIsWanted() throws {
        let key = try Self.shared()
        var policy = DKIMPolicy()
        policy.add(DKIMSignature(domain: "x.test", selector: "s", key: key), coversSubdomains: true)
        policy.add(DKIMSignature(domain: "y.test", selector: "s", key: key), coversSubdomains: false)
        #expect(policy.signatures(for: "a.b.x.test").count == 1)
        #expect(policy.signatures(for: "y.test").count == 1)
        #expect(policy.signatures(for: "a.y.test").isEmpty && policy.signatures(for: "test").isEmpty)
    }

    @Test func badKeysAreNamed() throws {
        #expect { _ = try DKIMKey(pem: "nonsense", file: "k.pem") } throws: { "\($0)".hasPrefix("k.pem: ") }
        let directory = NSTemporaryDirectory() + "millrace-keys-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        _ = try NameServer.run("openssl genrsa -out \(directory)/short.pem 512")
        #expect { _ = try Keys.key(directory + "/short.pem") } throws: { "\($0)".contains("512 bits") }
        _ = try NameServer.run("openssl ecparam -genkey -name prime256v1 -out \(directory)/ec.pem")
        #expect { _ = try Keys.key(directory + "/ec.pem") } throws: { "\($0)".contains("expected an RSA") }
    }

    // MARK: Help

    private static func shared() throws -> DKIMKey {
        try DKIMKey(
            pem:
                "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n",
            file: "RFC 8032 §7.1")
    }

    private static func stuffed(_ message: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var lineStart = true
        for byte in message {
            if lineStart, byte == 0x2E { out.append(0x2E) }
            out.append(byte)
            lineStart = byte == 0x0A
        }
        return out
    }

    private static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Support/\(name)").path
    }
}
