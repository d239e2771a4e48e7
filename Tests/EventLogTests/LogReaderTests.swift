import EventLog
import Foundation
import Testing

@Suite struct LogReaderTests {
    private func log(_ home: LogHome, segmentBytes: Int = 300) throws -> EventLog {
        var settings = EventLogSettings(directory: home.path)
        settings.segmentBytes = segmentBytes
        return try EventLog(settings)
    }

    private func write(_ log: EventLog, _ numbers: Range<Int>, _ kind: MailEvent.Kind = .delivery) {
        for number in numbers {
            let before = log.counts.events
            log.append(line(kind, number), events: 1)
            #expect(eventually { log.counts.events == before + 1 })
        }
    }

    private func readAll(_ reader: inout LogReader) throws -> [Int] {
        var found: [Int] = []
        while let batch = try reader.next(atMost: 3) {
            #expect(batch.lines.count <= 3)
            found += numbers(batch.lines)
            try reader.advance(to: batch.end)
        }
        return found
    }

    /// Segment after segment, while they are written, closed and new ones begun.
    @Test func nothingIsMissedOrReadTwice() throws {
        let home = try LogHome()
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        let log = try log(home)
        #expect(try readAll(&reader).isEmpty)
        var found: [Int] = []
        for start in stride(from: 0, to: 60, by: 7) {
            write(log, start..<start + 7)
            found += try readAll(&reader)
            #expect(found.count == start + 7)
        }
        log.close()
        found += try readAll(&reader)
        #expect(found == Array(0..<63))
        #expect(reader.place.lag == 0)
    }

    /// What was read and not done with comes again; what was done with does not, after a restart neither.
    @Test func itsPlaceSurvives() throws {
        let home = try LogHome()
        let log = try log(home)
        var first = LogReader(home.path, name: "hook", kinds: [.delivery])
        write(log, 0..<10)
        let once = try #require(try first.next(atMost: 2))
        #expect(numbers(once.lines) == [0, 1])
        #expect(numbers(try #require(try first.next(atMost: 2)).lines) == [0, 1])
        try first.advance(to: once.end)
        var second = LogReader(home.path, name: "hook", kinds: [.delivery])
        #expect(try readAll(&second) == Array(2..<10))
        log.close()
    }

    /// A place that cannot be read (a power cut, an editor) or cannot be (a clock set back, files that went) costs events
    /// twice, not events; and it is said.
    @Test(arguments: ["", "garbage 12", "20261399-000000.000 5", "29990101-000000.000 5"])
    func aLostPlaceBeginsWithTheOldest(text: String) throws {
        let home = try LogHome()
        let log = try log(home)
        write(log, 0..<10)
        try home.write("hook.cursor", text)
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        #expect(reader.place.startFault?.contains("begins with the oldest") == true)
        #expect(reader.place.lag == home.lines.reduce(0) { $0 + $1.utf8.count + 1 })
        #expect(try readAll(&reader) == Array(0..<10))
        #expect(LogPlace(home.path, name: "hook").startFault == nil)
        log.close()
    }

    /// A power cut took the end of a segment after it was read: nothing of what is left is new.
    @Test func aShortenedSegmentIsReadToItsEnd() throws {
        let home = try LogHome()
        let log = try log(home)
        write(log, 0..<10)
        let last = try #require(home.files.last { $0.contains(".jsonl") }).prefix(19)
        try home.write("hook.cursor", "\(last) 99999")
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        #expect(reader.place.startFault == nil)
        #expect(try readAll(&reader).isEmpty)
        write(log, 10..<12)
        #expect(try readAll(&reader) == [10, 11])
        log.close()
    }

    /// A segment that is gone because it was read and collected is no fault.
    @Test func aPlaceInASegmentOfThePastIsGood() throws {
        let home = try LogHome()
        try home.write("hook.cursor", "20250101-000000.000 5")
        let log = try log(home)
        write(log, 0..<2)
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        #expect(reader.place.startFault == nil)
        #expect(try readAll(&reader) == [0, 1])
        log.close()
    }

    /// Who was away while others went on is told what it missed.
    @Test func whatWasCompressedMeanwhileIsSaid() throws {
        let home = try LogHome()
        try home.write("hook.cursor", "20250101-000000.000 5")
        try home.write("20250101-000001.000.jsonl.zst", "")
        #expect(LogPlace(home.path, name: "hook").startFault?.contains("20250101-000001.000") == true)
    }

    /// Without a place of its own a reader begins with what comes.
    @Test func aNewReaderBeginsNow() throws {
        let home = try LogHome()
        let log = try log(home)
        write(log, 0..<10)
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        write(log, 10..<12)
        #expect(try readAll(&reader) == [10, 11])
        log.close()
    }

