import Foundation
import MailTypes
import NIOCore
import RunRecords
import SpoolContract
import SpoolTools
import Testing

@Suite struct SpoolTransferTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "millrace-export-\(UUID().uuidString)"
    ).path

    private func message(_ number: UInt64, _ text: String, _ form: WireForm, sender: String = "a@x.test")
        -> SpoolMessage
    {
        // Cut in odd places, as receive buffers are.
        let bytes = Array(text.utf8)
        let slices = stride(from: 0, to: bytes.count, by: 3).map {
            ByteBuffer(bytes: bytes[$0..<min($0 + 3, bytes.count)])
        }
        return SpoolMessage(
            id: MessageID(milliseconds: 5, salt: 1, sequence: number),
            envelope: Envelope(
                reversePath: MailAddress(sender), recipients: [MailAddress("b@y.test"), MailAddress("ü@y.test")],
                bodyType: .eightBitMIME, smtpUTF8: true),
            acceptedMilliseconds: 77, content: MessageContent(slices: slices, form: form))
    }

    @Test func exportedMailComesBackAsItWas() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let spool = MemorySpool()
        var batch = SpoolBatch()
        batch.messages = [
            message(1, "Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n", .dotStuffed),
            message(2, "Subject: y\r\n\r\n.dot\r\n", .raw), message(3, "", .raw, sender: ""),
        ]
        batch.messages[0].envelope.labels = MessageLabels(tenant: "acme", metadata: ["k": "v"])
        var terms = DeliveryTerms()
        terms.release = .interval(60)
        terms.deliverBy = DeliverBy(seconds: 90, mode: .return)
        terms.begin(at: 77)
        terms.expires = 9_999_999
        terms.window = DeliveryWindow(days: 5, timeZone: "Europe/Berlin", start: 0, end: 60)
        batch.messages[2].envelope.terms = terms
        var state = DeliveryState(
            attempts: 3, nextDueMilliseconds: 99, recipients: [.delivered, .waiting], lastReply: "450 busy")
        state.isHeld = true
        batch.states = [(batch.messages[1].id, state)]
        try spool.commit(batch)
        let exported = try SpoolTransfer.export(spool, to: directory)
        #expect(exported.messages == 3 && exported.faults.isEmpty)
        let text = try String(contentsOfFile: "\(directory)/\(batch.messages[0].id).eml", encoding: .utf8)
        #expect(text == "Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n")

        let other = MemorySpool()
        let loaded = try SpoolTransfer.load(from: directory, into: other)
        #expect(loaded.messages == 3 && loaded.faults.isEmpty)
        for message in batch.messages {
            let stored = try #require(try other.load(message.id))
            #expect(stored.message.envelope == message.envelope)
            #expect(stored.message.acceptedMilliseconds == 77)
            #expect(MessageText.raw(stored.message.content) == MessageText.raw(message.content))
        }
        #expect(try other.load(batch.messages[1].id)?.state == state)
        #expect(try other.load(batch.messages[0].id)?.state == nil)
        let again = try SpoolTransfer.load(from: directory, into: other)
        #expect(again.messages == 0 && again.faults.count == 3, "nothing is taken twice")
    }

    @Test func foreignLineEndsBecomeCRLF() {
        let content = MessageText.content(Array("a\nb\r\nc\rd\n".utf8))
        #expect(MessageText.raw(content) == Array("a\r\nb\r\nc\r\nd\r\n".utf8))
    }

    @Test func whatCannotBeTakenIsNamed() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var good = ExportedEnvelope(
            id: "\(MessageID(high: 1, low: 1))", reversePath: "a@x.test",
            recipients: [.init(address: "b@y.test", state: "waiting")], bodyType: "7BIT", smtpUTF8: false,
            acceptedUnixMilliseconds: 1)
        func put(_ name: String, _ envelope: ExportedEnvelope, text: Bool = true) throws {
            try RecordFile.write(envelope, to: "\(directory)/\(name).json")
            if text {
                try "Subject: x\r\n".write(toFile: "\(directory)/\(name).eml", atomically: true, encoding: .utf8)
            }
        }
        try put("good", good)
        try put("no-text", good, text: false)
        good.id = "12"
        try put("bad-id", good)
        good.id = "\(MessageID(high: 1, low: 2))"
        good.recipients[0].address = "b@y.test>\r\nRCPT TO:<c@z.test"
        try put("injection", good)
        good.recipients = []
        try put("nobody", good)
        let outcome = try SpoolTransfer.load(from: directory, into: MemorySpool())
        #expect(outcome.messages == 1)
        #expect(outcome.faults.count == 4)
        for name in ["no-text", "bad-id", "injection", "nobody"] {
            #expect(outcome.faults.contains { $0.contains(name) }, "\(outcome.faults)")
        }
    }
}
