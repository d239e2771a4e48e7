package import MailTypes

/// What a client says to a SOCKS5 proxy so that it connects to a next hop (RFC 1928, CONNECT), with a user and a password
/// where it has some (RFC 1929). A pure value: bytes in, what follows out.
///
///     C: 05 02 00 02                   no authentication, or user and password
///     S: 05 02
///     C: 01 04 "user" 06 "secret"
///     S: 01 00
///     C: 05 01 00 01 C0 00 02 07 00 19   connect to 192.0.2.7, port 25
///     S: 05 00 00 01 C6 33 64 09 A1 B2   from 198.51.100.9, port 41394
package struct SOCKS5Handshake: Sendable {
    package enum Step: Equatable, Sendable {
        case needsInput
        case send([UInt8])
        /// What follows comes from the next hop.
        /// - Parameter from: where the proxy connects from; nil: it does not say.
        case connected(from: Endpoint?)
        /// - Parameter isOfTarget: the proxy works, and could not reach the next hop.
        case failed(String, isOfTarget: Bool)
    }

    /// An address and its port.
    package struct Endpoint: Equatable, Sendable {
        package var address: NetworkAddress
        package var port: UInt16
        package init(address: NetworkAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    private enum State { case greeting, authentication, connecting, over }
    private var state = State.greeting
    private let target: Endpoint
    private let user: String?
    private let password: String

    /// - Parameters:
    ///   - user: at most 255 octets, as the password; nil: none.
    package init(target: Endpoint, user: String?, password: String) {
        self.target = target
        self.user = user
        self.password = password
    }

    /// What is sent first: the ways to authenticate that are offered.
    package var greeting: [UInt8] { user == nil ? [5, 1, 0] : [5, 2, 0, 2] }

    /// - Parameter bytes: what was received and not used; the used part is taken off.
    package mutating func step(_ bytes: inout ArraySlice<UInt8>) -> Step {
        switch state {
        case .greeting: chooseMethod(&bytes)
        case .authentication: checkStatus(&bytes)
        case .connecting: readAnswer(&bytes)
        case .over: .needsInput
        }
    }

    private mutating func chooseMethod(_ bytes: inout ArraySlice<UInt8>) -> Step {
        guard let answer = take(2, &bytes) else { return .needsInput }
        guard answer[0] == 5 else { return fail("it speaks no SOCKS5") }
        switch answer[1] {
        case 0:
            state = .connecting
            return .send(request)
        case 2:
            guard let user else { return fail("it wants a user and a password") }
            state = .authentication
            let (name, secret) = (Array(user.utf8.prefix(255)), Array(password.utf8.prefix(255)))
            return .send([1, UInt8(name.count)] + name + [UInt8(secret.count)] + secret)
        case 0xFF where user == nil: return fail("it wants a user and a password")
        default: return fail("it takes none of the ways to authenticate")
        }
    }

    private mutating func checkStatus(_ bytes: inout ArraySlice<UInt8>) -> Step {
        guard let answer = take(2, &bytes) else { return .needsInput }
        guard answer[1] == 0 else { return fail("wrong user or password") }
        state = .connecting
        return .send(request)
    }

    private var request: [UInt8] {
        let octets = target.address.octets
        let port = [UInt8(target.port >> 8), UInt8(target.port & 0xFF)]
        return [5, 1, 0, octets.count == 4 ? 1 : 4] + octets + port
    }

    private mutating func readAnswer(_ bytes: inout ArraySlice<UInt8>) -> Step {
        let head = Array(bytes.prefix(5))
        guard head.count == 5 else { return .needsInput }
        guard head[0] == 5 else { return fail("it speaks no SOCKS5") }
        let size: Int
        switch head[3] {
        case 1: size = 4
        case 3: size = 1 + Int(head[4])
        case 4: size = 16
        default: return fail("it speaks no SOCKS5")
        }
        guard let answer = take(4 + size + 2, &bytes) else { return .needsInput }
        guard answer[1] == 0 else {
            let (text, isOfTarget) = Self.meaning(answer[1])
            return fail(text, isOfTarget: isOfTarget)
        }
        state = .over
        return .connected(from: Self.endpoint(answer, kind: head[3]))
    }

    /// Nil for a name, or where there is none.
    private static func endpoint(_ answer: [UInt8], kind: UInt8) -> Endpoint? {
        guard kind != 3, let address = NetworkAddress(octets: answer[4..<(answer.count - 2)]) else { return nil }
        let port = UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1])
        return port == 0 ? nil : Endpoint(address: address, port: port)
    }

    /// RFC 1928 §6.
    private static func meaning(_ code: UInt8) -> (String, isOfTarget: Bool) {
        switch code {
        case 1: ("general failure", false)
        case 2: ("not allowed by its rules", false)
        case 3: ("network unreachable", true)
        case 4: ("host unreachable", true)
        case 5: ("connection refused", true)
        case 6: ("TTL expired", true)
        case 7: ("it does not connect for others", false)
        case 8: ("it does not know this kind of address", false)
        default: ("failure \(code)", false)
        }
    }

    private mutating func fail(_ text: String, isOfTarget: Bool = false) -> Step {
        state = .over
        return .failed(text, isOfTarget: isOfTarget)
    }

    private func take(_ count: Int, _ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard bytes.count >= count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }
}
