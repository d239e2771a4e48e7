import Foundation
import Glibc
import MailRouting
import MailTypes
import NIOCore
import NIOPosix
import TestSupport
import Testing

private func router(_ server: NameServer, _ change: (inout ResolverSettings) -> Void = { _ in }) throws -> MailRouter {
    var settings = ResolverSettings()
    settings.stubZones = [.init(name: "test.", server: "127.0.0.1@\(server.port)")]
    settings.timeoutSeconds = 20
    change(&settings)
    return try MailRouter(settings)
}

private func outcome(_ router: MailRouter, _ domain: String) async throws -> ExchangerOutcome {
    try await router.ask(domain, on: MultiThreadedEventLoopGroup.singleton.next()).get()
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct MailRouterTests {
    /// Right hosts in the right order for each of 10,000 domains; the second time without a question on the wire.
    @Test func tenThousandDomains() async throws {
        let server = try NameServer(["test": ManyDomains.zone])
        defer { server.stop() }
        let router = try router(server)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let futures = (0..<ManyDomains.count).map { router.ask(ManyDomains.name($0), on: loop) }
        var mistakes: [String] = []
        var sites: [String: Set<String>] = [:]
        for (index, future) in futures.enumerated() {
            let outcome = try await future.get()
            if let mistake = ManyDomains.mistake(index, outcome) { mistakes.append(mistake) }
            if case .hosts(let site, let addresses) = outcome, index % 10 < 3 {
                sites[site, default: []].insert(Set(addresses.map(\.name)).sorted().joined(separator: " "))
            }
        }
        #expect(mistakes.isEmpty, "\(mistakes.count): \(mistakes.prefix(5))")
        // A hundred single hosts, a hundred pairs in order, a hundred equal pairs; each name stands for one set.
        #expect(sites.count == 300)
        #expect(sites.values.allSatisfy { $0.count == 1 })
        let asked = try server.queries()
        #expect(asked >= ManyDomains.count)
        for index in 0..<ManyDomains.count {
            let known = try #require(router.known(ManyDomains.name(index)), "d\(index) is forgotten")
            #expect(ManyDomains.mistake(index, known) == nil)
        }
        #expect(try server.queries() == asked)
        #expect(router.counts.lookups == UInt64(ManyDomains.count))
        #expect(router.known("other.test") == nil)
        #expect(router.counts.hits == UInt64(ManyDomains.count) && router.counts.misses == 1)
        #expect(router.counts.remembered == ManyDomains.count)
    }

    private static let zone = """
        $ORIGIN test.
        $TTL 3600
        @ SOA ns.test. root.test. 1 3600 600 86400 300
        @ NS ns.test.
        ns A 127.0.0.1
        one MX 10 mx.one
        mx.one A 192.0.2.1
        local MX 10 mx.local
        mx.local A 127.0.0.2
        own MX 10 better.own
        own MX 20 me
        own MX 30 worse.own
        me A 192.0.2.9
        better.own A 192.0.2.10
        worse.own A 192.0.2.11
        onlyme MX 10 me
        both MX 0 .
        both MX 10 mx.one
        xn--bcher-kva MX 10 mx.one
        empty TXT "nothing"
        short 1 MX 10 mx.one
        many MX 10 many.host

        """ + (1...30).map { "many.host A 192.0.2.\($0 + 100)" }.joined(separator: "\n") + "\n"

    private static let domains = [
        ("one.test", "hosts mx.one.test 192.0.2.1"), ("ONE.test.", "hosts mx.one.test 192.0.2.1"),
        ("nowhere.test", "550 5.1.2"), ("local.test", "550 5.4.4"), ("own.test", "hosts better.own.test 192.0.2.10"),
        ("onlyme.test", "554 5.4.6"), ("me.test", "554 5.4.6"), ("both.test", "hosts mx.one.test 192.0.2.1"),
        ("bücher.test", "hosts mx.one.test 192.0.2.1"), ("empty.test", "550 5.4.4"),
        ("[192.0.2.77]", "hosts [192.0.2.77] 192.0.2.77"),
        ("[IPv6:2001:db8::5]", "hosts [ipv6:2001:db8::5] 2001:db8::5"), ("[127.0.0.1]", "550 5.4.4"),
        ("[999.0.0.1]", "550 5.1.2"), ("a..b", "550 5.1.2"), ("a b.test", "550 5.1.2"),
    ]

    /// An exchanger that has an address of this host's is this host (RFC 5321 §5.1): those equal to it are left out, too,
    /// however the dice fall; those that are better stay.
    @Test func whatIsThisHostByAddressLoops() async throws {
        let zone =
            Self.zone + """
                equal MX 10 mx.one
                equal MX 10 disguise
                behind MX 10 mx.one
                behind MX 20 disguise
                disguise A 192.0.2.99

                """
        let server = try NameServer(["test": zone])
        defer { server.stop() }
        for _ in 0..<8 {
            let router = try router(server) { $0.ownAddresses = [NetworkAddress("192.0.2.99")!] }
            guard case .permanent(let reply) = try await outcome(router, "equal.test") else {
                Issue.record("an exchanger as good as this host was taken")
                return
            }
            #expect(reply.description.hasPrefix("554 5.4.6"))
            guard case .hosts(_, let addresses) = try await outcome(router, "behind.test") else {
                Issue.record("no way to what is better than this host")
                return
            }
            #expect(addresses.map(\.address.ipAddress) == ["192.0.2.1"])
        }
    }

    /// An answer with TTL 0 can be used once: what has run out before that would be asked for without end.
    @Test func whatMayNotBeRememberedIsUsedAllTheSame() async throws {
        let server = try NameServer(["test": Self.zone.replacing("$TTL 3600", with: "$TTL 0")])
        defer { server.stop() }
        let router = try router(server) { $0.cacheSeconds = 0...3600 }
        guard case .hosts = try await outcome(router, "one.test") else {
            Issue.record("no hosts")
            return
        }
        #expect(router.known("one.test") != nil)
    }

    /// Look-ups happen on a thread of this process, not in a copy of it.
    @Test func nothingIsForked() async throws {
        let server = try NameServer(["test": Self.zone])
        defer { server.stop() }
        let before = try children()
        let router = try router(server)
        _ = try await outcome(router, "one.test")
        #expect(try children().subtracting(before).isEmpty)
    }

    /// Processes that this one has made.
    private func children() throws -> Set<String> {
        let own = getpid()
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
        return Set(
            all.filter { pid in
                // pid (name) state parent …
                let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
                let words = stat?.split(separator: ")").last?.split(separator: " ") ?? []
                return words.count > 1 && words[1] == "\(own)" && stat!.contains("(mr-dns)")
            })
    }

    @Test func singleDomains() async throws {
        let server = try NameServer(["test": Self.zone])
        defer { server.stop() }
        let router = try router(server) {
            $0.ownNames = ["me.test"]
            $0.prohibited = NetworkSet([NetworkPrefix("127.0.0.0/8")!])
        }
        for (domain, expected) in Self.domains {
            let text: String
            switch try await outcome(router, domain) {
            case .hosts(let site, let addresses):
                #expect(site.hasPrefix(SiteName.prefix))
                text =
                    "hosts \(site.dropFirst(SiteName.prefix.count)) "
                    + addresses.map { $0.address.ipAddress ?? "" }.joined(separator: " ")
            case .permanent(let reply), .temporary(let reply): text = reply.description
            }
            #expect(text.hasPrefix(expected), "\(domain): \(text)")
        }
    }

    /// At most twenty addresses a host, and no domain is asked for twice at a time.
    @Test func limitsAndJoinedQuestions() async throws {
        let server = try NameServer(["test": Self.zone])
        defer { server.stop() }
        let router = try router(server)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let futures = (0..<50).map { _ in router.ask("many.test", on: loop) }
        for future in futures {
            guard case .hosts(_, let addresses) = try await future.get() else {
                Issue.record("no hosts")
                return
            }
            #expect(addresses.count == 20)
        }
        #expect(router.counts.lookups == 1)
        #expect(router.counts.joined == 49)
    }

    /// What the DNS gives a short life is asked for again.
    @Test func shortLivesAreShort() async throws {
        let server = try NameServer(["test": Self.zone])
        defer { server.stop() }
        let router = try router(server) { $0.cacheSeconds = 0.2...1 }
        _ = try await outcome(router, "short.test")
        #expect(router.known("short.test") != nil)
        try await Task.sleep(nanoseconds: 1_200_000_000)
        #expect(router.known("short.test") == nil)
    }

    /// Silence is no verdict: the mail waits.
    @Test func aDeadServerIsTemporary() async throws {
        var settings = ResolverSettings()
        settings.stubZones = [.init(name: "test.", server: "127.0.0.1@9")]
        settings.timeoutSeconds = 0.5
        let router = try MailRouter(settings)
        guard case .temporary(let reply) = try await outcome(router, "one.test") else {
            Issue.record("a dead server said something")
            return
        }
        #expect(reply.code == 451)
        #expect(reply.enhanced == EnhancedStatusCode(4, 4, 3))
    }

    @Test(arguments: ["no such address", "127.0.0.1@port"])
    func badServersAreNamed(_ server: String) {
        var settings = ResolverSettings()
        settings.servers = [server]
        #expect { _ = try MailRouter(settings) } throws: { "\($0)".contains(server) }
    }
}

/// DNSSEC: a zone signed with keys of the test's own.
@Suite(.timeLimit(.minutes(1))) struct SignedZoneTests {
    private static let zone = """
        $ORIGIN signed.test.
        $TTL 3600
        @ SOA ns.signed.test. root.signed.test. 1 3600 600 86400 300
        @ NS ns
        ns A 127.0.0.1
        @ MX 10 mx
        mx A 192.0.2.1

        """

    /// The signed zone and its anchor.
    private func signed(in directory: String) throws -> (zone: String, anchor: String) {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.zone.write(toFile: directory + "/zone", atomically: true, encoding: .utf8)
        let key = try NameServer.run("cd \(directory) && ldns-keygen -a ECDSAP256SHA256 -k signed.test")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        _ = try NameServer.run("cd \(directory) && ldns-signzone zone \(key)")
        return (
            try String(contentsOfFile: directory + "/zone.signed", encoding: .utf8), directory + "/\(key).key"
        )
    }

    @Test func aRightSignatureDeliversAndAWrongOneWaits() async throws {
        let directory = NSTemporaryDirectory() + "millrace-dnssec-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (zone, anchor) = try signed(in: directory)
        for (text, isRight) in [(zone, true), (zone.replacing("\t192.0.2.1", with: "\t192.0.2.66"), false)] {
            #expect(isRight || text != zone)
            let server = try NameServer(["signed.test": text])
            defer { server.stop() }
            var settings = ResolverSettings()
            settings.stubZones = [.init(name: "signed.test.", server: "127.0.0.1@\(server.port)")]
            settings.trustAnchorFile = anchor
            settings.timeoutSeconds = 5
            let outcome = try await outcome(try MailRouter(settings), "signed.test")
            switch outcome {
            case .hosts(_, let addresses):
                #expect(isRight && addresses.map { $0.address.ipAddress } == ["192.0.2.1"], "\(outcome)")
            case .temporary(let reply): #expect(!isRight && reply.text.contains("DNSSEC"), "\(reply)")
            case .permanent(let reply): Issue.record("\(reply)")
            }
        }
    }
}
