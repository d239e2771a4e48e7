import Foundation
import TestSupport
import Testing
import TransportSecurity

/// Certificates made by openssl: a root, an authority below it, hosts below that.
private struct Chains {
    let directory = TemporaryDirectory()
    let root: [UInt8]
    let authority: [UInt8]

    init() throws {
        let path = directory.path
        try "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n"
            .write(toFile: path + "/cnf", atomically: true, encoding: .utf8)
        try Self.openssl(path, "-x509 -subj /CN=root -keyout root.key -out root.crt -extensions ca -days 3650")
        try Self.openssl(
            path,
            "-x509 -CA root.crt -CAkey root.key -subj /CN=authority -keyout ca.key -out ca.crt -extensions ca -days 3650"
        )
        root = try Self.der(path, "root")
        authority = try Self.der(path, "ca")
    }

    private static func openssl(_ path: String, _ words: String) throws {
        _ = try NameServer.run(
            "cd \(path) && openssl req -config cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \(words)")
    }

    private static func der(_ path: String, _ name: String) throws -> [UInt8] {
        _ = try NameServer.run("cd \(path) && openssl x509 -in \(name).crt -outform DER -out \(name).der")
        return Array(try Data(contentsOf: URL(fileURLWithPath: path + "/\(name).der")))
    }

    func host(_ name: String) throws -> [UInt8] {
        try Self.openssl(
            directory.path,
            "-x509 -CA ca.crt -CAkey ca.key -subj /CN=\(name) -keyout \(name).key -out \(name).crt -days 30 "
                + "-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:\(name)")
        return try Self.der(directory.path, name)
    }

    /// What openssl makes of the certificate for a TLSA record.
    func data(_ name: String, selector: UInt8, matching: UInt8) throws -> [UInt8] {
        let path = directory.path
        let selected =
            selector == 0
            ? "openssl x509 -in \(name).crt -outform DER"
            : "openssl x509 -in \(name).crt -noout -pubkey | openssl pkey -pubin -outform DER"
        let hashed = matching == 0 ? "" : " | openssl dgst -\(matching == 1 ? "sha256" : "sha512") -binary"
        _ = try NameServer.run("cd \(path) && (\(selected))\(hashed) > data")
        return Array(try Data(contentsOf: URL(fileURLWithPath: path + "/data")))
    }
}

@Suite struct ChainTests {
    /// A day after the certificates were made: what is made is valid from the second of its making on.
    private let now = Int(Date().timeIntervalSince1970) + 86_400
    private let years = 20 * 365 * 86_400

    private func fault(
        _ chain: [[UInt8]], _ records: [TLSARecord], base: String = "mx.test", at time: Int? = nil
    ) -> CertificateFault? {
        ChainCheck(.dane(DANEPolicy(baseDomain: base, records))).fault(chain, now: time ?? now)
    }

    /// DANE-EE: every selector and matching type, as openssl computes them; names and dates do not count (RFC 7672 §3.1.1).
    @Test func theHostsOwnCertificateMatches() throws {
        let chains = try Chains()
        let (right, other) = (try chains.host("right.test"), try chains.host("other.test"))
        for selector in [0, 1] as [UInt8] {
            for matching in [0, 1, 2] as [UInt8] {
                let data = try chains.data("right.test", selector: selector, matching: matching)
                let record = TLSARecord(usage: 3, selector: selector, matching: matching, data: data)
                #expect(record.isUsable)
                #expect(fault([right], [record], at: now + years) == nil, "3 \(selector) \(matching)")
                #expect(fault([other, right], [record])?.kind == .notTrusted, "3 \(selector) \(matching)")
                var wrong = record
                wrong.data[wrong.data.count - 1] ^= 1
                #expect(fault([right], [wrong]) != nil)
                #expect(fault([right], [wrong, record]) == nil || matching == 0)
            }
        }
    }

