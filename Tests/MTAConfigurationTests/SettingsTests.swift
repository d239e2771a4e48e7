import DeliveryQueue
import MTAConfiguration
import MailTypes
import Measures
import RunRecords
import Testing

/// Files by name, so that a test needs none on the disk.
struct TestFiles: FileProbe {
    var files: [String: String] = ["/c.pem": "", "/k.pem": "", "/users": "", "/ca.pem": ""]
    var open: Set<String> = []
    func text(_ path: String) -> String? { files[path] }
    func isWorldReadable(_ path: String) -> Bool { open.contains(path) }
}

func load(_ text: String) throws -> MTASettings {
    try MTASettings.load(text: text, file: "mta.yaml", probe: TestFiles())
}

/// The lines of the fault, without the file's name.
func faults(_ text: String) -> [String] {
    do {
        _ = try load(text)
        return []
    } catch {
        return "\(error)".split(separator: "\n").map { String($0).replacing("mta.yaml:", with: "") as String }
    }
}

@Suite struct SettingsTests {
    @Test func whatIsNotSaidIsTheDefault() throws {
        let settings = try load("smart_host: 127.0.0.1:25")
        #expect(settings.listen.description == "127.0.0.1:2525")
        #expect(settings.maxMessageSize.bytes == 32 << 20)
        #expect(settings.retryMaxAge.seconds == 432_000)
        #expect(settings.relayNetworks.map(\.description) == ["127.0.0.0/8", "::1/128"])
        #expect(settings.listeners.isEmpty && settings.http == nil)
    }

    @Test func aWholeFileIsRead() throws {
        let settings = try load(
            """
            hostname: MX.Example.org
            listeners:
              - name: mx
                address: 127.0.0.1:25
                tls: default
                max_recipients: 50
                networks:
                  - network: 10.0.0.0/8
                    max_connections: 100
                    message_rate: 10/1s
              - name: sub
                address: "[::1]:587"
                protocol: submission
                tls: default
                auth: [scram-sha-256, plain]
            tls:
              - {name: default, certificate: /c.pem, key: /k.pem, minimum_version: "1.3"}
            users: /users
            relay_networks: [192.0.2.0/24]
            relay_domains: [example.org, .example.net]
            dns: {servers: [127.0.0.1@5353], dnssec: false, prohibited_networks: []}
            delivery: {tls: required, source_addresses: [192.0.2.1, "2001:db8::1"], rate: 20/s}
            domains:
              - {name: slow.test, next_hop: "lmtp:127.0.0.1:24", retry_first: 30m}
              - {name: mx.test, next_hop: mx}
            rocksdb_options: {max_open_files: "100"}
            """)
        #expect(settings.hostname?.text == "mx.example.org")
        #expect(settings.listeners[0].limits.recipients == 50)
        #expect(settings.listeners[0].mechanisms.isEmpty)
        #expect(settings.listeners[0].networks[0].limits.messageRate == DeliveryRate(messages: 10, milliseconds: 1000))
        #expect(settings.listeners[1].mechanisms == [.scramSHA256, .plain])
        #expect(settings.listeners[1].isAuthRequired)
        #expect(settings.tls[0].minimumVersion == .v13)
        #expect(settings.domains.map(\.nextHops) == [[.lmtp(Endpoint(host: "127.0.0.1", port: 24))], [.exchangers]])
        #expect(settings.delivery.tls == .required)
        #expect(settings.dns.servers == ["127.0.0.1@5353"])
        #expect(settings.rocksdbOptions == ["max_open_files": "100"])
    }

