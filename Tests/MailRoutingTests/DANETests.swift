import Foundation
import MailRouting
import MailTypes
import NIOPosix
import TestSupport
import Testing
import TransportSecurity

/// TLSA records of a signed zone on a real server, as RFC 7672 §2 wants them looked up.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DANETests {
    private static let digest = String(repeating: "ab", count: 32)
    private static let zone = """
        $ORIGIN signed.test.
        $TTL 3600
        @ SOA ns.signed.test. root.signed.test. 1 3600 600 86400 300
        @ NS ns
        ns A 127.0.0.1
        @ MX 10 mx
        mx A 192.0.2.1
        _25._tcp.mx TLSA 3 1 1 \(digest)
        _26._tcp.mx TLSA 1 1 1 \(digest)
        bare A 192.0.2.2
        alias CNAME mx
        nick CNAME signed.test.
        elsewhere CNAME mx.unsigned.test.
        _25._tcp.elsewhere TLSA 3 0 1 \(digest)
        own CNAME bare
        _25._tcp.own TLSA 2 0 1 \(digest)
        forged A 192.0.2.3
        _25._tcp.forged TLSA 3 1 2 \(digest)\(digest)

        """
    private static let unsigned = """
        $ORIGIN unsigned.test.
        $TTL 3600
        @ SOA ns.unsigned.test. root.unsigned.test. 1 3600 600 86400 300
        @ NS ns
        ns A 127.0.0.1
        @ MX 10 mx
        mx A 192.0.2.9
        _25._tcp.mx TLSA 3 1 1 \(digest)

        """

    private func router(_ server: NameServer, anchor: String) throws -> MailRouter {
        var settings = ResolverSettings()
        settings.stubZones = ["signed.test.", "unsigned.test."].map {
            .init(name: $0, server: "127.0.0.1@\(server.port)")
        }
        settings.trustAnchorFile = anchor
        settings.families = .ipv4
        settings.timeoutSeconds = 20
        return try MailRouter(settings)
    }

    private func text(_ outcome: DANEOutcome) -> String {
        switch outcome {
        case .none: "none"
        case .policy(let policy): "\(policy.baseDomain) \(policy.texts.map { $0.prefix(5) }.joined(separator: ","))"
        case .failed: "failed"
        }
    }

    @Test func recordsAreFoundOnlyWhereTheWholeChainIsSecure() async throws {
        let signed = try SignedZone(Self.zone, "signed.test")
        // What was signed has changed on its way.
        let forged = signed.text.replacing("TLSA\t3 1 2 ab", with: "TLSA\t3 1 2 cd")
        #expect(forged != signed.text)
        let server = try NameServer(["signed.test": forged, "unsigned.test": Self.unsigned])
        defer { server.stop() }
        let router = try router(server, anchor: signed.anchor)
        for (host, port, expected) in [
            ("mx.signed.test", 25, "mx.signed.test 3 1 1"), ("mx.signed.test", 26, "mx.signed.test 1 1 1"),
            ("mx.signed.test", 27, "none"), ("bare.signed.test", 25, "none"),
            // §2.2.3: an alias's target first, then the alias.
            ("alias.signed.test", 25, "mx.signed.test 3 1 1"), ("own.signed.test", 25, "own.signed.test 2 0 1"),
            // §2.2.2: out of what is signed: the alias itself, whose zone is.
            ("elsewhere.signed.test", 25, "elsewhere.signed.test 3 0 1"),
            ("mx.unsigned.test", 25, "none"), ("forged.signed.test", 25, "failed"),
            ("nowhere.signed.test", 25, "none"),
        ] {
            #expect(text(await router.dane(host, port: port)) == expected, "\(host):\(port)")
        }
    }

    /// Whether DNSSEC vouches for it that the mail goes to a host of this name.
    @Test func hostsKnowWhetherTheirNameIsSecure() async throws {
        let signed = try SignedZone(Self.zone, "signed.test")
        let server = try NameServer(["signed.test": signed.text, "unsigned.test": Self.unsigned])
        defer { server.stop() }
        let router = try router(server, anchor: signed.anchor)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        for (domain, isSecure) in [
            ("signed.test", true), ("bare.signed.test", true), ("nick.signed.test", true), ("unsigned.test", false),
        ] {
            guard case .hosts(_, let hosts) = try await router.ask(domain, on: loop).get() else {
                Issue.record("no hosts of \(domain)")
                continue
            }
            #expect(hosts.map(\.isNameSecure) == [isSecure], "\(domain)")
            // RFC 7672 §3.2.2: what the domain is an alias of may stand in a certificate, too.
            #expect(hosts.map(\.domainAlias) == [domain == "nick.signed.test" ? "signed.test" : nil], "\(domain)")
        }
        // Without DNSSEC nothing is secure.
        var settings = ResolverSettings()
        settings.stubZones = [.init(name: "signed.test.", server: "127.0.0.1@\(server.port)")]
        settings.families = .ipv4
        let trusting = try MailRouter(settings)
        #expect(text(await trusting.dane("mx.signed.test", port: 25)) == "none")
    }

    @Test func silenceIsNoPermission() async throws {
        var settings = ResolverSettings()
        settings.stubZones = [.init(name: "signed.test.", server: "127.0.0.1@9")]
        settings.timeoutSeconds = 0.5
        let router = try MailRouter(settings)
        #expect(text(await router.dane("mx.signed.test", port: 25)) == "failed")
        #expect(await router.hostAddresses("mx.signed.test").isEmpty)
        guard case .failed = await router.texts(at: "_mta-sts.signed.test") else {
            Issue.record("a dead server said something")
            return
        }
    }
}