    /// DANE-TA: the authority has to be in what the host shows, and names and dates have to be right.
    @Test func anAuthorityMatches() throws {
        let chains = try Chains()
        let host = try chains.host("mx.test")
        let chain = [host, chains.authority]
        for (name, selector) in [("ca", 0), ("ca", 1), ("root", 0), ("root", 1)] as [(String, UInt8)] {
            for matching in [0, 1, 2] as [UInt8] {
                let data = try chains.data(name, selector: selector, matching: matching)
                let record = TLSARecord(usage: 2, selector: selector, matching: matching, data: data)
                let whole = chain + [chains.root]
                #expect(fault(whole, [record]) == nil, "\(name) 2 \(selector) \(matching)")
                #expect(fault(whole, [record], base: "other.test")?.kind == .hostMismatch)
                #expect(fault(whole, [record], at: now + years)?.kind == .expired)
                #expect(fault(whole, [record], at: 0)?.kind == .expired)
                // The root is not shown: its digest says nothing; the whole of it can be used.
                let isUsable = name == "ca" || (selector == 0 && matching == 0)
                #expect((fault(chain, [record]) == nil) == isUsable, "\(name) 2 \(selector) \(matching)")
                let isPublished = name == "ca" && selector == 0 && matching == 0
                #expect((fault([host], [record]) == nil) == isPublished)
            }
        }
        var policy = DANEPolicy(
            baseDomain: "x.test",
            [TLSARecord(usage: 2, selector: 0, matching: 1, data: try chains.data("ca", selector: 0, matching: 1))])
        policy.otherNames = ["mx.test"]
        #expect(ChainCheck(.dane(policy)).fault(chain, now: now) == nil)
    }

    /// RFC 7672 §3.1.3, §2.2: what cannot be used; none left is TLS with any certificate.
    @Test func uselessRecordsAreLeftOut() throws {
        let digest = [UInt8](repeating: 1, count: 32)
        for record in [
            TLSARecord(usage: 0, selector: 0, matching: 1, data: digest),
            TLSARecord(usage: 1, selector: 1, matching: 1, data: digest),
            TLSARecord(usage: 4, selector: 0, matching: 1, data: digest),
            TLSARecord(usage: 3, selector: 2, matching: 1, data: digest),
            TLSARecord(usage: 3, selector: 0, matching: 3, data: digest),
            TLSARecord(usage: 3, selector: 0, matching: 1, data: Array(digest.dropLast())),
            TLSARecord(usage: 3, selector: 0, matching: 2, data: digest),
            TLSARecord(usage: 3, selector: 0, matching: 0, data: digest),
            TLSARecord(usage: 2, selector: 1, matching: 0, data: digest),
        ] {
            let policy = DANEPolicy(baseDomain: "mx.test", [record])
            #expect(!record.isUsable && !policy.authenticates, "\(record.text)")
        }
        let chains = try Chains()
        let host = try chains.host("mx.test")
        #expect(fault([host], [TLSARecord(usage: 1, selector: 1, matching: 1, data: digest)]) == nil)
        #expect(fault([], [TLSARecord(usage: 1, selector: 1, matching: 1, data: digest)])?.kind == .validation)
        #expect(fault([[1, 2, 3]], [])?.kind == .validation)
        #expect(TLSARecord([3, 1, 1]) == nil)
        #expect(TLSARecord([3, 1, 1, 0xAB])?.text == "3 1 1 ab")
    }

    /// RFC 7671 §9: beside a SHA-512 a SHA-256 does not count.
    @Test func theStrongestDigestCounts() throws {
        let chains = try Chains()
        let host = try chains.host("mx.test")
        let right = TLSARecord(
            usage: 3, selector: 1, matching: 1, data: try chains.data("mx.test", selector: 1, matching: 1))
        let wrong = TLSARecord(usage: 3, selector: 1, matching: 2, data: [UInt8](repeating: 0, count: 64))
        #expect(fault([host], [right]) == nil)
        #expect(fault([host], [right, wrong]) != nil)
        var otherSelector = wrong
        otherSelector.selector = 0
        #expect(fault([host], [right, otherSelector]) == nil)
    }

    /// MTA-STS: somebody trusted has signed it, for this name and not by the subject's common name.
    @Test func trustedChainsAreVerified() throws {
        let chains = try Chains()
        let host = try chains.host("mx.test")
        let store = try TrustStore(file: chains.directory.path + "/root.crt")
        func fault(_ chain: [[UInt8]], _ name: String, at time: Int) -> TLSFailure? {
            ChainCheck(.trusted(name: name, store)).fault(chain, now: time)?.kind
        }
        #expect(fault([host, chains.authority], "mx.test", at: now) == nil)
        #expect(fault([host, chains.authority], "MX.test", at: now) == nil)
        #expect(fault([host, chains.authority], "other.test", at: now) == .hostMismatch)
        #expect(fault([host, chains.authority], "mx.test", at: now + years) == .expired)
        #expect(fault([host], "mx.test", at: now) == .notTrusted)
        #expect(fault([chains.authority], "authority", at: now) == .hostMismatch)
        let system = try TrustStore(file: nil)
        #expect(
            ChainCheck(.trusted(name: "mx.test", system)).fault([host, chains.authority], now: now)?.kind == .notTrusted
        )
        #expect(throws: TrustStore.Fault.self) { try TrustStore(file: "/does/not/exist") }
    }
}
