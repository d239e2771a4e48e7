import Foundation
import Measures
import RunRecords
import Testing

@Suite struct LiveProgressTests {
    @Test func samplesAreDifferencesOfTotals() {
        var recorder = SeriesRecorder()
        recorder.add(ProgressTotals(messages: 10, bytes: 1000, failed: 1, connections: 5), at: at(1))
        let second = recorder.add(ProgressTotals(messages: 25, bytes: 2500, failed: 1, connections: 3), at: at(2))
        #expect(second == IntervalSample(unixSeconds: 2, messages: 15, bytes: 1500, failed: 0, connections: 3))
        #expect(recorder.samples.map(\.messages) == [10, 15])
    }

    /// A program whose counts were set to zero goes on.
    @Test func totalsThatBeginAgainAreTakenAsTheyAre() {
        var recorder = SeriesRecorder()
        recorder.add(ProgressTotals(messages: 10, bytes: 1000, failed: 2, connections: 5), at: at(1))
        let second = recorder.add(ProgressTotals(messages: 4, bytes: 400, failed: 1, connections: 5), at: at(2))
        #expect(second == IntervalSample(unixSeconds: 2, messages: 4, bytes: 400, failed: 1, connections: 5))
    }

    /// A device that is always full: the fault names file and reason.
    @Test func aLedgerThatCannotBeWrittenSaysWhy() throws {
        let ledger = try LedgerFile(path: "/dev/full")
        let error = #expect(throws: RecordFault.self) { try ledger.append(Array("a,ok,1\n".utf8)) }
        #expect(error?.description == "ledger /dev/full: cannot be written: No space left on device")
    }

    @Test func theLiveFileIsReplacedAndRemoved() throws {
        try withTemporaryDirectory { directory in
            let live = LiveFile(record: directory + "/sink.json")
            live.write(messages: 7, at: at(3))
            live.write(messages: 12, at: at(3.5))
            let path = directory + "/sink.json.live"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == "{\"messages\":12,\"unix_s\":3.500}\n")
            live.remove()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    /// Root may write beside a device, and nobody would take it away.
    @Test func devicesGetNoLiveFile() throws {
        let live = LiveFile(record: "/dev/null")
        live.write(messages: 1, at: at(1))
        let isThere = FileManager.default.fileExists(atPath: "/dev/null.live")
        if isThere { try FileManager.default.removeItem(atPath: "/dev/null.live") }
        #expect(!isThere)
    }

    @Test func aLedgerMayGoOn() throws {
        try withTemporaryDirectory { directory in
            for (line, appends) in [("a\n", false), ("b\n", true), ("c\n", true)] {
                let ledger = try LedgerFile(path: directory + "/ledger", appends: appends)
                try ledger.append(Array(line.utf8))
                ledger.close()
            }
            #expect(try String(contentsOfFile: directory + "/ledger", encoding: .utf8) == "a\nb\nc\n")
        }
    }

    @Test func aLedgerGrowsByWholeAppends() throws {
        try withTemporaryDirectory { directory in
            let ledger = try LedgerFile(path: directory + "/ledger")
            try ledger.append(Array("a,ok,1\n".utf8))
            try ledger.append([])
            try ledger.append(Array("b,ok,2\n".utf8))
            ledger.close()
            #expect(try String(contentsOfFile: directory + "/ledger", encoding: .utf8) == "a,ok,1\nb,ok,2\n")
            let error = #expect(throws: RecordFault.self) { try LedgerFile(path: directory + "/no/ledger") }
            #expect(error?.description == "ledger \(directory)/no/ledger: cannot be created: No such file or directory")
        }
    }

    private func at(_ seconds: Double) -> WallInstant { WallInstant(nanoseconds: UInt64(seconds * 1e9)) }
}
