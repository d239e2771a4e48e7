import CZstd
import EventLog
import Foundation
import Testing

@Suite struct EventLogTests {
    private func settings(_ home: LogHome, segmentBytes: Int = 1 << 20) -> EventLogSettings {
        var settings = EventLogSettings(directory: home.path)
        settings.segmentBytes = segmentBytes
        return settings
    }

    @Test func segmentsAreClosedBySize() throws {
        let home = try LogHome()
        let log = try EventLog(settings(home, segmentBytes: 300))
        for number in 0..<20 {
            log.append(line(.delivery, number), events: 1)
            #expect(eventually { log.counts.events == UInt64(number + 1) })
        }
        // The one being written has another name: who takes files never takes half of one.
        #expect(home.files.count { $0.hasSuffix(".jsonl.part") } == 1)
        #expect(home.files.count { $0.hasSuffix(".jsonl") } >= 4)
        log.close()
        #expect(home.files.allSatisfy { $0.hasSuffix(".jsonl") })
        #expect(numbers(home.lines.map { Array($0.utf8) }) == Array(0..<20))
        #expect(log.counts.dropped == 0 && log.counts.fault == nil)
    }

    @Test func segmentsAreClosedByAge() throws {
        let home = try LogHome()
        var settings = settings(home)
        settings.segmentSeconds = 0.2
        let log = try EventLog(settings)
        log.append(line(.delivery, 1), events: 1)
        #expect(eventually { home.files.contains { $0.hasSuffix(".jsonl") } })
        log.close()
    }

    /// A killed process leaves an open segment, perhaps with half a line.
    @Test func whatWasLeftOpenIsClosed() throws {
        let home = try LogHome()
        let whole = String(decoding: line(.bounce, 1), as: UTF8.self)
        try home.write("20250101-000000.000.jsonl.part", whole + "{\"type\":\"Deli")
        try home.write("20250101-000000.001.jsonl.part", "{\"ty")
        try home.write("notes.txt", "not ours")
        let log = try EventLog(settings(home))
        #expect(home.files == ["20250101-000000.000.jsonl", "notes.txt"])
        #expect(home.text("20250101-000000.000.jsonl") == whole)
        log.append(line(.delivery, 2), events: 1)
        log.close()
        #expect(numbers(home.lines.map { Array($0.utf8) }) == [1, 2])
    }

    /// A clock that was set back makes no older name, and so no wrong order; nor do names become longer with each one.
    @Test(arguments: ["29991231-235959.999", "29990228-120000.000" + String(repeating: "1", count: 220)])
    func namesOnlyGrow(last: String) throws {
        let home = try LogHome()
        try home.write(last + ".jsonl", String(decoding: line(.bounce, 0), as: UTF8.self))
        let log = try EventLog(settings(home, segmentBytes: 1))
        for number in 1..<6 {
            log.append(line(.delivery, number), events: 1)
            #expect(eventually { log.counts.events == UInt64(number) })
        }
        log.close()
        #expect(numbers(home.lines.map { Array($0.utf8) }) == Array(0..<6))
        #expect(home.files.allSatisfy { $0.hasPrefix(last) || $0.utf8.count == 19 + 6 })
    }

    @Test func whatDoesNotFitIsDroppedAndCounted() throws {
        let home = try LogHome()
        var settings = settings(home)
        settings.bufferBytes = 100
        let log = try EventLog(settings)
        log.append([UInt8](repeating: 0x20, count: 101), events: 3)
        #expect(log.counts.dropped == 3 && log.counts.fault != nil)
        log.append(line(.delivery, 1).prefix(90) + [0x0A], events: 1)
        log.close()
        #expect(log.counts.events == 1 && log.counts.fault == nil && log.faults.count == 1)
    }

    /// Without its directory the log drops, says why until something is written again, and goes on when it can.
    @Test func aFaultStaysUntilAWriteSucceeds() throws {
        let home = try LogHome()
        let log = try EventLog(settings(home))
        try FileManager.default.removeItem(atPath: home.path)
        try "in its place".write(toFile: home.path, atomically: true, encoding: .utf8)
        log.append(line(.delivery, 1), events: 1)
        #expect(eventually { log.counts.dropped == 1 })
        // The log looks after its files in between.
        for _ in 0..<15 {
            #expect(log.counts.fault?.contains("create") == true)
            usleep(100_000)
        }
        try FileManager.default.removeItem(atPath: home.path)
        log.append(line(.delivery, 2), events: 1)
        #expect(eventually { log.counts.events == 1 })
        log.close()
        #expect(log.counts.fault == nil && log.faults.count == 1)
        #expect(numbers(home.lines.map { Array($0.utf8) }) == [2])
    }

    /// What was in a directory that somebody deleted is gone; what comes is not, and other processes are kept out again.
    @Test func aDeletedDirectoryIsMadeAgain() throws {
        let home = try LogHome()
        let log = try EventLog(settings(home))
        log.append(line(.delivery, 1), events: 1)
        #expect(eventually { log.counts.events == 1 })
        try FileManager.default.removeItem(atPath: home.path)
        log.append(line(.delivery, 2), events: 1)
        #expect(eventually { log.counts.events == 2 })
        #expect(throws: EventLogFault.self) { try EventLog(settings(home)) }
        log.close()
        #expect(numbers(home.lines.map { Array($0.utf8) }) == [2])
        #expect(log.counts.dropped == 0 && log.faults.contains { $0.contains("was removed while") })
    }

