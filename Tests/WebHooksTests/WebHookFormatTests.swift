import Foundation
import NIOCore
import Testing
import WebHooks

@Suite struct WebHookFormatTests {
    private static let lines = [#"{"type":"Delivery","n":1}"#, #"{"type":"Bounce","n":2}"#].map { Array($0.utf8) }

    private func text(_ format: WebHookFormat, _ lines: [[UInt8]] = Self.lines) -> String {
        String(buffer: format.body(lines))
    }

    /// The same events in each form, as a parser of that form reads them.
    @Test func eventsTakeTheFormThatIsWanted() throws {
        let array = try #require(try JSONSerialization.jsonObject(with: Data(text(.array).utf8)) as? [[String: Any]])
        #expect(array.map { $0["n"] as? Int } == [1, 2])
        #expect(text(.lines) == "{\"type\":\"Delivery\",\"n\":1}\n{\"type\":\"Bounce\",\"n\":2}\n")
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(text(.kafka).utf8)) as? [String: Any])
        let records = try #require(whole["records"] as? [[String: Any]])
        #expect(records.map { ($0["value"] as? [String: Any])?["n"] as? Int } == [1, 2])
        #expect(text(.kafka, [Self.lines[0]]) == #"{"records":[{"value":{"type":"Delivery","n":1}}]}"#)
    }

    /// A REST proxy answers 200 and says of each record whether the broker has it.
    @Test func aRecordThatWasRefusedIsSeen() {
        let good =
            #"{"offsets":[{"partition":0,"offset":1,"error_code":null,"error":null},{"partition":0,"offset":2}]}"#
        let bad = #"{"offsets":[{"partition":0,"offset":1},{"partition":0,"error_code":2,"error":"leader unknown"}]}"#
        #expect(WebHookFormat.kafka.refusal(in: ByteBuffer(string: good)) == nil)
        #expect(WebHookFormat.kafka.refusal(in: ByteBuffer(string: bad)) == "a record was refused: leader unknown")
        #expect(WebHookFormat.kafka.refusal(in: ByteBuffer(string: "ok\n")) != nil)
        #expect(WebHookFormat.array.refusal(in: ByteBuffer(string: bad)) == nil)
        #expect(WebHookFormat.lines.refusal(in: ByteBuffer()) == nil)
    }

    /// In no time more than the rate and one batch, whatever the batches are; a rest saves nothing up.
    @Test func aRateIsKept() {
        var pace = WebHookPace(eventsPerSecond: 100)
        #expect(pace.take(50, now: 10) == 0)
        #expect(pace.take(100, now: 10.2) == 10.5 - 10.2)
        #expect(pace.take(1, now: 11) == 0.5)
        #expect(pace.take(100, now: 60) == 0)
        #expect(pace.take(100, now: 60.25) == 0.75)
        var free = WebHookPace(eventsPerSecond: nil)
        #expect(free.take(1_000_000, now: 1) == 0 && free.take(1_000_000, now: 1) == 0)
    }
}
