import CZstd
import EventLog
import Foundation
import MessageBuilding
import Testing

/// The log read from outside, over segments of all kinds.
@Suite struct LogTailTests {
    private final class Home {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tail-\(UUID().uuidString)").path
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        }

        func append(_ name: String, _ text: String) throws {
            let handle = try #require(FileHandle(forWritingAtPath: path + "/" + name))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }

        func rename(_ old: String, _ new: String) throws {
            try FileManager.default.moveItem(atPath: path + "/" + old, toPath: path + "/" + new)
        }

        func pack(_ name: String) throws {
            let plain = Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
            var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(plain.count))
            let size = ZSTD_compress(&packed, packed.count, plain, plain.count, 3)
            try Data(packed[..<size]).write(to: URL(fileURLWithPath: path + "/" + name + ".zst"))
            try FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    private static let (first, second, third) = (
        "20260101-000000.000.jsonl", "20260101-000100.000.jsonl", "20260101-000200.000.jsonl"
    )
    /// 2026-01-01 in milliseconds.
    private static let newYear: UInt64 = 1_767_225_600_000

    private func lines(_ range: ClosedRange<Int>) -> String { range.map { "{\"n\":\($0)}\n" }.joined() }

    private func all(_ tail: inout LogTail) throws -> [String] {
        var found: [String] = []
        while try tail.read({
            found.append(String(decoding: $0, as: UTF8.self))
            return true
        }) {}
        return found
    }

    @Test func allSegmentsAreReadAndThenWhatComes() throws {
        let home = try Home()
        try home.write(Self.first, lines(1...20_000))
        try home.pack(Self.first)
        try home.write(Self.second, lines(20_001...20_003))
        try home.write(Self.third + ".part", lines(20_004...20_004) + "{\"n\":20")
        var tail = try LogTail(home.path, since: 0)
        #expect(try all(&tail) == (1...20_004).map { "{\"n\":\($0)}" })
        #expect(try all(&tail).isEmpty)
        // The rest of a line, then the segment is closed and packed, and the next one begins.
        try home.append(Self.third + ".part", "005}\n{\"n\":20006}\n")
        try home.rename(Self.third + ".part", Self.third)
        try home.pack(Self.third)
        try home.write("20260101-000300.000.jsonl.part", lines(20_007...20_007))
        #expect(try all(&tail) == (20_005...20_007).map { "{\"n\":\($0)}" })
    }

    @Test func itBeginsWhereItIsTold() throws {
        let home = try Home()
        try home.write(Self.first, lines(1...5))
        try home.pack(Self.first)
        try home.write(Self.second, lines(6...7))
        var since = try LogTail(home.path, since: Self.newYear + 90_000)
        #expect(try all(&since) == ["{\"n\":6}", "{\"n\":7}"], "from the segment that was written then")
        var fresh = try LogTail(home.path, since: nil)
        #expect(try all(&fresh).isEmpty)
        try home.append(Self.second, lines(8...8))
        #expect(try all(&fresh) == ["{\"n\":8}"])
        #expect(
            try LogTail.last(4, in: home.path) { !$0.contains(UInt8(ascii: "7")) }.map {
                String(decoding: $0, as: UTF8.self)
            }
                == [4, 5, 6, 8].map { "{\"n\":\($0)}" })
        #expect(throws: EventLogFault.self) { _ = try LogTail(home.path + "/none", since: 0) }
    }

    /// A log that begins after its reader did.
    @Test func anEmptyLogIsWaitedFor() throws {
        let home = try Home()
        var tail = try LogTail(home.path, since: nil)
        #expect(try all(&tail).isEmpty)
        try home.write(Self.first + ".part", lines(1...2))
        #expect(try all(&tail) == ["{\"n\":1}", "{\"n\":2}"])
    }

    @Test(arguments: [
        ("type=Delivery", true), ("type=delivery", true), ("type=Bounce", false), ("recipient=b@y.test", true),
        ("recipient~@z.", true), ("recipient~@q.", false), ("response.code=250", true),
        ("response.content~spool", true),
        ("response.enhanced_code.class=5", false), ("tenant=", true), ("type=", false), ("tenant=acme", false),
        ("tenant~", false),
    ])
    func filtersFit(text: String, fits: Bool) throws {
        let event = try JSONValue.parse(
            """
            {"type":"Delivery","recipient":["a@x.test","b@y.test","c@z.test"],\
            "response":{"code":250,"enhanced_code":{"class":2},"content":"Ok: in the Spool"},"tenant":null}
            """)
        let filter = try #require(EventFilter(text))
        #expect(filter.fits(event) == fits)
    }

    @Test(arguments: ["", "type", "=x", "~x"]) func whatIsNoFilterIsNone(text: String) {
        #expect(EventFilter(text) == nil)
    }
}