    @Test(arguments: [
        ("smart_hosts: 127.0.0.1:25", "1: unknown key 'smart_hosts', did you mean 'smart_host'?"),
        ("retry_first: soon", "1: key 'retry_first': 'soon': expected a duration"),
        ("retry_factor: 11", "1: key 'retry_factor': '11': expected 1 to 10"),
        ("max_message_size: 1KB", "1: key 'max_message_size': '1KB': expected at least 65536 bytes"),
        ("threads: 0", "1: key 'threads': '0': expected 1 or more"),
        ("relay_networks: [10.0.0.0/8, 0.0.0.0/0]", "1: key 'relay_networks': '0.0.0.0/0' would make an open relay"),
        ("relay_networks: [\"::/0\"]", "1: key 'relay_networks': '::/0' would make an open relay"),
        ("relay_networks: [10.0.0.1/8]", "1: key 'relay_networks': '10.0.0.1/8': expected a network"),
        ("relay_domains: [a b]", "1: key 'relay_domains': 'a b': expected example.org"),
        ("listeners:\n  - name: a\n    adress: x", "3: unknown key 'listeners[0].adress', did you mean 'address'?"),
        ("listeners:\n  - {name: a}", "2: key 'listeners[0].address': is missing"),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, banner: Example Mail}",
            "2: key 'listeners[0].banner': 'Example Mail': expected one line of ASCII"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, supplemental_header: \"X: Y\"}",
            "2: key 'listeners[0].supplemental_header': 'X: Y': expected the name of a header field"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, protocol: smtps}",
            "2: key 'listeners[0].protocol': 'smtps': expected smtp or submission"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, tls: defualt}\ntls:\n  - {name: default, certificate: /c.pem, key: /k.pem}",
            "2: key 'listeners[0].tls': no certificate is named 'defualt', did you mean 'default'?"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, auth: [plain]}\nusers: /users",
            "2: key 'listeners[0].auth': is offered over TLS only"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:465, protocol: submissions}",
            "2: key 'listeners[0].tls': is missing"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, proxy_protocol: true}",
            "2: key 'listeners[0].proxy_networks': is missing"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25}\n  - {name: b, address: 127.0.0.1:25}",
            "3: key 'listeners[1].address': '127.0.0.1:25' is another listener's"
        ),
        (
            "tls:\n  - {name: a, certificate: /nowhere, key: /k.pem}",
            "2: key 'tls[0].certificate': '/nowhere' cannot be read"
        ),
        (
            "tls:\n  - {name: a, certificate: /c.pem, key: /k.pem, client_certificates: required}",
            "2: key 'tls[0].client_ca': is missing"
        ),
        ("domains:\n  - {name: a.test}\n  - {name: A.test}", "3: key 'domains[1].name': 'a.test' appears twice"),
        ("tenants:\n  - {name: a}\n  - {name: a}", "3: key 'tenants[1].name': 'a' appears twice"),
        ("tenants: [{name: a, egress_pool: none}]", "1: key 'tenants[0].egress_pool': no egress pool is named 'none'"),
        ("campaigns: [{name: '*', tenant: a}]", "1: key 'campaigns[0].tenant': not beside the name '*'"),
        (
            "tenants: [{name: a, retry_first: 6h}]",
            "1: key 'tenants[0].retry_first': '6h' is longer than `retry_cap` at the top, 4h: set that, too"
        ),
        (
            "tenants: [{name: a, retry_first: 6h, retry_cap: 5h}]",
            "1: key 'tenants[0].retry_first': '6h' is longer than `retry_cap`, 5h"
        ),
        (
            "tenants:\n  - {name: a, retry_cap: 1h}\ncampaigns:\n  - {name: b, tenant: a, retry_first: 2h}",
            "4: key 'campaigns[0].retry_first': '2h' is longer than `retry_cap` of its tenant, 1h"
        ),
        (
            "domains:\n  - {name: x.test, retry_cap: 1h}\n"
                + "tenants: [{name: a, by_destination: [{name: x.test, retry_first: 2h}]}]",
            "3: key 'tenants[0].by_destination[0].retry_first': '2h' is longer than `retry_cap` of the domain 'x.test', 1h"
        ),
        (
            "tenants: [{name: a, by_destination: [{rate: 1/s}]}]",
            "1: key 'tenants[0].by_destination[0].name': is missing"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, future_release: 7d}",
            "2: key 'listeners[0].future_release': is for submission and submissions"
        ),
        (
            "listeners:\n  - {name: a, address: 127.0.0.1:25, future_release: 300ms}",
            "2: key 'listeners[0].future_release': '300ms': expected 1s to 999999999s"
        ),
        ("scheduling_header: 'X Schedule'", "1: key 'scheduling_header': 'X Schedule'"),
        (
            "domains:\n  - {name: a.test, next_hop: somewhere}",
            "2: key 'domains[0].next_hop': 'somewhere': expected HOST:PORT"
        ),
        ("domains:\n  - {name: a.test, rate: fast}", "2: key 'domains[0].rate': 'fast': expected messages/duration"),
        ("dkim:\n  - {domain: a.test, selector: s, key: /nowhere}", "2: key 'dkim[0].key': '/nowhere' cannot be read"),
        (
            "dkim:\n  - {domain: a.test, selector: s, key: /k.pem, headers: [Subject], over_sign: []}",
            "2: key 'dkim[0].headers': From has to be among them"
        ),
        ("users: /nowhere", "1: key 'users': '/nowhere' cannot be read"),
        ("hostname: a b", "1: key 'hostname': 'a b': expected a domain name"),
        ("listeners: none", "1: key 'listeners': expected a list"),
        ("delivery: [1]", "1: key 'delivery.'"),
        ("a: b: c", "1: this is not YAML"),
    ])
    func mistakesAreNamed(_ text: String, _ expected: String) {
        let found = faults(text)
        // A section that is no mapping is named as a whole.
        let wanted = expected == "1: key 'delivery.'" ? "1: key 'delivery.' must be a mapping" : expected
        #expect(found.contains { $0.hasPrefix(wanted) }, "\(found)")
    }

    /// A sender's own longest delay, and what a domain says for all who send there.
    @Test(arguments: [
        "tenants: [{name: a, retry_first: 6h, retry_cap: 6h}]", "retry_cap: 8h\ntenants: [{name: a, retry_first: 6h}]",
        "tenants: [{name: a, retry_cap: 8h, by_destination: [{name: x.test, retry_first: 6h}]}]",
        "domains: [{name: x.test, retry_cap: 1m}]\ntenants: [{name: a, retry_first: 10m}]",
    ]) func schedulesThatFitAreTaken(_ text: String) {
        #expect(!faults(text).contains { $0.contains("retry_first") }, "\(text)")
    }

    @Test func allMistakesAreToldAtOnceInTheirOrder() {
        let found = faults(
            """
            users: /nowhere
            retry_first: soon
            listeners:
              - {name: a, address: 127.0.0.1:99999}
            colour: red
            """)
        #expect(found.map { $0.prefix(2) } == ["1:", "2:", "4:", "4:", "5:"], "\(found)")
    }

    /// Injected mail comes by a listener of its own name.
    @Test func eventsAreLeftOutByTheirListener() {
        func log(_ listener: String) -> String {
            "log: {directory: /log, except: [{listeners: [\(listener)]}]}\nlisteners: [{name: a, address: '127.0.0.1:25'}]\n"
        }
        #expect(faults(log("a")).isEmpty && faults(log("http") + "http: {address: '127.0.0.1:80'}").isEmpty)
        for name in ["b", "http"] {
            #expect(
                faults(log(name)).first?.contains("no listener is called '\(name)'") == true, "\(faults(log(name)))")
        }
    }

    @Test func readableKeysAreWarnedOf() throws {
        let settings = try load("tls:\n  - {name: a, certificate: /c.pem, key: /k.pem}")
        #expect(settings.warnings(TestFiles()).isEmpty)
        #expect(settings.warnings(TestFiles(open: ["/k.pem"])) == ["/k.pem: the private key is readable by everyone"])
    }

    @Test func changesAreNamed() throws {
        let old = try load("retry_first: 5m\nspool: segment\nlisteners:\n  - {name: a, address: 127.0.0.1:25}")
        let new = try load(
            "spool: rocksdb\nretry_first: 6m\nlisteners:\n  - {name: a, address: 127.0.0.1:25, max_recipients: 5}")
        let changes = old.snapshot.changes(to: new.snapshot)
        #expect(Set(changes.all) == ["retry_first", "spool", "listeners"])
        #expect(changes.needRestart == ["spool"])
        let moved = try load("spool: segment\nretry_first: 5m\nlisteners:\n  - {name: a, address: 127.0.0.1:26}")
        #expect(old.snapshot.changes(to: moved.snapshot).needRestart == ["listeners"])
        #expect(old.snapshot.changes(to: old.snapshot).all.isEmpty)
    }

    /// A flag takes what the file takes.
    @Test func flagsAreKeys() throws {
        var settings = MTASettings()
        try settings.set("retry_first", to: "7m")
        #expect(settings.retryFirst.seconds == 420)
        #expect(throws: UnitFault.self) { try settings.set("retry_first", to: "soon") }
        #expect(throws: UnitFault.self) { try settings.set("no_such_key", to: "1") }
    }
}
