import Foundation
import MailTypes
import NIOCore
import SpoolContract
import SpoolLocalDisk
import SpoolRocksDB
import SpoolSegmentLog
import TestSupport
import Testing

/// The backends under one contract.
enum Backend: String, CaseIterable, CustomTestStringConvertible {
    case memory, rocksdbFsync, rocksdbOS, segmentFsync, segmentDirect, segmentOS, localdiskFsync, localdiskOS
    var testDescription: String { rawValue }
    var isPersistent: Bool { self != .memory }

    func open(_ directory: String) throws -> any Spool {
        switch self {
        case .memory: MemorySpool()
        case .rocksdbFsync: try RocksDBSpool(RocksDBSettings(directory: directory, durability: .fsync))
        case .rocksdbOS: try RocksDBSpool(RocksDBSettings(directory: directory, durability: .os))
        case .localdiskFsync: try LocalDiskSpool(LocalDiskSettings(directory: directory, durability: .fsync))
        case .localdiskOS: try LocalDiskSpool(LocalDiskSettings(directory: directory, durability: .os))
        case .segmentDirect: try Self.segment(directory, .fsync, isDirect: true)
        case .segmentFsync: try Self.segment(directory, .fsync)
        case .segmentOS: try Self.segment(directory, .os)
        }
    }
}

extension Backend {
    /// Small segments, so that the tests run over their ends.
    private static func segment(
        _ directory: String, _ durability: Durability, isDirect: Bool = false
    ) throws -> any Spool {
        var settings = SegmentLogSettings(directory: directory, durability: durability, segmentBytes: 65_536)
        settings.isDirect = isDirect
        return try SegmentLogSpool(settings)
    }
}

func makeMessage(
    _ sequence: UInt64, slices: [String] = ["Subject: x\r\n\r\n", "hello\r\n"], form: WireForm = .dotStuffed,
    recipients: [String] = ["b@y.test"], sender: String = "a@x.test"
) -> SpoolMessage {
    SpoolMessage(
        id: MessageID(high: 7, low: sequence),
        envelope: Envelope(reversePath: MailAddress(sender), recipients: recipients.map { MailAddress($0) }),
        acceptedMilliseconds: 1_790_000_000_000 + sequence,
        content: MessageContent(slices: slices.map { ByteBuffer(string: $0) }, form: form))
}

func text(_ content: MessageContent) -> String { content.slices.map { String(buffer: $0) }.joined() }

@Suite struct SpoolContractTests {
    private func batch(_ messages: [SpoolMessage]) -> SpoolBatch {
        var batch = SpoolBatch()
        batch.messages = messages
        return batch
    }

    private func list(_ spool: any Spool) throws -> [SpoolEntry] {
        var entries: [SpoolEntry] = []
        let unreadable = try spool.enumerate { entries.append($0) }
        #expect(unreadable.count == 0)
        return entries
    }

    @Test(arguments: Backend.allCases) func messagesComeBackAsTheyWere(backend: Backend) throws {
        let directory = TemporaryDirectory()
        let spool = try backend.open(directory.spool)
        var labelled = makeMessage(7)
        labelled.envelope.labels = MessageLabels(
            tenant: "acme", pool: "transactional", routingDomain: "z.test", metadata: ["batch": "42", "note": ""])
        labelled.envelope.labels!.isTLSOptional = true
        let messages = [
            makeMessage(1), makeMessage(2, slices: []), makeMessage(3, form: .raw),
            makeMessage(4, recipients: (0..<1000).map { "user\($0)@y.test" }), makeMessage(5, sender: ""),
            makeMessage(6, slices: (0..<1000).map { "line \($0) \(String(repeating: "x", count: 1000))\r\n" }),
            labelled,
        ]
        try spool.commit(batch(messages))
        for message in messages {
            let loaded = try #require(try spool.load(message.id)).message
            #expect(loaded.envelope == message.envelope)
            #expect(loaded.acceptedMilliseconds == message.acceptedMilliseconds)
            #expect(loaded.content.form == message.content.form && loaded.content.size == message.content.size)
            #expect(text(loaded.content) == text(message.content))
        }
        #expect(try spool.load(MessageID(high: 7, low: 99)) == nil)
        spool.close(clean: true)
    }

    @Test(arguments: Backend.allCases) func listsUnfinishedMessagesInOrder(backend: Backend) throws {
        let directory = TemporaryDirectory()
        let spool = try backend.open(directory.spool)
        try spool.commit(batch([3, 1, 2, 5, 4].map { makeMessage($0) }))
        var change = SpoolBatch()
        change.completions = [MessageID(high: 7, low: 2)]
        let state = DeliveryState(
            attempts: 3, nextDueMilliseconds: 99, recipients: [.failed], lastReply: "450 4.2.0 busy")
        change.states = [(MessageID(high: 7, low: 4), state)]
        try spool.commit(change)
        let entries = try list(spool)
        #expect(entries.map(\.id.low) == [1, 3, 4, 5])
        #expect(entries.map(\.state) == [nil, nil, state, nil])
        #expect(entries.allSatisfy { $0.size == 21 })
        spool.close(clean: true)
    }

