import MailTypes
import SMTPProtocol
import SMTPTransport
import Testing

@Suite struct SOCKS5HandshakeTests {
    private let target = SOCKS5Handshake.Endpoint(address: NetworkAddress("192.0.2.7")!, port: 25)

    /// Plays the server's octets, one at a time and all at once: what the client says must be the same.
    private func play(_ user: String?, _ server: [[UInt8]]) -> (sent: [[UInt8]], last: SOCKS5Handshake.Step, rest: Int)
    {
        var outcomes: [([[UInt8]], SOCKS5Handshake.Step, Int)] = []
        for isWhole in [true, false] {
            var handshake = SOCKS5Handshake(target: target, user: user, password: "secret")
            var sent = [handshake.greeting]
            var last = SOCKS5Handshake.Step.needsInput
            var bytes: ArraySlice<UInt8> = []
            for part in isWhole ? server : server.joined().map({ [$0] }) {
                bytes += part
                reading: while true {
                    let step = handshake.step(&bytes)
                    switch step {
                    case .needsInput: break reading
                    case .send(let octets): sent.append(octets)
                    case .connected, .failed:
                        last = step
                        break reading
                    }
                }
            }
            outcomes.append((sent, last, bytes.count))
        }
        #expect(outcomes[0].0 == outcomes[1].0 && outcomes[0].1 == outcomes[1].1 && outcomes[0].2 == outcomes[1].2)
        return outcomes[0]
    }

    private let request: [UInt8] = [5, 1, 0, 1, 192, 0, 2, 7, 0, 25]

    @Test func connectsWithoutAUser() {
        let run = play(nil, [[5, 0], [5, 0, 0, 1, 198, 51, 100, 9, 0xA1, 0xB2]])
        #expect(run.sent == [[5, 1, 0], request])
        #expect(run.last == .connected(from: .init(address: NetworkAddress("198.51.100.9")!, port: 41_394)))
    }

    @Test func connectsWithAUser() {
        let run = play("user", [[5, 2], [1, 0], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]])
        #expect(run.sent == [[5, 2, 0, 2], [1, 4] + "user".utf8 + [6] + "secret".utf8, request])
        #expect(run.last == .connected(from: nil))
        #expect(play("user", [[5, 0], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]]).sent == [[5, 2, 0, 2], request])
    }

    @Test func connectsToIPv6AndFromANamedHost() {
        var handshake = SOCKS5Handshake(
            target: .init(address: NetworkAddress("2001:db8::7")!, port: 587), user: nil, password: "")
        var bytes: ArraySlice<UInt8> = [5, 0]
        let octets: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]
        #expect((handshake.step(&bytes)) == .send([5, 1, 0, 4] + octets + [2, 0x4B]))
        bytes = [5, 0, 0, 3, 2, 0x61, 0x62, 0, 25, 0x32]
        #expect((handshake.step(&bytes)) == .connected(from: nil))
        #expect(bytes == [0x32], "what the next hop says is left alone")
    }

    @Test(
        arguments: [
            ("user", [[5, 0xFF]], "it takes none of the ways to authenticate", false),
            (nil, [[5, 0xFF]], "it wants a user and a password", false),
            (nil, [[5, 2]], "it wants a user and a password", false),
            ("user", [[5, 2], [1, 1]], "wrong user or password", false),
            (nil, [[4, 90]], "it speaks no SOCKS5", false),
            (nil, [[5, 0], [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]], "general failure", false),
            (nil, [[5, 0], [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], "not allowed by its rules", false),
            (nil, [[5, 0], [5, 3, 0, 1, 0, 0, 0, 0, 0, 0]], "network unreachable", true),
            (nil, [[5, 0], [5, 4, 0, 1, 0, 0, 0, 0, 0, 0]], "host unreachable", true),
            (nil, [[5, 0], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], "connection refused", true),
            (nil, [[5, 0], [5, 9, 0, 1, 0, 0, 0, 0, 0, 0]], "failure 9", false),
            (nil, [[5, 0], [5, 0, 0, 7, 0, 0, 0, 0, 0, 0]], "it speaks no SOCKS5", false),
        ] as [(String?, [[UInt8]], String, Bool)])
    func saysWhatIsWrong(user: String?, server: [[UInt8]], text: String, isOfTarget: Bool) {
        #expect(play(user, server).last == .failed(text, isOfTarget: isOfTarget))
    }

    /// What is sent to a proxy is what is read from one.
    @Test func headersAreReadAsTheyAreWritten() {
        for (source, destination) in [("192.0.2.1", "198.51.100.7"), ("2001:db8::1", "2001:db8::7")] {
            let bytes = ProxyHeaderText.version2(
                source: NetworkAddress(source)!, destination: NetworkAddress(destination)!, port: 25)
            guard case .header(let header, let consumed) = ProxyHeader.parse(bytes) else {
                Issue.record("\(bytes) is no header")
                continue
            }
            #expect(consumed == bytes.count)
            #expect(header.source.flatMap { NetworkAddress($0.address) } == NetworkAddress(source))
            #expect(header.destination.flatMap { NetworkAddress($0.address) } == NetworkAddress(destination))
            #expect(header.destination?.port == 25 && header.source?.port == 0)
        }
    }
}
