import RunRecords
import Testing

/// What a system's file says, and the words with which a wrong one is refused.
@Suite struct SystemDefinitionTests {
    static let text = """
        title: Example
        about: an example
        packages: [example]
        unpack: true
        executables: [/usr/sbin/example]
        version: [example, -v]
        users: [example]
        binds: {/var/spool/example: spool}
        capabilities: [starttls, dkim]
        parameters:
          sync: "yes"
        directories:
          - {path: spool, owner: example, mode: 750}
        files:
          etc/main.conf: |
            port {{ listen_port }}
          /etc/example.conf: sync {{ sync }}
        prepare:
          - command: [example, init]
        start: [example, -f]
        ready: 10s
        stop: {signal: INT, limit: 5s}
        queue: {files_below: [spool/new], named: ["*.msg"]}
        logs: [example.log]
        variants:
          - {name: sync-always, spool: files, promise: fsync}
          - {name: sync-never, spool: files, promise: os, parameters: {sync: "no"}}

        """

    @Test func everyKeyIsRead() throws {
        let system = try read(Self.text)
        #expect((system.name, system.title, system.kind) == ("example", "Example", .mta))
        #expect(system.text == Self.text)
        #expect(system.isUnpacked && !system.needsRoot)
        #expect(system.version?.words == ["example", "-v"])
        #expect(system.capabilities == [.startTLS, .dkim])
        #expect(system.directories.map(\.mode) == [0o750])
        #expect(system.directories[0].owner == "example")
        #expect(system.files.map(\.path) == ["etc/main.conf", "/etc/example.conf"])
        #expect(system.prepare.map(\.words) == [["example", "init"]])
        #expect(system.readySeconds == 10)
        #expect((system.stop.signal, system.stop.limitSeconds) == (.interrupt, 5))
        guard case .files(below: ["spool/new"], named: ["*.msg"])? = system.queue else {
            Issue.record("\(String(describing: system.queue))")
            return
        }
        #expect(system.variants.map(\.promise) == [.fsync, .os])
        #expect(system.variants[1].parameters == ["sync": "no"])
    }

    @Test func whatMayBeLeftOut() throws {
        let system = try read(
            """
            title: Small
            about: the least there can be
            executables: [small]
            start: [small]
            variants: [{name: default, spool: files, promise: none}]
            """)
        #expect((system.stop.signal, system.stop.limitSeconds, system.readySeconds) == (.terminate, 60, 30))
        #expect(system.queue == nil && system.record == nil && system.version == nil)
        let end = try read("title: T\nabout: a\nkind: sink\nexecutables: [x]\nstart: [x]")
        #expect(end.variants.map(\.name) == ["default"])
    }

    @Test func aVariantIsNamedByItsBeginning() throws {
        let system = try read(Self.text)
        #expect(try system.variant(nil).name == "sync-always")
        #expect(try system.variant("sync").name == "sync-always")
        #expect(try system.variant("sync-never").name == "sync-never")
        let fault = #expect(throws: RecordFault.self) { try system.variant("syn") }
        #expect(fault?.description == "'example:syn': example has the variants sync-always, sync-never")
        let other = try read(Self.text.replacingOccurrences("name: sync-never", "name: default"))
        #expect(try other.variant(nil).name == "default", "the one of that name comes before the first")
    }

    @Test(arguments: [
        ("title: Example", "tittle: Example", "1: unknown key 'tittle', did you mean 'title'?"),
        ("about: an example", "about: \"\"", "2: key 'about': expected one line of text"),
        ("unpack: true", "unpack: maybe", "4: key 'unpack': 'maybe': expected true or false"),
        ("unpack: true", "unpack: false", "17: key 'files./etc/example.conf': expected a path below the work directory, or"),
        ("packages: [example]", "packages: []", "4: key 'unpack': expected with 'packages' alone"),
        ("[/usr/sbin/example]", "[]", "5: key 'executables': expected the programs that have to be there"),
        ("[example, -v]", "example -v", "6: key 'version': expected a list"),
        ("[example, -v]", "[]", "6: key 'version': expected a program and its arguments"),
        ("/example: spool}", "/example: ../spool}", "8: key 'binds': '/var/spool/example: ../spool'"),
        ("[starttls, dkim]", "[starttls, dkin]", "9: key 'capabilities': 'dkin': expected starttls or "),
        ("mode: 750", "mode: 999", "13: key 'directories[0].mode': '999': expected octal digits"),
        (
            "{path: spool,", "{path: /spool,",
            "13: key 'directories': '/spool': expected a path below the work directory"
        ),
        ("  etc/main.conf:", "  ../main.conf:", "15: key 'files.../main.conf': expected a path below"),
        ("- command: [example, init]", "- comand: [example]", "19: unknown key 'prepare[0].comand'"),
        ("start: [example, -f]", "begin: [example]", "20: unknown key 'begin'"),
        ("ready: 10s", "ready: soon", "21: key 'ready': "),
        ("signal: INT", "signal: BYE", "22: key 'stop.signal': 'BYE': expected TERM or INT or"),
        ("signal: INT", "signal: INT, command: [x]", "22: key 'stop.signal': expected a signal or a command"),
        ("files_below: [spool/new], ", "", "23: key 'queue': expected 'files_below' or 'command'"),
        ("logs: [example.log]", "logs: [/var/log/x]", "24: key 'logs': '/var/log/x': expected a path below"),
        ("promise: fsync", "promise: always", "26: key 'variants[0].promise': 'always': expected fsync or os or"),
        ("promise: fsync", "promise: fsync, name2: x", "26: unknown key 'variants[0].name2'"),
        ("name: sync-never", "name: sync-always", "27: key 'variants[1].name': 'sync-always' is the name of another"),
        ("name: sync-never", "name: Sync", "27: key 'variants[1].name': 'Sync': expected small letters"),
        ("{sync: \"no\"}", "{snyc: \"no\"}", "27: key 'variants[1].parameters': 'snyc' is not among"),
        (
            "start: [example, -f]", "start: [example, -f]\nrecord: a/b.json",
            "21: key 'record': 'a/b.json': expected a file name"
        ),
    ]) func mistakesAreNamedWithTheirLine(right: String, wrong: String, fault: String) throws {
        #expect(Self.text.contains(right))
        let error = #expect(throws: RecordFault.self) { try read(Self.text.replacingOccurrences(right, wrong)) }
        #expect(error?.description.hasPrefix("systems/example.yaml:\(fault)") == true, "\(error?.description ?? "")")
    }

    @Test func variantsMustBeThere() {
        let text = Self.text.components("variants:")[0]
        let error = #expect(throws: RecordFault.self) { try read(text) }
        #expect(error?.description == "systems/example.yaml:1: key 'variants': is missing")
        let empty = #expect(throws: RecordFault.self) { try read(text + "variants: []\n") }
        #expect(empty?.description.hasSuffix("key 'variants': expected at least one variant") == true)
    }

    @Test func theFileNamesTheSystem() {
        let error = #expect(throws: RecordFault.self) { try SystemDefinition(text: Self.text, file: "My_System.yaml") }
        #expect(error?.description.hasPrefix("My_System.yaml:1: expected a file name of small letters") == true)
    }

    private func read(_ text: String) throws(RecordFault) -> SystemDefinition {
        try SystemDefinition(text: text, file: "systems/example.yaml")
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        ranges(of: separator).first.map { [String(self[..<$0.lowerBound]), String(self[$0.upperBound...])] } ?? [self]
    }

    /// Of the first place alone.
    fileprivate func replacingOccurrences(_ old: String, _ new: String) -> String {
        components(old).joined(separator: new)
    }
}