    /// A segment that cannot be closed costs no event, is said, and is closed as soon as that goes.
    @Test func closingIsTriedAgain() throws {
        let home = try LogHome()
        let log = try EventLog(settings(home, segmentBytes: 1))
        log.append(line(.delivery, 1), events: 1)
        #expect(eventually { home.files.count == 1 })
        let obstacle = home.path + "/" + home.files[0].dropLast(5)
        try FileManager.default.createDirectory(atPath: obstacle + "/x", withIntermediateDirectories: true)
        log.append(line(.delivery, 2), events: 1)
        #expect(eventually { log.counts.events == 2 })
        #expect(eventually { log.counts.fault?.contains("rename") == true })
        usleep(1_200_000)
        #expect(log.counts.fault?.contains("rename") == true)
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(eventually { log.counts.fault == nil })
        log.close()
        #expect(home.files.allSatisfy { $0.hasSuffix(".jsonl") })
        #expect(numbers(home.lines.map { Array($0.utf8) }) == [1, 2] && log.counts.dropped == 0)
    }

    /// Two processes in one directory would close each other's segments.
    @Test func oneProcessADirectory() throws {
        let home = try LogHome()
        let log = try EventLog(settings(home))
        #expect(throws: EventLogFault.self) { try EventLog(settings(home)) }
        log.append(line(.delivery, 1), events: 1)
        log.close()
    }

    @Test func aDirectoryThatCannotBeIsNamed() {
        #expect(throws: EventLogFault.self) { try EventLog(EventLogSettings(directory: "/proc/nowhere/log")) }
    }

    @Test func closedSegmentsAreCompressed() throws {
        let home = try LogHome()
        try home.write(
            "20250101-000000.000.jsonl", (0..<5000).map { String(decoding: line(.bounce, $0), as: UTF8.self) }.joined())
        let plain = home.text("20250101-000000.000.jsonl")
        var settings = settings(home)
        settings.compresses = true
        let log = try EventLog(settings)
        #expect(eventually { home.files == ["20250101-000000.000.jsonl.zst"] })
        log.close()
        let packed = try #require(FileManager.default.contents(atPath: home.path + "/20250101-000000.000.jsonl.zst"))
        var out = [UInt8](repeating: 0, count: plain.utf8.count + 1)
        let size = out.withUnsafeMutableBytes { into in
            packed.withUnsafeBytes { ZSTD_decompress(into.baseAddress, into.count, $0.baseAddress, $0.count) }
        }
        #expect(packed.count * 5 < plain.utf8.count)
        #expect(ZSTD_isError(size) == 0 && String(decoding: out.prefix(size), as: UTF8.self) == plain)
    }

    /// Nothing is compressed that a reader has not read to its end, from the log's first moment on.
    @Test func unreadSegmentsStayPlain() throws {
        let home = try LogHome()
        try home.write("20250101-000000.000.jsonl", String(decoding: line(.bounce, 0), as: UTF8.self))
        try home.write("fresh.cursor", "20250101-000000.000 3")
        var settings = settings(home)
        settings.compresses = true
        let log = try EventLog(settings, readers: ["fresh", "other"])
        usleep(1_500_000)
        #expect(home.files.contains("20250101-000000.000.jsonl"))
        #expect(home.files.contains("other.cursor"))
        var reader = LogReader(log.places[0], kinds: [.bounce])
        let rest = try #require(try reader.next(atMost: 9))
        try reader.advance(to: rest.end)
        #expect(eventually { home.files.contains("20250101-000000.000.jsonl.zst") })
        log.close()
    }

    @Test func oldSegmentsGo() throws {
        let home = try LogHome()
        for number in 0..<4 {
            try home.write("20250101-00000\(number).000.jsonl", String(repeating: "x", count: 99) + "\n")
        }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -1000)],
            ofItemAtPath: home.path + "/20250101-000000.000.jsonl")
        // One that cannot be closed: what is wrong elsewhere loses no count.
        try home.write("20250101-000009.000.jsonl.part", String(decoding: line(.bounce, 0), as: UTF8.self))
        try FileManager.default.createDirectory(
            atPath: home.path + "/20250101-000009.000.jsonl/x", withIntermediateDirectories: true)
        try home.write("slow.cursor", "20250101-000001.000 50")
        try home.write("quick.cursor", "20250101-000003.000 100")
        var settings = settings(home)
        settings.keptSeconds = 500
        settings.keptBytes = 250
        let log = try EventLog(settings, readers: ["slow", "quick"])
        #expect(eventually { !home.files.contains("20250101-000001.000.jsonl") })
        #expect(home.files.count { $0.hasSuffix("0.jsonl") } == 3)
        // One of them was still to be read.
        #expect(eventually { log.counts.removedUnread == 1 })
        #expect(log.counts.fault?.contains("rename") == true)
        log.close()
    }
}
