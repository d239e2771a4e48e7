import RunRecords
import Testing

/// A file with known keys: what it gives, and the exact words with which it refuses.
@Suite struct StrictMappingTests {
    static let keys = ["listen", "threads", "ratio", "quick", "options", "names", "parts"]

    @Test func givesEveryKindOfValue() throws {
        let values = try read(
            """
            listen: 127.0.0.1:25
            threads: 1_000
            ratio: 2.5
            quick: yes
            options: {a: 1, b: two}
            names: [x, "y z"]
            parts:
              - {size: 1}
              - {size: 2}
            """)
        #expect(try values.text("listen") == "127.0.0.1:25")
        #expect(try values.integer("threads") == 1000)
        #expect(try values.number("ratio") == 2.5)
        #expect(try values.flag("quick") == true)
        #expect(try values.texts("options") == ["a": "1", "b": "two"])
        #expect(try values.list("names") == ["x", "y z"])
        #expect(try values.mappings("parts", keys: ["size"])?.map { try $0.integer("size") } == [1, 2])
        #expect(values.has("parts"))
    }

    @Test func whatIsNotThereIsNil() throws {
        let values = try read("quick: false")
        #expect(!values.has("listen"))
        #expect(try values.text("listen") == nil)
        #expect(try values.integer("threads") == nil)
        #expect(try values.number("ratio") == nil)
        #expect(try values.flag("quick") == false)
        #expect(try values.texts("options") == nil)
        #expect(try values.list("names") == nil)
        #expect(try values.mappings("parts", keys: []) == nil)
    }

    @Test(arguments: [
        ("listen: a\nlisten_on: b", "f.yaml:2: unknown key 'listen_on', did you mean 'listen'?; allowed: "),
        ("thread: 2", "f.yaml:1: unknown key 'thread', did you mean 'threads'?; allowed: "),
        ("# note\n\ncompletely_other: 2", "f.yaml:3: unknown key 'completely_other'; allowed: "),
        ("- a\n- b", "f.yaml:1: the file must be a mapping of keys to values"),
        ("", "f.yaml:1: the file is empty"),
    ]) func refusesTheFile(text: String, fault: String) {
        let error = #expect(throws: RecordFault.self) { try read(text) }
        #expect(error?.description.hasPrefix(fault) == true, "\(error?.description ?? "")")
    }

    @Test func theAllowedKeysAreNamedInOrder() {
        let error = #expect(throws: RecordFault.self) { try read("zzz: 1") }
        #expect(
            error?.description
                == "f.yaml:1: unknown key 'zzz'; allowed: listen, names, options, parts, quick, ratio, threads")
    }

    @Test(arguments: ["listen: a\nthreads: 2\nlisten: b", "threads: [1, 2\nratio: 3", "quick: \"open"])
    func refusesWhatIsNoYAMLWithTheLine(text: String) {
        let error = #expect(throws: RecordFault.self) { try read(text) }
        #expect(error?.description.firstMatch(of: #/^f\.yaml:[1-9][0-9]*: /#) != nil, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false, "\(error?.description ?? "")")
    }

    @Test func refusesValuesOfAnotherKind() throws {
        let values = try read(
            """
            listen: [a]
            threads: many
            ratio: .inf
            quick: maybe
            options: 5
            names: {a: 1}
            parts: [1]
            """)
        refuse("f.yaml:1: key 'listen': expected a text") { try values.text("listen") }
        refuse("f.yaml:2: key 'threads': 'many': expected a whole number") { try values.integer("threads") }
        refuse("f.yaml:3: key 'ratio': '.inf': expected a number") { try values.number("ratio") }
        refuse("f.yaml:4: key 'quick': 'maybe': expected true or false") { try values.flag("quick") }
        refuse("f.yaml:5: key 'options.' must be a mapping of keys to values") { try values.texts("options") }
        refuse("f.yaml:6: key 'names': expected a list") { try values.list("names") }
        refuse("f.yaml:7: key 'parts[0].' must be a mapping of keys to values") {
            try values.mappings("parts", keys: ["size"])
        }
    }

    @Test func innerKeysAreNamedWithTheirPath() throws {
        let values = try read("threads: 1\nparts:\n  - size: 1\n  - size: 2\n    seize: 3\n")
        refuse("f.yaml:5: unknown key 'parts[1].seize', did you mean 'size'?; allowed: size") {
            try values.mappings("parts", keys: ["size"])
        }
    }

    private func read(_ text: String) throws -> StrictMapping {
        try StrictMapping(text: text, file: "f.yaml", keys: Self.keys)
    }

    private func refuse<Value>(
        _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Value
    ) {
        let error = #expect(throws: RecordFault.self, sourceLocation: sourceLocation) { _ = try body() }
        #expect(error?.description == text, sourceLocation: sourceLocation)
    }
}