    /// A receiver that is down from the first start on misses nothing: the place is kept before anything is read.
    @Test func aNewPlaceIsKeptAtOnce() throws {
        let home = try LogHome()
        _ = LogPlace(home.path, name: "early")
        let log = try log(home)
        write(log, 0..<5)
        _ = LogPlace(home.path, name: "late")
        write(log, 5..<10)
        var early = LogReader(home.path, name: "early", kinds: [.delivery])
        #expect(try readAll(&early) == Array(0..<10))
        var late = LogReader(home.path, name: "late", kinds: [.delivery])
        #expect(try readAll(&late) == Array(5..<10))
        log.close()
    }

    @Test func howFarItIsBehindIsKnownWithoutReading() throws {
        let home = try LogHome()
        let log = try log(home)
        let place = LogPlace(home.path, name: "hook")
        #expect(place.lag == 0)
        write(log, 0..<10)
        #expect(place.lag == home.lines.reduce(0) { $0 + $1.utf8.count + 1 })
        log.close()
    }

    /// Wanted lines that lie far apart are one batch, not one each block.
    @Test func aBatchFillsOverBlocksAndSegments() throws {
        let home = try LogHome()
        let filler = String(decoding: line(.reception, 7), as: UTF8.self)
        let stretch = String(repeating: filler, count: 600_000 / filler.utf8.count)
        try home.write("hook.cursor", "20250101-000000.000 0")
        for segment in 0..<4 {
            let text = (0..<3).map { stretch + String(decoding: line(.bounce, segment * 3 + $0), as: UTF8.self) }
            try home.write("20250101-00000\(segment).000.jsonl", text.joined())
        }
        var reader = LogReader(home.path, name: "hook", kinds: [.bounce])
        let first = try #require(try reader.next(atMost: 8))
        #expect(numbers(first.lines) == Array(0..<8))
        try reader.advance(to: first.end)
        #expect(numbers(try #require(try reader.next(atMost: 8)).lines) == Array(8..<12))
    }

    /// One that could not be closed keeps its name of an open one; what follows is read all the same, and half a line at
    /// its end is left out.
    @Test func aSegmentLeftOpenHoldsNothingUp() throws {
        let home = try LogHome()
        try home.write("hook.cursor", "20250101-000000.000 0")
        try home.write("20250101-000000.000.jsonl.part", String(decoding: line(.delivery, 1), as: UTF8.self) + "{\"ty")
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        #expect(try readAll(&reader) == [1])
        try home.write("20250101-000001.000.jsonl.part", String(decoding: line(.delivery, 2), as: UTF8.self))
        #expect(try readAll(&reader) == [2])
    }

    @Test func onlyWhatIsWanted() throws {
        let home = try LogHome()
        let log = try log(home, segmentBytes: 1 << 20)
        var reader = LogReader(home.path, name: "hook", kinds: [.bounce, .adminBounce])
        write(log, 0..<3)
        write(log, 3..<5, .bounce)
        write(log, 5..<7)
        write(log, 7..<8, .adminBounce)
        #expect(try readAll(&reader) == [3, 4, 7])
        log.close()
    }

    /// Half a line is not read before its end is there.
    @Test func halfALineWaits() throws {
        let home = try LogHome()
        let whole = line(.delivery, 1)
        try home.write("20250101-000000.000.jsonl.part", "")
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        try home.write("20250101-000000.000.jsonl.part", String(decoding: whole.prefix(20), as: UTF8.self))
        #expect(try reader.next(atMost: 10) == nil)
        try home.write("20250101-000000.000.jsonl.part", String(decoding: whole, as: UTF8.self))
        #expect(numbers(try #require(try reader.next(atMost: 10)).lines) == [1])
    }

    @Test func aVeryLongLineIsRead() throws {
        let home = try LogHome()
        try home.write("20250101-000000.000.jsonl.part", "")
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        let long = "{\"type\":\"Delivery\",\"x\":\"" + String(repeating: "x", count: 3_000_000) + "\",\"size\":9}\n"
        try home.write("20250101-000000.000.jsonl.part", long)
        #expect(numbers(try #require(try reader.next(atMost: 10)).lines) == [9])
    }

    /// A segment that was removed under a reader costs its events, not the reader.
    @Test func removedSegmentsAreSkipped() throws {
        let home = try LogHome()
        let log = try log(home)
        var reader = LogReader(home.path, name: "hook", kinds: [.delivery])
        write(log, 0..<12)
        let batch = try #require(try reader.next(atMost: 1))
        try reader.advance(to: batch.end)
        let closed = home.files.filter { $0.hasSuffix(".jsonl") }
        #expect(closed.count >= 2)
        for file in closed { try FileManager.default.removeItem(atPath: home.path + "/" + file) }
        let rest = numbers(home.lines.map { Array($0.utf8) })
        var late = LogReader(home.path, name: "hook", kinds: [.delivery])
        #expect(try readAll(&late) == rest && !rest.isEmpty)
        log.close()
    }
}