/// Policies of domains on the way to their hosts.
@Suite(.serialized, .timeLimit(.minutes(1))) struct PolicyRoutingTests {
    private struct Policies: DomainPolicies {
        var found: [String: StrictTransportPolicy]
        func demand(of domain: String, asking names: any NameLookups) async -> DomainDemand? {
            if case .texts(let texts, _) = await names.texts(at: "_mta-sts." + domain) {
                #expect(PolicyRecord.strictTransportID(texts) == "7")
            }
            return DomainDemand(policy: found[domain], seconds: 60)
        }
    }

    private static let zone = """
        $ORIGIN test.
        $TTL 3600
        @ SOA ns.test. root.test. 1 3600 600 86400 300
        @ NS ns.test.
        ns A 127.0.0.1
        a A 192.0.2.1
        b A 192.0.2.2
        plain MX 10 a
        plain MX 20 b
        strict MX 10 a
        strict MX 20 b
        _mta-sts.strict TXT "v=STSv1; " "id=7;"
        other MX 10 a
        other MX 20 b
        half MX 10 a
        half MX 20 b
        tested MX 10 a
        tested MX 20 b

        """

    /// Domains that want their hosts verified share connections with one another, and with nobody else.
    @Test func strictDomainsHaveQueuesOfTheirOwn() async throws {
        let server = try NameServer(["test": Self.zone])
        defer { server.stop() }
        var settings = ResolverSettings()
        settings.stubZones = [.init(name: "test.", server: "127.0.0.1@\(server.port)")]
        settings.families = .ipv4
        settings.timeoutSeconds = 20
        func policy(_ mode: StrictTransportPolicy.Mode, _ patterns: [String]) -> StrictTransportPolicy {
            StrictTransportPolicy(mode: mode, patterns: patterns, maxAge: 1000)
        }
        let policies = Policies(found: [
            "strict.test": policy(.enforce, ["a.test", "b.test"]), "other.test": policy(.enforce, ["*.test"]),
            "half.test": policy(.enforce, ["b.test"]), "tested.test": policy(.testing, ["a.test"]),
        ])
        let router = try MailRouter(settings, policies: policies)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var sites: [String: String] = [:]
        var covered: [String: [Bool?]] = [:]
        for domain in ["plain", "strict", "other", "half", "tested"] {
            guard case .hosts(let site, let hosts) = try await router.ask(domain + ".test", on: loop).get() else {
                Issue.record("no hosts of \(domain)")
                continue
            }
            sites[domain] = site
            covered[domain] = hosts.map { $0.policy?.coversHost }
        }
        #expect(sites["plain"] == "mx:(a>b).test" && sites["tested"] == sites["plain"])
        #expect(sites["strict"] == "mx:sts=(a>b).test" && sites["other"] == sites["strict"])
        #expect(sites["half"] == "mx:sts=(a>b).test~b.test")
        #expect(
            covered == [
                "plain": [nil, nil], "strict": [true, true], "other": [true, true], "half": [false, true],
                "tested": [true, false],
            ])
    }
}
