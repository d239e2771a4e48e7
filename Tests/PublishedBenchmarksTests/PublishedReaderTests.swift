import PublishedBenchmarks
import RunRecords
import Testing

@Suite struct PublishedReaderTests {
    private static let text = """
        id: test
        title: A test
        published: 2026-01-01
        sources: {page: somewhere}
        workload: {message_size_bytes: 1000, messages: 100}
        rows:
          - {vcpu: 2, memory_gib: 4, messages_per_hour: 1234567, mmh: 1.235}
        claims:
          - {id: one, text: something, mmh: 3}

        """

    private func read(_ text: String) throws -> PublishedLibrary {
        var library = PublishedLibrary()
        try library.add(text: text, file: "published/test.yaml")
        return library
    }

    @Test func aTableIsRead() throws {
        let table = try #require(try read(Self.text).table("test"))
        #expect(
            table.rows == [PublishedRow(instance: nil, vcpu: 2, memoryGiB: 4, messagesPerHour: 1_234_567, mmh: 1.235)])
        #expect(table.rows[0].name == "2 vCPU, 4 GiB")
        #expect(table.claims == [PublishedClaim(id: "one", text: "something", numbers: ["mmh": 3])])
        #expect(table.bytes == 100_000)
        #expect(table.sources.map(\.text) == ["somewhere"])
    }

    @Test(arguments: [
        ("title: A test\n", "", "key 'title': is missing"),
        ("sources: {page: somewhere}\n", "", "key 'sources': is missing"),
        ("sources: {page: somewhere}", "sources: {}", "expected at least one source"),
        ("mmh: 1.235}", "mmh: 1.5}", "expected messages_per_hour in millions, rounded"),
        ("vcpu: 2,", "cores: 2,", "unknown key 'rows[0].cores'"),
        ("mmh: 3}", "mmh: three}", "'three': expected a number"),
        ("claims:\n", "claims:\n  - {id: one, text: other}\n", "'one' is there twice"),
        ("id: test", "figures: []\nid: test", "expected either 'figures' or a table"),
    ])
    func mistakesAreNamed(right: String, wrong: String, said: String) throws {
        #expect(Self.text.contains(right))
        let fault = try #require(throws: RecordFault.self) {
            _ = try read(Self.text.replacing(right, with: wrong, maxReplacements: 1))
        }
        #expect(fault.description.contains(said), "\(fault)")
    }

    /// Copied with what they say about themselves.
    @Test func theShippedTablesAreThePublishedOnes() throws {
        let library = try Shipped.library()
        #expect(library.tables.map(\.id) == ["kumomta-2023", "kumomta-docs-early"])
        let table = try #require(library.table("kumomta-2023"))
        #expect(table.rows.map(\.messagesPerHour) == [4_033_514, 4_433_514, 5_096_078, 6_086_112, 6_831_168])
        #expect(table.rows.map(\.postfixMMH) == [0.15, 0.22, 0.30, 0.41, 0.50])
        #expect((table.messageBytes, table.messages, table.connections) == (100_000, 100_000, 2000))
        #expect((table.claims.count, table.notes.count) == (11, 3))
        #expect(table.facts.contains { $0.key == "durability" && $0.text == "os" })
        #expect(library.figures.count == 5)
    }
}
