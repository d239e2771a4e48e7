import Foundation
import RunRecords
import Testing

/// What goes in comes out, byte for byte, below the trace field that the relay puts on top.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct ContentTests {
        @Test(arguments: ["data", "bdat"])
        func aHundredMessagesPassUnchanged(verb: String) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let messages = Corpus.messages()
            #expect(messages.count == 100)
            try Corpus.write(messages, to: stage.path("corpus"))
            let sink = try await stage.sink(["--keep", stage.path("kept")])
            let mta = try await stage.mta(to: sink.port)
            try await stage.runScript("send_corpus.py", [String(mta.port), stage.path("corpus"), verb])
            let recipients = messages.reduce(0) { $0 + $1.recipients.count }
            try await mta.wait(for: recipients)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.acceptedMessages == 100)
            #expect(record.delivered == UInt64(recipients))
            try compare(messages, with: KeptMessage.all(in: stage.path("kept")))
        }

        @Test func aHundredMessagesReachTheSinkUnchanged() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let messages = Corpus.messages()
            try Corpus.write(messages, to: stage.path("corpus"))
            let sink = try await stage.sink(["--keep", stage.path("kept")])
            try await stage.runScript("send_corpus.py", [String(sink.port), stage.path("corpus"), "data"])
            #expect(try await sink.stop(SinkRecord.self).received == 100)
            let kept = try KeptMessage.all(in: stage.path("kept"))
            for message in messages {
                let copies = kept.filter { $0.reversePath == message.reversePath }
                #expect(copies.map(\.recipients) == [message.recipients])
                #expect(copies.first?.content == message.asDataCarriesIt, "\(message.reversePath)")
            }
        }

        @Test func internationalAddressesPassUnchanged() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let message = CorpusMessage(
                reversePath: "grüße@köln.test", recipients: ["東京@例え.test"],
                content: Data("Subject: Grüße\r\n\r\ntext\r\n".utf8))
            try Corpus.write([message], to: stage.path("corpus"))
            let sink = try await stage.sink(["--keep", stage.path("kept")])
            let mta = try await stage.mta(to: sink.port)
            try await stage.runScript("send_corpus.py", [String(mta.port), stage.path("corpus"), "data"])
            try await mta.wait(for: 1)
            #expect(try await mta.stop(MTARecord.self).delivered == 1)
            try compare([message], with: KeptMessage.all(in: stage.path("kept")))
        }

        private func compare(_ messages: [CorpusMessage], with kept: [KeptMessage]) throws {
            let byPath = Dictionary(grouping: kept, by: \.reversePath)
            #expect(byPath.count == messages.count)
            for message in messages {
                let copies = byPath[message.reversePath] ?? []
                #expect(copies.flatMap(\.recipients).sorted() == message.recipients.sorted(), "\(message.reversePath)")
                for copy in copies {
                    let received = try #require(copy.withoutTrace, "\(message.reversePath): no Received field on top")
                    // Sent by BDAT without a last line end, it may come by BDAT as it is, or by DATA with one.
                    let isSame = received == message.content || received == message.asDataCarriesIt
                    #expect(isSame, "\(message.reversePath): \(received.count) bytes for \(message.content.count)")
                }
            }
        }
    }
}