    @Test(arguments: Backend.allCases) func completionAndStateInTheBatchOfTheMessage(backend: Backend) throws {
        let directory = TemporaryDirectory()
        let spool = try backend.open(directory.spool)
        var all = batch([makeMessage(1), makeMessage(2)])
        all.completions = [MessageID(high: 7, low: 1)]
        try spool.commit(all)
        #expect(try list(spool).map(\.id.low) == [2])
        spool.close(clean: true)
    }

    @Test(arguments: Backend.allCases.filter(\.isPersistent)) func reopeningKeepsEverything(backend: Backend) throws {
        let directory = TemporaryDirectory()
        var spool = try backend.open(directory.spool)
        #expect(spool.wasCleanlyClosed, "a new spool has nothing that could be sent twice")
        try spool.commit(batch([makeMessage(1), makeMessage(2)]))
        spool.close(clean: true)
        spool = try backend.open(directory.spool)
        #expect(spool.wasCleanlyClosed)
        #expect(try list(spool).map(\.id.low) == [1, 2])
        spool.close(clean: false)
        spool = try backend.open(directory.spool)
        #expect(!spool.wasCleanlyClosed)
        #expect(
            try text(#require(try spool.load(MessageID(high: 7, low: 1))).message.content)
                == "Subject: x\r\n\r\nhello\r\n")
        spool.close(clean: true)
    }

    /// A copy of the files of an open spool is what a killed process leaves behind.
    @Test(arguments: Backend.allCases.filter(\.isPersistent)) func survivesWithoutClose(backend: Backend) throws {
        let directory = TemporaryDirectory()
        let spool = try backend.open(directory.spool)
        for sequence in 1...50 as ClosedRange<UInt64> { try spool.commit(batch([makeMessage(sequence)])) }
        var change = SpoolBatch()
        change.completions = (1...10 as ClosedRange<UInt64>).map { MessageID(high: 7, low: $0) }
        try spool.commit(change)
        try FileManager.default.copyItem(atPath: directory.spool, toPath: directory.path + "/copy")
        try? FileManager.default.removeItem(atPath: directory.path + "/copy/LOCK")
        let copy = try backend.open(directory.path + "/copy")
        #expect(!copy.wasCleanlyClosed)
        #expect(try list(copy).map(\.id.low) == Array(11...50))
        copy.close(clean: false)
        spool.close(clean: true)
    }

    @Test func unknownOptionIsRefused() {
        let directory = TemporaryDirectory()
        #expect(throws: SpoolFault.self) {
            _ = try RocksDBSpool(
                RocksDBSettings(directory: directory.spool, durability: .os, options: ["write_bufer_size": "1"]))
        }
    }

    @Test func everyFaultHasTheRightReply() {
        #expect(SpoolFault.noSpace("x").reply == SMTPReply(452, .init(4, 3, 1), "Insufficient system storage"))
        #expect(SpoolFault.inputOutput("x").reply.code == 451)
        #expect(SpoolFault.inputOutput("x").reply.enhanced == EnhancedStatusCode(4, 3, 0))
    }
}

@Suite struct RecordCodecTests {
    private func record(_ message: SpoolMessage) -> ByteBuffer {
        var record = RecordCodec.head(of: message)
        for slice in message.content.slices { record.writeImmutableBuffer(slice) }
        return record
    }

    @Test func everyFlippedBitIsFound() throws {
        let message = makeMessage(1, recipients: ["b@y.test", "c@y.test"])
        let good = record(message)
        #expect(try RecordCodec.message(message.id, good).envelope == message.envelope)
        for index in 0..<good.readableBytes {
            for bit in 0..<8 {
                var bad = good
                let byte: UInt8 = bad.getInteger(at: index)!
                bad.setInteger(byte ^ (1 << UInt8(bit)), at: index)
                #expect(throws: SpoolFault.self, "byte \(index), bit \(bit)") {
                    try RecordCodec.message(message.id, bad)
                }
            }
        }
    }

    @Test func everyTruncationIsFound() {
        let good = record(makeMessage(1))
        for length in 0..<good.readableBytes {
            #expect(throws: SpoolFault.self) {
                try RecordCodec.entry(MessageID(high: 7, low: 1), good.getSlice(at: 0, length: length)!)
            }
        }
    }

    @Test func stateRecordsAreChecked() throws {
        let state = DeliveryState(
            attempts: 7, nextDueMilliseconds: 123, recipients: [.waiting, .delivered, .failed], lastReply: "550 no")
        let good = RecordCodec.encode(state)
        let id = MessageID(high: 7, low: 1)
        #expect(try RecordCodec.state(id, good) == state)
        for index in 0..<good.readableBytes {
            var bad = good
            let byte: UInt8 = bad.getInteger(at: index)!
            bad.setInteger(byte ^ 0x10, at: index)
            #expect(throws: SpoolFault.self) { try RecordCodec.state(id, bad) }
        }
    }
}
