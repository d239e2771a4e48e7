import MailTypes
import Testing

@Suite struct FlatEnvelopeTests {
    @Test func addressesComeOutAsTheyWentIn() {
        var flat = FlatEnvelope()
        for round in 1...2 {
            flat.removeAll()
            for address in ["", "a\(round)@x.test", "b@y.test"] {
                flat.bytes.append(contentsOf: address.utf8)
                flat.endAddress()
            }
            flat.bodyType = .eightBitMIME
            let expected = Envelope(
                reversePath: .null, recipients: [MailAddress("a\(round)@x.test"), MailAddress("b@y.test")],
                bodyType: .eightBitMIME)
            #expect(flat.envelope == expected && flat.recipientCount == 2)
        }
        flat.removeAll()
        #expect(flat.bytes.isEmpty && flat.bodyType == .sevenBit)
    }

    @Test func twoGoInAndOutInTheirOrder() {
        var pair = PairQueue<String>()
        #expect(pair.isEmpty && pair.popFirst() == nil)
        pair.append("a")
        pair.append("b")
        #expect(pair.count == 2 && pair.elements == ["a", "b"])
        #expect(pair.popFirst() == "a" && pair.count == 1)
        pair.append("c")
        #expect(pair.popFirst() == "b" && pair.popFirst() == "c" && pair.isEmpty)
        pair.append("d")
        pair.removeAll()
        #expect(pair.isEmpty)
    }
}
