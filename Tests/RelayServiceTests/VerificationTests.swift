import DKIMSigning
import DeliveryQueue
import Foundation
import Glibc
import MailAuthentication
import MailRouting
import MailTypes
import NIOCore
import RelayService
import SpoolContract
import TestSupport
import Testing

/// Mail of strangers at a relay, with a real name server.
@Suite(.serialized, .timeLimit(.minutes(2))) struct VerificationTests {
    private static let key: DKIMKey = {
        let pem =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPHqlY2PZ/rAun/OUDSYqQY3jLvmo4zsRf8pais6QNaf\n"
            + "-----END PRIVATE KEY-----\n"
        return try! DKIMKey(pem: pem, file: "key")
    }()

    private static let zone = """
        $ORIGIN test.
        $TTL 300
        @ SOA ns root 1 3600 600 86400 300
        @ NS ns
        ns A 127.0.0.1
        x TXT "v=spf1 ip4:127.0.0.1 -all"
        y TXT "v=spf1 -all"
        none TXT "v=spf1 ?all"
        _dmarc.x TXT "v=DMARC1; p=reject"
        _dmarc.none TXT "v=DMARC1; p=quarantine"
        k._domainkey.x TXT "\(key.publicRecord)"
        1.0.0.127.bl A 127.0.0.2

        """

    /// A relay whose only client, this machine, is a stranger; what it takes stays in its spool.
    private struct Relay {
        let server: RelayServer
        let spool = MemorySpool()

        init(
            _ names: String, sealer: ARCSealer? = nil, seconds: Double = 60, proxies: NetworkSet = NetworkSet(),
            _ change: (inout VerificationPlan) -> Void
        ) async throws {
            var settings = ResolverSettings()
            settings.stubZones = [.init(name: "test.", server: names)]
            settings.timeoutSeconds = 60
            var plan = VerificationPlan()
            change(&plan)
            var listener = ListenerConfiguration(name: "mx", host: "127.0.0.1", port: 0)
            listener.rules.verification = plan
            listener.rules.xclientNetworks = proxies
            let nowhere = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
            var configuration = RelayConfiguration(
                listeners: [listener], hostname: "mx.test",
                routes: RouteTable(smartHost: .init(addresses: [.init(address: nowhere, name: "")], text: "nowhere")),
                threads: 1, policies: DestinationPolicies(), spoolName: "memory", durabilityName: "none")
            configuration.relayPolicy = RelayPolicy(networks: NetworkSet())
            configuration.relayPolicy.domains = ["ours.test"]
            configuration.drainSeconds = 0.2
            configuration.verifier = MailVerifier(
                service: "mx.test", names: try MailRouter(settings), secondsEach: seconds, seconds: seconds,
                sealer: sealer)
            server = try await RelayServer.start(configuration, spool: spool)
        }

        /// The content of the only message.
        func message() throws -> String {
            var ids: [MessageID] = []
            _ = try spool.enumerate { ids.append($0.id) }
            let id = try #require(ids.first)
            let stored = try #require(try spool.load(id))
            return stored.message.content.slices.map { String(buffer: $0) }.joined()
        }
    }

    private static func with(
        sealer: ARCSealer? = nil, proxies: NetworkSet = NetworkSet(), _ change: (inout VerificationPlan) -> Void,
        _ body: (Relay) async throws -> Void
    ) async throws {
        let names = try NameServer(["test": zone])
        defer { names.stop() }
        let relay = try await Relay("127.0.0.1@\(names.port)", sealer: sealer, proxies: proxies, change)
        do { try await body(relay) } catch {
            _ = try await relay.server.stop()
            throw error
        }
        _ = try await relay.server.stop()
    }

    private static let plain = "From: a@x.test\r\nTo: b@ours.test\r\nSubject: Hi\r\n\r\nHi\r\n"

    private static func signed(_ message: String = plain) throws -> String {
        var hash = MessageHash([.relaxed], .raw)
        Array(message.utf8).withUnsafeBytes { hash.feed($0) }
        let signature = DKIMSignature(domain: "x.test", selector: "k", key: key)
        let hashed = hash.finish()
        let whole = try #require(hashed)
        let field = try #require(signature.field(for: whole, now: 1_700_000_000))
        return String(decoding: field, as: UTF8.self) + message
    }

    /// All results stand on top, and what claimed to be ours is gone.
    @Test func resultsAreWrittenDown() async throws {
        try await Self.with({
            ($0.spf, $0.dkim, $0.dmarc, $0.arc, $0.reverseName) = (.note, .note, .enforce, .note, .note)
        }) { relay in
            let forged =
                "Authentication-Results: mx.test; spf=pass forged\r\nAuthentication-Results: other.test; none\r\n"
            let message = forged + (try Self.signed())
            let reply = try await Visitor.visit(relay.server.address) {
                _ = try $0.hear()
                return try $0.send(from: "a@x.test", message)
            }
            #expect(reply.hasPrefix("250 "))
            let text = try relay.message()
            #expect(text.hasPrefix("Authentication-Results: mx.test;\r\n\tspf=none"), "\(text)")
            let results = text[..<text.firstRange(of: "Received: ")!.lowerBound]
            for part in [
                "spf=pass (ip4:127.0.0.1) smtp.mailfrom=x.test;", "iprev=pass (localhost) policy.iprev=127.0.0.1;",
                "dkim=pass header.d=x.test ", "dmarc=pass (p=reject) header.from=x.test;", "arc=none\r\n",
            ] { #expect(results.contains(part), "\(part) in \(results)") }
            #expect(!text.contains("forged") && text.contains("Authentication-Results: other.test; none\r\n"))
            #expect(text.hasSuffix(try Self.signed()))
        }
    }

    /// What a user's message claims to have from us goes, whether its listener names users or not.
    @Test(arguments: [true, false]) func usersSpeakForThemselvesOnly(isNamed: Bool) async throws {
        let proxies = NetworkSet([NetworkPrefix("127.0.0.0/8")!])
        try await Self.with(proxies: proxies, { $0.namesUsers = isNamed }) { relay in
            let forged =
                "no field\r\nAuthentication-Results: (x) MX.test;\r\n dmarc=pass forged\r\n"
                + "Authentication-Results: other.test; none\r\n"
            let reply = try await Visitor.visit(relay.server.address) { visitor in
                for line in ["EHLO proxy.test", "XCLIENT ADDR=192.0.2.7 LOGIN=joe"] {
                    _ = try visitor.hear()
                    visitor.say(line + "\r\n")
                }
                _ = try visitor.hear()
                return try visitor.send(from: "joe@x.test", to: "a@far.test", forged + Self.plain)
            }
            #expect(reply.hasPrefix("250 "), "\(reply)")
            let text = try relay.message()
            #expect(
                !text.contains("forged") && text.contains("Authentication-Results: other.test; none\r\n"), "\(text)")
            let named = "Authentication-Results: mx.test;\r\n\tauth=pass smtp.auth=joe\r\n"
            #expect(text.hasPrefix(named) == isNamed && text.hasSuffix(Self.plain), "\(text)")
        }
    }

    /// Each is refused where it is known: a sender at MAIL, a message at the end of its data.
    @Test func strangersAreRefused() async throws {
        try await Self.with({ ($0.spf, $0.dkim, $0.dmarc) = (.enforce, .enforce, .enforce) }) { relay in
            let changed = try Self.signed().replacing("\r\n\r\nHi", with: "\r\n\r\nHo")
            let aside = Self.plain.replacing("x.test", with: "none.test") + "X: no field\r\n"
            let replies = try await Visitor.visit(relay.server.address) { visitor in
                var replies = [try visitor.hear()]
                for (from, message) in [
                    ("a@y.test", Self.plain), ("a@none.test", Self.plain), ("a@x.test", changed),
                    ("a@x.test", Self.plain),
                ] { replies.append(try visitor.send(from: from, message)) }
                // Commands that wait behind MAIL are answered in their order.
                visitor.say("RSET\r\nMAIL FROM:<a@y.test>\r\nRCPT TO:<b@ours.test>\r\nNOOP\r\n")
                for _ in 0..<4 { replies.append(try visitor.hear()) }
                replies.append(try visitor.send(from: "b@none.test", "X-Quarantine: no\r\n" + aside))
                return replies
            }
            let starts = [
                "220 ", "550 5.7.23 ", "550 5.7.1 ", "550 5.7.20 ", "250 ", "250 ", "550 5.7.23 ", "503 ", "250 ",
                "250 ",
            ]
            #expect(replies.count == starts.count)
            for (reply, start) in zip(replies, starts) { #expect(reply.hasPrefix(start), "\(reply)") }
            var texts: [String] = []
            _ = try relay.spool.enumerate { entry in
                let content = (try? relay.spool.load(entry.id))??.message.content
                texts.append(content?.slices.map { String(buffer: $0) }.joined() ?? "")
            }
            #expect(texts.count == 2)
            let marked = texts.filter { $0.contains("X-Quarantine: dmarc; header.from=none.test\r\n") }
            #expect(marked.count == 1 && !marked[0].contains("X-Quarantine: no"))
        }
    }

    /// Who is on a list is refused at RCPT, but may write to the postmaster; or is not even greeted.
    @Test func listedClientsAreRefused() async throws {
        for moment in [VerificationPlan.ListMoment.recipient, .connection] {
            try await Self.with({
                ($0.blockLists, $0.listMoment) = (.enforce, moment)
                $0.lists = [BlockList(zone: "bl.test", answers: BlockList.usualAnswers)]
            }) { relay in
                let replies = try await Visitor.visit(relay.server.address) { visitor in
                    let greeting = try visitor.hear()
                    guard greeting.hasPrefix("220") else { return [greeting] }
                    return [
                        try visitor.send(from: "a@none.test", Self.plain),
                        try visitor.ask("RCPT TO:<Postmaster@ours.test>"),
                    ]
                }
                if moment == .connection {
                    #expect(replies == ["554 5.7.1 127.0.0.1 is listed at bl.test"])
                } else {
                    #expect(replies[0] == "550 5.7.1 127.0.0.1 is listed at bl.test" && replies[1].hasPrefix("250 "))
                }
            }
        }
    }

    /// What is passed on has our seal, and it holds for what leaves.
    @Test func mailIsSealed() async throws {
        let sealer = ARCSealer(domain: "x.test", selector: "k", key: Self.key)
        try await Self.with(sealer: sealer, { ($0.arc, $0.seals) = (.note, true) }) { relay in
            let reply = try await Visitor.visit(relay.server.address) {
                _ = try $0.hear()
                return try $0.send(from: "a@none.test", Self.plain)
            }
            #expect(reply.hasPrefix("250 "))
            let text = try relay.message()
            var plan = VerificationPlan()
            plan.arc = .note
            let wanted = plan
            var hash = MessageHash(.raw) { fields, _ in ContentVerifier.bodyKinds(fields, wanted) }
            Array(text.utf8).withUnsafeBytes { hash.feed($0) }
            let hashed = hash.finish()
            let message = try #require(hashed)
            let record = Self.key.publicRecord
            let result = await ARCChain(message.fields).verify(
                message, now: Int(Date().timeIntervalSince1970), OneKey(record))
            #expect(result.outcome == .pass && result.sealers == ["x.test"], "\(result) \(text)")
            #expect(text.contains("ARC-Authentication-Results: i=1; mx.test;\r\n\tarc=none\r\n"))
        }
    }

    /// Keys are looked for in the DNS before anybody is greeted; what is missing is said.
    @Test func keysAreLookedForInTheDNS() async throws {
        let names = try NameServer(["test": Self.zone])
        defer { names.stop() }
        var settings = ResolverSettings()
        settings.timeoutSeconds = 60
        settings.stubZones = [.init(name: "test.", server: "127.0.0.1@\(names.port)")]
        let lookups = ResolverLookups(try MailRouter(settings), secondsEach: 60, seconds: 60)
        let publications = ["k._domainkey.x.test", "gone._domainkey.x.test", "x.test"].map {
            KeyPublication(name: $0, record: Self.key.publicRecord)
        }
        let texts = await PublicationWatch.look(publications, lookups)
        #expect(publications.map(\.isPublished) == [true, false, false])
        #expect(
            texts == [
                "DKIM: the DNS has another key at x.test: nothing is signed with this one",
                "DKIM: the DNS has no key at gone._domainkey.x.test: nothing is signed with it",
                "DKIM: the key at k._domainkey.x.test is in the DNS: it signs",
            ])
        #expect(await PublicationWatch.look([publications[0]], lookups).isEmpty)
        // A DNS that does not answer changes nothing.
        let silent = try SilentPort()
        defer { silent.close() }
        settings.stubZones = [.init(name: "test.", server: "127.0.0.1@\(silent.port)")]
        let late = ResolverLookups(try MailRouter(settings), secondsEach: 0.2, seconds: 0.2)
        let said = await PublicationWatch.look([publications[0]], late)
        #expect(said.count == 1 && said[0].contains("it goes on signing") && publications[0].isPublished, "\(said)")
    }

    /// A DNS that says nothing: mail goes on without results, or comes again.
    @Test func silenceOfTheDNSIsNotTheClientsFault() async throws {
        let silent = try SilentPort()
        defer { silent.close() }
        for (defers, start) in [(false, "250 "), (true, "451 4.4.3 ")] {
            var settings = ResolverSettings()
            settings.stubZones = [.init(name: "test.", server: "127.0.0.1@\(silent.port)")]
            let lookups = ResolverLookups(try MailRouter(settings), secondsEach: 0.2, seconds: 0.3)
            #expect(await lookups.texts(at: "x.test") == .failed("no answer in time"))
            let plan = { (plan: inout VerificationPlan) in
                (plan.spf, plan.defersOnTemporaryFailure) = (.enforce, defers)
            }
            let relay = try await Relay("127.0.0.1@\(silent.port)", seconds: 0.3, plan)
            let reply = try await Visitor.visit(relay.server.address) {
                _ = try $0.hear()
                return try $0.send(from: "a@x.test", Self.plain)
            }
            #expect(reply.hasPrefix(start), "\(reply)")
            _ = try await relay.server.stop()
        }
    }
}

/// A DNS with one key.
private struct OneKey: AuthenticationLookups {
    let record: String
    init(_ record: String) { self.record = record }
    func texts(at name: String) async -> Lookup<[UInt8]> { .found([Array(record.utf8)]) }
    func addresses(of name: String, _ family: AddressFamily) async -> Lookup<NetworkAddress> { .none(nameExists: true) }
    func exchangers(of name: String) async -> Lookup<Exchanger> { .none(nameExists: true) }
    func names(of address: NetworkAddress) async -> Lookup<String> { .none(nameExists: true) }
}

/// A port of this machine at which nobody answers.
private struct SilentPort {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (socket, size) = (descriptor, length)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isBound else { throw Visitor.Fault(text: "no port") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() { _ = Glibc.close(descriptor) }
}
