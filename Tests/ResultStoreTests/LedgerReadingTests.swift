import Measures
import ResultStore
import RunRecords
import Testing

/// Ledgers, packed and held against each other.
@Suite struct LedgerReadingTests {
    private func id(_ number: Int, run: String = "0000000000000001") -> String {
        let digits = String(number, radix: 16)
        return run + String(repeating: "0", count: 16 - digits.count) + digits
    }

    @Test func countsAreTaken() throws {
        let generator = "\(id(1)),accepted\n\(id(2)),refused\n\(id(3)),in_doubt,17\n\(id(4)),accepted,18,19\n"
        let sink = "\(id(1)),ok,100\n\(id(1)),changed,101\n-,ok,7\n"
        let reading = try LedgerReading(generator: Array(generator.utf8), sink: Array(sink.utf8))
        #expect(reading.fates == ["accepted": 2, "refused": 1, "in_doubt": 1])
        #expect(reading.sink == SinkRecord.LedgerSummary(unique: 1, duplicates: 1, changed: 1, unidentified: 1))
        #expect(reading.receivedBytes == 208)
        #expect(reading.audit.named == ["doubled \(id(1))", "changed \(id(1))", "lost \(id(4))"])
        #expect(reading.runs == ["0000000000000001"])
        #expect(reading.repeated == [])
        #expect(reading.times == nil, "some lines have none")
    }

    @Test func timesAreTaken() throws {
        let generator = "\(id(1)),accepted,1000000,2000000,5000000\n\(id(2)),refused,1500000,1600000,9000000\n"
        let sink = "\(id(1)),ok,100,8000000,0badcafe,127.0.0.1,a.test,250\n-,ok,7,6000000,-,-,-,250\n"
        let times = try #require(try LedgerReading(generator: Array(generator.utf8), sink: Array(sink.utf8)).times)
        #expect((times.transaction.count, times.transaction.max_ns) == (1, 3_000_000))
        #expect((times.intended.count, times.intended.max_ns) == (1, 4_000_000))
        #expect((times.endToEnd.count, times.endToEnd.max_ns) == (1, 7_000_000))
        #expect(times.firstBegunUnixNanoseconds == 1_600_000)
        #expect(times.lastAcceptedUnixNanoseconds == 5_000_000)
        #expect(times.lastReceivedUnixNanoseconds == 8_000_000)
    }

    @Test func idsThatComeTwiceAreNamed() throws {
        let generator = "\(id(1)),accepted\n\(id(1)),accepted\n\(id(1, run: "00000000000000ff")),accepted\n"
        let reading = try LedgerReading(generator: Array(generator.utf8), sink: [])
        #expect(reading.repeated == [id(1)])
        #expect(reading.runs == ["0000000000000001", "00000000000000ff"])
    }

    @Test func packedAndUnpacked() throws {
        var numbers = SplitMix64(seed: 5)
        let text = Array((0..<5000).map { _ in "\(id(numbers.below(1 << 30))),accepted\n" }.joined().utf8)
        let packed = try ZstdFrame.compress(text)
        #expect(packed.count < text.count / 3)
        #expect(try ZstdFrame.decompress(packed, limit: text.count) == text)
        #expect(throws: RecordFault.self) { try ZstdFrame.decompress(packed, limit: text.count - 1) }
        #expect(throws: RecordFault.self) { try ZstdFrame.decompress(Array(packed.dropLast()), limit: text.count) }
        #expect(throws: RecordFault.self) { try ZstdFrame.decompress(Array("no frame".utf8), limit: 100) }
        #expect(throws: RecordFault.self) { try ZstdFrame.decompress([], limit: 100) }
        #expect(try ZstdFrame.decompress(ZstdFrame.compress([]), limit: 0) == [])
    }

    @Test func smallOnesAreKept() throws {
        let packed = try LedgerStore.pack(generator: [1, 2], sink: [3], isValid: true)
        #expect(packed.facts == LedgerFacts(kept: true, reason: nil))
        #expect(packed.files.keys.sorted() == ["generator.ledger.zst", "sink.ledger.zst"])
    }
}
