import SMTPProtocol
import SMTPTransport
import Testing

@Suite struct ClientStateTests {
    private static var full: ClientState {
        var state = ClientState(
            service: .init(listener: "mx \u{e4}", kind: "submission", since: 1_790_000_000_123, mayUseXclient: true))
        (state.host, state.port, state.isProxied) = ("2001:db8::7", 65_535, true)
        var session = SessionMemory()
        (session.clientName, session.isExtended) = ("client.test", true)
        session.authenticatedUser = "user"
        (session.errors, session.transactions) = (3, 12_345)
        (session.maximumMessageSize, session.maximumRecipients, session.maximumMessages) = (1 << 40, 100, 0)
        session.begunCommand = Array("MAI".utf8)
        state.session = session
        state.unread = (0...255).map { UInt8($0) }
        return state
    }

    private static var least: ClientState {
        ClientState(service: .init(listener: "", kind: "", since: 0, mayUseXclient: false))
    }

    private static var greeted: ClientState {
        var state = least
        state.session = SessionMemory()
        return state
    }

    @Test(arguments: [full, least, greeted]) func whatIsWrittenIsRead(state: ClientState) throws {
        let bytes = try #require(state.encoded)
        #expect(try ClientState(decoding: bytes) == state)
    }

    /// Whatever else comes is refused, or is a state that is written like that: never half of one.
    @Test func othersOctetsAreRefused() throws {
        let bytes = try #require(Self.full.encoded)
        for length in 0..<bytes.count {
            #expect(throws: StateFault()) { try ClientState(decoding: Array(bytes[..<length])) }
        }
        #expect(throws: StateFault()) { try ClientState(decoding: bytes + [0]) }
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                guard let state = try? ClientState(decoding: changed) else { continue }
                #expect(state.encoded == changed, "octet \(index), bit \(bit)")
            }
        }
    }

    @Test func otherVersionsAreRefused() throws {
        var bytes = try #require(Self.full.encoded)
        bytes[0] = ClientState.version + 1
        #expect(throws: StateFault()) { try ClientState(decoding: bytes) }
    }

    /// Lengths that nobody has.
    @Test func lengthsBehindTheEndAreRefused() {
        for octet in [UInt8(0x7F), 0x80, 0xFF] {
            let bytes: [UInt8] = [ClientState.version, 0] + [UInt8](repeating: octet, count: 4) + [1, 2, 3]
            #expect(throws: StateFault()) { try ClientState(decoding: bytes) }
        }
    }

    @Test func whatIsTooLongIsNotWritten() {
        var state = Self.least
        state.unread = [UInt8](repeating: 0, count: ClientState.most)
        #expect(state.encoded == nil)
        #expect(throws: StateFault()) { try ClientState(decoding: [UInt8](repeating: 1, count: ClientState.most + 1)) }
    }
}
