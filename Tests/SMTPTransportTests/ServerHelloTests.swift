import MailTypes
import SMTPTransport
import Testing

@Suite struct ServerHelloTests {
    /// The beginning of a ServerHello: record, message, version, random, session id, suite, compression.
    private func hello(idLength: Int, suite: (UInt8, UInt8)) -> [UInt8] {
        [22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3] + [UInt8](repeating: 7, count: 32) + [UInt8(idLength)]
            + [UInt8](repeating: 9, count: idLength) + [suite.0, suite.1, 0]
    }

    @Test(arguments: [0, 1, 32]) func theSuiteIsFoundHoweverItIsCut(_ idLength: Int) {
        let whole = hello(idLength: idLength, suite: (0x13, 0x02))
        let end = whole.count - 1
        for length in 0..<end { #expect(ServerHello.cipher(Array(whole.prefix(length))) == .needsMore) }
        #expect(ServerHello.cipher(Array(whole.prefix(end))) == .found(0x1302))
        #expect(ServerHello.cipher(whole) == .found(0x1302))
        #expect(end <= ServerHello.mostOctets)
    }

    @Test func somethingElseIsNone() {
        // An alert, a plain reply, another message, a session id that is too long.
        #expect(ServerHello.cipher([21, 3, 3, 0, 2, 2, 40]) == .none)
        #expect(ServerHello.cipher(Array("250 Ok\r\n".utf8)) == .none)
        var other = hello(idLength: 0, suite: (0, 0))
        other[5] = 1
        #expect(ServerHello.cipher(other) == .none)
        #expect(ServerHello.cipher(hello(idLength: 33, suite: (0, 0))) == .none)
    }

    @Test func suitesHaveTheirNames() {
        #expect(TLSCipher.name(0x1301) == "TLS_AES_128_GCM_SHA256")
        #expect(TLSCipher.name(0xC030) == "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
        #expect(TLSCipher.name(0xFF) == "0x00FF")
        for (name, value) in TLSCipher.ofTLS12 { #expect(TLSCipher.named(name) == value) }
        #expect(TLSCipher.named("TLS_AES_128_GCM_SHA256") == nil && TLSCipher.named("HIGH") == nil)
        #expect(Set((TLSCipher.ofTLS12 + TLSCipher.ofTLS13).map(\.value)).count == 17)
    }
}
